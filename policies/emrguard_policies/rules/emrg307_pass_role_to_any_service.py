"""Without `iam:PassedToService` the role may be given to another service whose trust policy accepts it.

The condition makes sure that the right is good for starting jobs and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PASS = ("iam:passrole",)


def check(context: Context) -> Iterator[Violation]:
    """Statements that allow iam:PassRole of an execution role, or beside StartJobRun, without naming the service."""
    roles = set(context.execution_roles)
    for _, document, _, statement in context.granting(_PASS):
        starts = statements.start_jobs(document.statements)
        if not statements.named(statement, _PASS) or not (roles or starts):
            continue
        where = document.where(statement)
        conditions = statements.positive(statement, "iam:passedtoservice")
        opaque = any(map(context.anything, statement.resources or ()))
        if conditions and not any("*" in value for condition in conditions for value in condition.values):
            continue
        if starts or context.covered(statement, roles):
            yield Violation(document.resource, where, "iam:PassedToService is not limited to one service")
        elif opaque:
            yield Violation(document.resource, where, "the role depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG307",
    name="pass-role-to-any-service",
    severity="error",
    title="iam:PassRole of an execution role to any service",
    rationale=__doc__,
    mend="Add the condition StringEquals iam:PassedToService emr-serverless.amazonaws.com.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
