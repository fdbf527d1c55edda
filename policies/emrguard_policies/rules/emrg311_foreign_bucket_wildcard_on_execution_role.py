"""Bucket names are global: `*.elasticmapreduce` or `data-*` also matches the bucket that a stranger makes tomorrow.

AWS's own samples give `arn:aws:s3:::*.elasticmapreduce/*` to read its sample data; a job of yours needs no such right,
and with write access it is a way out for data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_BUCKET = re.compile(r"^arn:[^:]*:s3:::([^/]+)")


def check(context: Context) -> Iterator[Violation]:
    """Resources of execution roles with a wildcard inside the name of the bucket."""
    for role in context.execution_roles:
        for document in context.documents_of(role):
            if document.policy is None:
                yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
            for statement in document.statements:
                for pattern in statement.resources or () if statement.effect == "Allow" else ():
                    match = _BUCKET.match(pattern)
                    if match and ("*" in match[1] or "?" in match[1]) and match[1] != "*":
                        where = document.where(statement)
                        yield Violation(document.resource, where, f"Resource {context.shown(pattern)}")
                    elif match and context.unknown(match[1]):
                        where = document.where(statement)
                        yield Violation(document.resource, where, "a bucket depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG311",
    name="foreign-bucket-wildcard-on-execution-role",
    severity="error",
    title="Execution role with rights on buckets by wildcard",
    rationale=__doc__,
    mend="Name whole buckets; use wildcards in the key only.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-4", "AC-6")},
    check=check,
)
