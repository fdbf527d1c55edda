"""A job that may read every bucket reads the other tenants' buckets, and those that somebody adds tomorrow.

Actions that know no resource, such as `logs:DescribeLogGroups`, need `*` and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from emrguard_policies.iam import matching
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_ALL_BUCKETS = re.compile(r"^arn:[^:]*:s3:::\*(/.*)?$")
_WITHOUT_RESOURCE = (
    "cloudwatch:putmetricdata",
    "ec2:describe*",
    "lakeformation:getdataaccess",
    "logs:describeloggroups",
    "s3:listallmybuckets",
    "sts:getcalleridentity",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
)


def check(context: Context) -> Iterator[Violation]:
    """Statements of execution roles on `*`, on all buckets, or on all but some resources."""
    for role in context.execution_roles:
        for document in context.documents_of(role):
            if document.policy is None:
                yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
            for statement in document.statements:
                if statement.effect == "Allow" and _in_any_namespace(statement):
                    message = "cloudwatch:PutMetricData in any namespace: metrics of other tenants can be forged"
                    yield Violation(document.resource, document.where(statement), message)
                if statement.effect != "Allow" or _know_no_resource(statement.actions):
                    continue
                found = [item for item in statement.resources or () if item == "*" or _ALL_BUCKETS.match(item)]
                if statement.not_resources is not None:
                    where = document.where(statement)
                    yield Violation(document.resource, where, f"NotResource {', '.join(statement.not_resources)}")
                elif found:
                    actions = ", ".join(statement.actions or ("all but some actions",))
                    where = document.where(statement)
                    yield Violation(document.resource, where, f"{actions} on Resource {', '.join(found)}")
                elif context.any_open(statement.resources or ()):
                    where = document.where(statement)
                    yield Violation(document.resource, where, "a resource depends on the deployment", undecided=True)


def _in_any_namespace(statement: Statement) -> bool:
    named = statements.named(statement, ("cloudwatch:putmetricdata",))
    return bool(named) and not statements.tied(statement, ("cloudwatch:namespace",))


@lru_cache(maxsize=4096)
def _know_no_resource(actions: tuple[str, ...] | None) -> bool:
    return actions is not None and all(
        any(matching.action(pattern)(action.lower()) for pattern in _WITHOUT_RESOURCE) for action in actions
    )


RULE = Rule(
    id="EMRG302",
    name="wildcard-resource-on-execution-role",
    severity="error",
    title="Execution role with rights on every resource",
    rationale=__doc__,
    mend="Name the tenant's buckets, keys, log groups, databases and tables.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6", "AC-4")},
    check=check,
)
