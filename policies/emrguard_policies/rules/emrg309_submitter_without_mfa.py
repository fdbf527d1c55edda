"""Who starts a job runs code with the tenant's data. A stolen access key should not be enough for that.

`aws:MultiFactorAuthPresent` must be demanded with `Bool` and true: with `BoolIfExists` a request with long-term keys,
which has no such key, passes. Services and federated identities sign in elsewhere and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Roles with StartJobRun, or marked as submitters, that accounts and users may assume without MFA."""
    for role in context.of("AWS::IAM::Role"):
        document = context.trust(role)
        if not _submits(context, role):
            continue
        if document.policy is None:
            yield Violation(role, document.path, f"cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            people = [item for item in statement.principals or () if item.kind == "AWS"]
            if people and statements.allows(statement, "sts:assumerole") and not _demands_mfa(statement):
                who = ", ".join(context.shown(item.value) for item in people)
                yield Violation(role, document.where(statement), f"{who} may assume the role without MFA")


def _submits(context: Context, role: Resource) -> bool:
    return role.mark.part == "submitter-role" or any(
        statements.allows(statement, "emr-serverless:startjobrun")
        for document in context.documents_of(role)
        for statement in document.statements
    )


def _demands_mfa(statement: Statement) -> bool:
    present = statements.positive(statement, "aws:multifactorauthpresent")
    age = statements.positive(statement, "aws:multifactorauthage")
    return any(condition.operator == "Bool" and condition.values == ("true",) for condition in present) or any(
        condition.operator.startswith("NumericLessThan") for condition in age
    )


RULE = Rule(
    id="EMRG309",
    name="submitter-without-mfa",
    severity="error",
    title="Role that starts jobs, open to people without MFA",
    rationale=__doc__,
    mend="Add the condition Bool aws:MultiFactorAuthPresent true to the trust statement.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    frameworks={"AWS Well-Architected": ("SEC02-BP01",), "NIST 800-53 r5": ("IA-2(1)",)},
    check=check,
)
