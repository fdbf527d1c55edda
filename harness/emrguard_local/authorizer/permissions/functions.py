"""Lambda: functions that are created, described and invoked. Its other operations are not mapped.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    pass_role,
    request_tags,
    resource_tags,
)

SERVICE = "lambda.amazonaws.com"


def _arn(asked: Asked) -> str:
    given = asked.parameters["FunctionName"]
    arn = given if str(given).startswith("arn:") else asked.arn("lambda", f"function:{given}")
    if not str(arn).startswith(asked.arn("lambda", "function:")) or str(arn).count(":") != 6:
        raise CannotTellError(f"FunctionName is {given!r}, which is no function of this account and Region")
    return str(arn)


def _create(asked: Asked) -> Iterable[Needed]:
    arn, tags = _arn(asked), asked.parameters.get("Tags") or {}
    yield Needed("lambda:CreateFunction", arn, request_tags(tags))
    if tags:
        yield Needed("lambda:TagResource", arn, request_tags(tags))
    role = asked.parameters.get("Role")
    if not isinstance(role, str) or ":role/" not in role:
        raise CannotTellError(f"Role is {role!r}, not the ARN of a role")
    yield pass_role(asked, role, SERVICE)


def _function(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = _arn(asked)
        described = asked.state.describe("lambda", arn) or {}
        return (Needed(action, arn, resource_tags(described.get("tags") or {})),)

    return rule


TABLE: Table = {
    "CreateFunction": _create,
    "GetFunction": _function("lambda:GetFunction"),
    "Invoke": _function("lambda:InvokeFunction"),
}
