"""Rights on whatever carries a tenant's tag, and on nothing else."""

from __future__ import annotations

import re

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.context import Context

_TIES = ("aws:resourcetag/", "aws:requesttag/")
_KEYS = ("aws:calledvialast", "aws:calledviafirst", "iam:awsservicename")
_IN_ONE_APPLICATION = re.compile(r"[^*]*/applications/[^*/]+/(?:jobruns|sessions)/\*")


def narrow(statement: Statement) -> bool:
    """Whether an Allow lists, names what it is for, or demands a tag or the service that calls."""
    actions = [action.partition(":")[2].lower() for action in statement.actions or ("",)]
    if all(name.startswith(("list", "describe")) for name in actions):
        return True
    listed = statement.resources or ("*",)
    if all("*" not in item or _IN_ONE_APPLICATION.fullmatch(item) for item in listed):
        return True
    keys = [item.key.lower() for item in statement.conditions]
    return statements.tied(statement, [key for key in keys if key.startswith(_TIES) or key in _KEYS])


def keeps_tag(statement: Statement) -> bool:
    """Whether a right to tag leaves the tag alone that others go by, or is for what has none yet."""
    tags = {key.partition("/")[2] for item in statement.conditions if "/" in (key := item.key)}
    return any(
        (item.key.lower() == "aws:tagkeys" and item.operator == "StringNotEquals" and tags <= set(item.values))
        or (item.operator == "Null" and item.key.lower().startswith("aws:resourcetag/") and item.values == ("true",))
        for item in statement.conditions
    )


def no_tenants(context: Context, statement: Statement) -> list[str]:
    """Values that the tag of a tenant may have, but no tenant of the app has; none where the app has no tenants."""
    tenants = {each.mark.tenant for each in context.applications if each.mark.tenant}
    values = [
        value
        for item in statement.conditions
        if item.key.lower().endswith("tag/emrguard:tenant") and item.operator == "StringEquals"
        for value in item.values
    ]
    return [value for value in values if tenants and value not in tenants and "${" not in value]
