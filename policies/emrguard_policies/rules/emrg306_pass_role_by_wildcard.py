"""Who may pass a role to EMR Serverless runs code with all rights of the role.

No condition key of EMR Serverless can say which role belongs to which application; the resource of `iam:PassRole` is
the only place where that is decided, so a wildcard there opens every tenant.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Statements that allow iam:PassRole by a pattern that includes an execution role, or any beside StartJobRun."""
    roles = [context.resolver.arn(role) or "" for role in context.execution_roles]
    for _, document, _, statement in context.granting(("iam:passrole",)):
        starts = statements.start_jobs(document.statements)
        if not roles and not starts:
            continue
        where = document.where(statement)
        patterns = [item for item in statement.resources or () if "*" in item or "?" in item]
        found = [item for item in patterns if any(context.matches(item, role) for role in roles)]
        found += [item for item in patterns if starts and item not in found and f":{item}".endswith((":*", ":role/*"))]
        if statement.not_resources is not None:
            yield Violation(document.resource, where, "NotResource: every role but some may be passed")
        elif found:
            yield Violation(document.resource, where, f"Resource {', '.join(map(context.shown, found))}")
        elif any(map(context.anything, statement.resources or ())):
            yield Violation(document.resource, where, "the role depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG306",
    name="pass-role-by-wildcard",
    severity="error",
    title="iam:PassRole on a wildcard that includes an execution role",
    rationale=__doc__,
    mend="Name the one execution role as the Resource of iam:PassRole.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
