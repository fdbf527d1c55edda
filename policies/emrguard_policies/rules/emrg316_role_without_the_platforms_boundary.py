"""Where a platform gives its roles a permissions boundary, a role without one is the way around it.

So is one whose boundary allows everything, or is the deployment's choice. The rule speaks only where some role of the
assembly has a boundary, and of a boundary that the deployment chooses where another role's stands in the template. It
judges execution roles, roles that are marked as a tenant's, and roles that may start jobs.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PermissionsBoundary"
_EVERYTHING = ":iam::aws:policy/AdministratorAccess"


def check(context: Context) -> Iterator[Violation]:
    """Roles of tenants without a permissions boundary, where others have one."""
    given = {role: context.given(role, _PROPERTY) for role in context.of("AWS::IAM::Role")}
    bounded = [role.logical_id for role, value in given.items() if value]
    written = {role: context.get(role, _PROPERTY) for role, value in given.items() if value}
    known = [role.logical_id for role, value in written.items() if not context.anything(value)]
    execution = set(context.execution_roles)
    for role, value in given.items() if bounded else ():
        if not (role in execution or role.mark.tenant or _starts_jobs(context, role)):
            continue
        if value:
            boundary = written[role]
            if isinstance(boundary, str) and boundary.endswith(_EVERYTHING):
                yield Violation(role, _PROPERTY, f"{boundary} bounds nothing")
            elif context.anything(boundary) and known and context.target(role, _PROPERTY) is None:
                found = f"which boundary depends on the deployment; that of {known[0]} does not"
                yield Violation(role, _PROPERTY, found, undecided=True)
        elif value is None:
            yield Violation(role, _PROPERTY, "the boundary depends on the deployment", undecided=True)
        else:
            yield Violation(role, _PROPERTY, f"no PermissionsBoundary is set, but {bounded[0]} has one")


def _starts_jobs(context: Context, role: Resource) -> bool:
    return any(
        statements.allows(statement, "emr-serverless:startjobrun")
        for document in context.documents_of(role)
        for statement in document.statements
    )


RULE = Rule(
    id="EMRG316",
    name="role-without-the-platforms-boundary",
    severity="warning",
    title="Role of a tenant without the permissions boundary that others have",
    rationale=__doc__,
    mend="Set PermissionsBoundary to the boundary of the platform.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP05",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
