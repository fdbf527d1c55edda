"""A service assumes its role on behalf of whoever names the role. Without the source that may be a stranger.

`aws:SourceAccount` or `aws:SourceArn` in the trust policy ties the role to your own flow logs, trails, state machines
and schedules: the guard against the confused deputy. Execution roles have a rule of their own, EMRG303.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, services

_RECORDERS = {"cloudtrail.amazonaws.com", "vpc-flow-logs.amazonaws.com"}
_STARTERS = {"events.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"}
_PARTS = ("flow-log", "trail-role")


def check(context: Context) -> Iterator[Violation]:
    """Roles that record a tenant's traffic or calls, or start its jobs, whose trust names no source."""
    for role in context.of("AWS::IAM::Role"):
        document = context.trust(role)
        if document.policy is None and role.mark.part in _PARTS:
            yield Violation(role, document.path, f"cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            found = _judged(context, role, statement)
            if found and statements.allows(statement, "sts:assumerole") and not _tied(statement):
                message = f"{', '.join(sorted(found))} may assume the role for anybody"
                yield Violation(role, document.where(statement), message)


def _judged(context: Context, role: Resource, statement: Statement) -> set[str]:
    found = services(statement)
    recorders = found & _RECORDERS if context.applications or role.mark.part in _PARTS else set()
    return recorders | (found & _STARTERS if found & _STARTERS and _starts_jobs(context, role) else set())


def _starts_jobs(context: Context, role: Resource) -> bool:
    return any(
        statements.allows(statement, "emr-serverless:startjobrun")
        for document in context.documents_of(role)
        for statement in document.statements
    )


def _tied(statement: Statement) -> bool:
    return statements.tied(statement, ("aws:sourceaccount", "aws:sourcearn"))


RULE = Rule(
    id="EMRG315",
    name="service-role-without-source",
    severity="error",
    title="Role of a service that it may assume for any account",
    rationale=__doc__,
    mend="Add a condition on aws:SourceAccount or aws:SourceArn to the trust policy.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
