"""An execution role has the tenant's data in reach. Only jobs should run with it.

A person or another service that may assume it reads the data without a job: nothing ties the access to an application,
its network or its logs.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import SERVICE, Context, unreadable_trusts


def check(context: Context) -> Iterator[Violation]:
    """Principals beside EMR Serverless in the trust policies of execution roles."""
    yield from unreadable_trusts(context)
    for role in context.execution_roles:
        document = context.trust(role)
        for statement in document.statements:
            if statement.effect != "Allow":
                continue
            others = [item for item in statement.principals or () if (item.kind, item.value) != ("Service", SERVICE)]
            where = document.where(statement)
            if statement.not_principals is not None:
                yield Violation(role, where, "NotPrincipal lets everybody but some assume the role")
            elif any(context.unknown(item.value) for item in others):
                yield Violation(role, where, "a principal depends on the deployment", undecided=True)
            elif others:
                found = ", ".join(f"{item.kind} {context.shown(item.value)}" for item in others)
                yield Violation(role, where, f"the role may be assumed by {found}")


RULE = Rule(
    id="EMRG304",
    name="trust-beyond-the-service",
    severity="error",
    title="Execution role that others than EMR Serverless may assume",
    rationale=__doc__,
    mend=(
        "Leave emr-serverless.amazonaws.com as the only principal of the trust policy; give people a role of their own."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6(5)",)},
    check=check,
)
