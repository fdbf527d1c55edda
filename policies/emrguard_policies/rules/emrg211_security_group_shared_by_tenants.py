"""Workers in one security group are one group to every rule that names it: what one tenant may reach, the other may.

Things that carry no tenant's mark count as one tenant an application. A group that is shared on purpose says so in its
mark (`shared`, with the reason). One that is not in the assembly is a tenant's own if a template says so, with a
reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, tenant_of

_GROUPS = "NetworkConfiguration.SecurityGroupIds"


def check(context: Context) -> Iterator[Violation]:
    """Security groups that hold the workers of two tenants."""
    users: dict[Resource, set[str]] = {}
    for application in context.applications:
        for path, group in context.security_groups(application):
            if group is not None:
                users.setdefault(group, {tenant_of(group)} - {""}).add(tenant_of(application))
            elif len(context.applications) > 1 and not _is_imported(context, application, path):
                message = "the security group is not in the assembly; it may be another tenant's"
                yield Violation(application, path, message, undecided=True)
    for group, tenants in users.items():
        if len(tenants - {""}) > 1 and not group.mark.shared:
            yield Violation(group, "", f"the group holds workers of {', '.join(sorted(tenants - {''}))}")


def _is_imported(context: Context, application: Resource, path: str) -> bool:
    """Whether a template says, with a reason, that the group is of the application's tenant alone."""
    listed, index = context.get(application, _GROUPS), path.removeprefix(_GROUPS).strip("[]")
    if not isinstance(listed, list) or not index.isdigit():
        return False
    users = {each.mark.tenant for each in context.applications if each.mark.tenant}
    saying = {tenant for tenant in users if listed[int(index)] in context.imported("vpc", "security_group", tenant)}
    return saying == {application.mark.tenant}


RULE = Rule(
    id="EMRG211",
    name="security-group-shared-by-tenants",
    severity="error",
    title="One security group for the workers of two tenants",
    rationale=__doc__,
    mend="Give each tenant a security group of its own.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("AC-4", "SC-7")},
    check=check,
)
