"""A permission set of IAM Identity Center goes to many accounts and people: what it opens, it opens everywhere.

It cannot name the applications of each account, so a condition on their tag is all that keeps it to a tenant's. Its
rights on EMR Serverless, and what stands beside them, list their actions and demand the tag, or the service that calls.
Of the roles that it may pass it says which, and to which service. The rule judges permission sets with rights on EMR
Serverless.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements, tagged
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import SERVICE, Context

_PROPERTY = "InlinePolicy"
_PASS = ("iam:passrole",)
_TAG = ("emr-serverless:tagresource", "emr-serverless:untagresource")


def check(context: Context) -> Iterator[Violation]:
    """Statements of inline policies that are wider than a tag or a list of names."""
    for permissions in context.of("AWS::SSO::PermissionSet"):
        if context.given(permissions, _PROPERTY) is False:
            continue
        document = context.document(permissions, _PROPERTY, "identity")
        if document.policy is None:
            yield Violation(permissions, _PROPERTY, f"cannot be read: {document.problem}", undecided=True)
        allowed = [statement for statement in document.statements if statement.effect == "Allow"]
        if not any(action.lower().startswith("emr-serverless:") for item in allowed for action in item.actions or ()):
            continue
        for statement in allowed:
            where = document.where(statement)
            others = tagged.no_tenants(context, statement)
            found = [*_wide(statement), *(f"the tag of {each}, which is no tenant of the app" for each in others)]
            if found:
                yield Violation(permissions, where, ", ".join(found))
            elif any(map(context.anything, (*(statement.actions or ()), *(statement.resources or ())))):
                yield Violation(permissions, where, "an action or a resource depends on the deployment", undecided=True)


def _wide(statement: Statement) -> Iterator[str]:
    for element, excluded in (("NotAction", statement.not_actions), ("NotResource", statement.not_resources)):
        if excluded is not None:
            yield f"{element} {', '.join(excluded)}"
    wild = [action for action in statement.actions or () if "*" in action]
    if wild:
        yield f"Action {', '.join(wild)}"
    if statements.named(statement, _PASS):
        if not statements.tied(statement, ("iam:passedtoservice",)):
            yield "iam:PassRole without iam:PassedToService"
        passed = [value for item in statements.positive(statement, "iam:passedtoservice") for value in item.values]
        yield from (f"iam:PassRole to {value}" for value in passed if not value.endswith(SERVICE))
        if any(item.endswith(("*", ":role/*")) and item.count("/") < 2 for item in statement.resources or ()):
            yield "iam:PassRole on roles by wildcard"
    elif not wild and not tagged.narrow(statement):
        yield f"{', '.join(statement.actions or ())} without a tag of a tenant"
    if statements.named(statement, _TAG) and not tagged.keeps_tag(statement):
        yield "the tag of a tenant may be set on what belongs to another one"


RULE = Rule(
    id="EMRG356",
    name="permission-set-beyond-the-tenants",
    severity="error",
    title="Permission set with rights on EMR Serverless that no tag of a tenant narrows",
    rationale=__doc__,
    mend="List the actions, and demand aws:ResourceTag or aws:RequestTag with the tenant; name the roles to pass.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-user-access-policies.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-3", "AC-6")},
    check=check,
)
