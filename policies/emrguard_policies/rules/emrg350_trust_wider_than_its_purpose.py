"""The trust policy says who becomes the role. `sts:*` there lets them tag the session, too, and so pass for others.

A role of a service needs that one service; an account beside it, or a second service, is a way around. A role for
people is for those of this account, with MFA. The rule judges marked roles and execution roles; for the principals of
execution roles see EMRG304, for submitters without MFA EMRG309.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import resource_policies, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, services

_WHOSE = ("aws:sourceaccount", "aws:sourcearn")


def check(context: Context) -> Iterator[Violation]:
    """Statements of trust policies with a wildcard, a stranger, or people without MFA."""
    execution = set(context.execution_roles)
    for role in context.of("AWS::IAM::Role"):
        marked = bool(role.mark.tenant or role.mark.shared)
        if not marked and role not in execution:
            continue
        document = context.trust(role)
        if document.policy is None:
            yield Violation(role, document.path, f"cannot be read: {document.problem}", undecided=True)
        allowed = [statement for statement in document.statements if statement.effect == "Allow"]
        named = {name for statement in allowed for name in services(statement)}
        for statement in allowed:
            found = [*_wide(statement), *(_strangers(context, role, statement, named) if marked else ())]
            for message in found:
                yield Violation(role, document.where(statement), message)


def _wide(statement: Statement) -> Iterator[str]:
    if statement.not_actions is not None:
        yield f"NotAction {', '.join(statement.not_actions)}"
    wide = [action for action in statement.actions or () if "*" in action]
    if wide:
        yield f"Action {', '.join(wide)}"


def _strangers(context: Context, role: Resource, statement: Statement, named: set[str]) -> Iterator[str]:
    for condition in statement.conditions:
        for value in condition.values if condition.key.lower() in _WHOSE and "Not" not in condition.operator else ():
            account = resource_policies.other_account(context, role, value)
            own = context.resolver.account(role.template)
            # Where the account is the deployment's, a number alone may be just that account's.
            if account is not None and named and (own.isdecimal() or any(own in each for each in condition.values)):
                yield f"{', '.join(sorted(named))} may assume the role for account {account}"
    people = [item for item in statement.principals or () if item.kind == "AWS"]
    for item in people:
        account = resource_policies.other_account(context, role, item.value)
        if item.value == "*":
            yield "everybody may assume the role"
        elif account is not None and context.resolver.find(item.value) is None:
            yield f"account {account} may assume the role"
    if named and people:
        yield f"{context.shown(people[0].value)} may assume the role of {', '.join(sorted(named))}"
    if len(named) > 1:
        yield f"{', '.join(sorted(named))} may assume the role: it is for one of them"
    if people and not named and role.mark.part != "submitter-role" and not _demands_mfa(statement):
        yield "people may assume the role without MFA"


def _demands_mfa(statement: Statement) -> bool:
    return any(
        condition.operator == "Bool" and condition.values == ("true",)
        for condition in statements.positive(statement, "aws:multifactorauthpresent")
    )


RULE = Rule(
    id="EMRG350",
    name="trust-wider-than-its-purpose",
    severity="error",
    title="Role of a tenant or the platform that more may assume than its purpose asks for",
    rationale=__doc__,
    mend="Allow sts:AssumeRole to the one service, or to people of this account with MFA.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6(5)", "IA-2(1)")},
    check=check,
)
