"""A job that may delete its log group, its log objects or stop the trail can do its work and remove the traces."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_ERASERS = (
    "cloudtrail:deletetrail",
    "cloudtrail:puteventselectors",
    "cloudtrail:stoplogging",
    "cloudtrail:updatetrail",
    "logs:deleteloggroup",
    "logs:deletelogstream",
    "logs:putretentionpolicy",
)
_DELETERS = ("s3:deleteobject", "s3:deleteobjectversion", "s3:putlifecycleconfiguration", "s3:deletebucket")


def check(context: Context) -> Iterator[Violation]:
    """Statements of execution roles with rights to delete logs."""
    buckets = set(context.log_buckets)
    for role in context.execution_roles:
        for document in context.documents_of(role):
            if document.policy is None:
                yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
            for statement in document.statements:
                found = statements.allowed(statement, _ERASERS)
                deleted = statements.allowed(statement, _DELETERS)
                if deleted and _reaches(context, statement, buckets):
                    found += deleted
                where = document.where(statement)
                if found:
                    yield Violation(document.resource, where, f"the role may call {', '.join(found)}")
                elif any(map(context.unknown, statement.actions or ())):
                    yield Violation(document.resource, where, "an action depends on the deployment", undecided=True)


def _reaches(context: Context, statement: Statement, buckets: set[Resource]) -> bool:
    if not buckets.isdisjoint(context.buckets_in(statement)) or statement.not_resources is not None:
        return bool(buckets)
    names = [item.partition("/")[0] for item in statement.resources or ()]
    wide = [name for name in names if "*" in name or "?" in name]
    arns = [context.resolver.arn(bucket) or "" for bucket in buckets] if wide else []
    return any(context.matches(name, arn) for name in wide for arn in arns)


RULE = Rule(
    id="EMRG313",
    name="execution-role-erases-logs",
    severity="error",
    title="Execution role that can erase the record of what it did",
    rationale=__doc__,
    mend=(
        "Let the execution role write logs only: no deletion of logs, no change of retention, nothing of CloudTrail."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-9",)},
    check=check,
)
