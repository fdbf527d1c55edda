"""Without `iam:PassedToService` the role may be given to another service whose trust policy accepts it.

The condition makes sure that the right is good for starting jobs and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import SERVICE, Context

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
        services = [value for condition in conditions for value in condition.values]
        others = [value for value in services if "*" not in value and not value.endswith(SERVICE)]
        if conditions and not others and not any("*" in value for value in services):
            continue
        if starts or context.covered(statement, roles):
            found = f"includes {', '.join(others)}" if others else "is not limited to one service"
            yield Violation(document.resource, where, f"iam:PassedToService {found}")
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
