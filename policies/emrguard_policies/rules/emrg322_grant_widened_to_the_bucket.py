"""`bucket.grant_read(role, "alpha/*")` of the AWS CDK reads one prefix, and lists the whole bucket all the same.

Its statement holds `s3:List*` and `s3:GetBucket*` on the bucket itself, without a condition on `s3:prefix`: in a bucket
that tenants share by prefix, each sees the names of all objects of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_BUCKET = re.compile(r"^arn:[^:]*:s3:::([^/*?]+)$")
_LIST = ("s3:listbucket",)


def check(context: Context) -> Iterator[Violation]:
    """Statements that reach some prefix of a bucket but list all of it."""
    for _, document, _, statement in context.granting(_LIST):
        if not statements.named(statement, _LIST) or statements.positive(statement, "s3:prefix"):
            continue
        where = document.where(statement)
        resources = statement.resources or ()
        for arn in filter(_BUCKET.match, resources):
            keys = [item.removeprefix(f"{arn}/") for item in resources if item.startswith(f"{arn}/")]
            if not keys or any(key.startswith("*") for key in keys):
                continue
            shown = ", ".join(map(context.shown, keys))
            if any(map(context.unknown, keys)):
                message = "the prefix that the statement is for depends on the deployment; it lists the whole bucket"
                yield Violation(document.resource, where, message, undecided=True)
            else:
                message = f"{_listing(statement)} on the whole bucket, though the objects are limited to {shown}"
                yield Violation(document.resource, where, message)


def _listing(statement: Statement) -> str:
    return ", ".join(item for item in statement.actions or () if item.lower().startswith(("s3:list", "s3:*")))


RULE = Rule(
    id="EMRG322",
    name="grant-widened-to-the-bucket",
    severity="warning",
    title="Right to a prefix that lists the whole bucket",
    rationale=__doc__,
    mend="Allow s3:ListBucket in a statement of its own with the condition StringLike s3:prefix.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
