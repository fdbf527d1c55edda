"""Security Token Service. The trust policy of a role is the gate of AssumeRole.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import Needed, Table, Value, nothing, request_tags, tag_list

_CONTEXT = {
    "ExternalId": "sts:ExternalId",
    "RoleSessionName": "sts:RoleSessionName",
    "SourceIdentity": "sts:SourceIdentity",
}


def _assume_role(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    arn = str(parameters["RoleArn"])
    context: dict[str, Value] = {key: str(parameters[name]) for name, key in _CONTEXT.items() if parameters.get(name)}
    context |= request_tags(tag_list(parameters.get("Tags")))
    if parameters.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = [str(each) for each in parameters["TransitiveTagKeys"]]
    actions = ["sts:AssumeRole"]
    if parameters.get("Tags"):
        actions.append("sts:TagSession")
    if parameters.get("SourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    parts = arn.split(":", 5)
    account = parts[4] if len(parts) == 6 else asked.account
    return [Needed(each, arn, context, "trust", asked.state.role(arn), account=account) for each in actions]


TABLE: Table = {
    "AssumeRole": _assume_role,
    # AWS lets every principal ask for its own identity and its own session.
    "GetCallerIdentity": nothing,
    "GetSessionToken": nothing,
}
