"""EMR Serverless assumes the role on behalf of whoever names it. Without `aws:SourceAccount` that may be a stranger.

The condition ties the role to applications of your account: the guard against the confused deputy.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import SERVICE, Context, services, unreadable_trusts


def check(context: Context) -> Iterator[Violation]:
    """Trust statements for EMR Serverless that do not name the source's account."""
    yield from unreadable_trusts(context)
    for role in context.execution_roles:
        document = context.trust(role)
        for statement in document.statements:
            if statement.effect == "Allow" and SERVICE in services(statement) and not _tied(statement):
                keys = ", ".join(condition.key for condition in statement.conditions) or "none"
                found = f"{SERVICE} may assume the role without aws:SourceAccount (conditions: {keys})"
                yield Violation(role, document.where(statement), found)


def _tied(statement: Statement) -> bool:
    accounts = statements.positive(statement, "aws:sourceaccount")
    arns = [
        condition
        for condition in statements.positive(statement, "aws:sourcearn")
        if all("*" not in (value.split(":") + [""] * 5)[4] for value in condition.values)
    ]
    return bool(arns) or any(not any("*" in value for value in condition.values) for condition in accounts)


RULE = Rule(
    id="EMRG303",
    name="trust-without-source-account",
    severity="error",
    title="Execution role that the service may assume for any account",
    rationale=__doc__,
    mend="Add the condition StringEquals aws:SourceAccount with the account's number to the trust policy.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
