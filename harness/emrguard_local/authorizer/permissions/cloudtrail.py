"""CloudTrail's trails. Event data stores, channels and dashboards are not mapped.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    on_anything,
    pass_role,
    request_tags,
    resource_tags,
    tag_keys,
    tag_list,
)

SERVICE = "cloudtrail.amazonaws.com"


def _trail(action: str, parameter: str = "Name") -> Rule:
    return lambda asked: (_on_trail(asked, action, _arn(asked, asked.parameters.get(parameter))),)


def _arn(asked: Asked, name: object) -> str:
    if not isinstance(name, str) or not name:
        raise CannotTellError("it does not name the trail")
    return name if name.startswith("arn:") else asked.arn("cloudtrail", f"trail/{name}")


def _on_trail(asked: Asked, action: str, arn: str) -> Needed:
    if ":trail/" not in arn:
        raise CannotTellError(f"{arn!r} is not the ARN of a trail")
    backend = asked.state.cloudtrail(arn.split(":")[3])
    tags = backend.tagging_service.get_tag_dict_for_resource(arn) if backend is not None else {}
    return Needed(action, arn, resource_tags(tags))


def _create_trail(asked: Asked) -> Iterable[Needed]:
    arn = _arn(asked, asked.parameters.get("Name"))
    tags = tag_list(asked.parameters.get("TagsList"))
    yield Needed("cloudtrail:CreateTrail", arn, request_tags(tags))
    if tags:
        yield Needed("cloudtrail:AddTags", arn, request_tags(tags))
    yield from _role(asked)


def _update_trail(asked: Asked) -> Iterable[Needed]:
    yield _on_trail(asked, "cloudtrail:UpdateTrail", _arn(asked, asked.parameters.get("Name")))
    yield from _role(asked)


def _role(asked: Asked) -> Iterable[Needed]:
    role = asked.parameters.get("CloudWatchLogsRoleArn")
    if role:
        yield pass_role(asked, str(role), SERVICE)


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        needed = _on_trail(asked, action, _arn(asked, asked.parameters.get("ResourceId")))
        tags = tag_list(asked.parameters.get("TagsList"))
        given = request_tags(tags) if action.endswith("AddTags") else tag_keys(tags)
        return (Needed(action, needed.resource, {**needed.context, **given}),)

    return rule


def _list_tags(asked: Asked) -> Iterable[Needed]:
    trails = [_arn(asked, each) for each in asked.parameters.get("ResourceIdList", [])]
    if not trails:
        raise CannotTellError("it does not name the trail")
    return [_on_trail(asked, "cloudtrail:ListTags", arn) for arn in trails]


TABLE: Table = {
    "AddTags": _tagging("cloudtrail:AddTags"),
    "CreateTrail": _create_trail,
    "DeleteTrail": _trail("cloudtrail:DeleteTrail"),
    "DescribeTrails": on_anything("cloudtrail:DescribeTrails"),
    "GetEventSelectors": _trail("cloudtrail:GetEventSelectors", "TrailName"),
    "GetInsightSelectors": _trail("cloudtrail:GetInsightSelectors", "TrailName"),
    "GetTrail": _trail("cloudtrail:GetTrail"),
    "GetTrailStatus": _trail("cloudtrail:GetTrailStatus"),
    "ListPublicKeys": on_anything("cloudtrail:ListPublicKeys"),
    "ListTags": _list_tags,
    "ListTrails": on_anything("cloudtrail:ListTrails"),
    "LookupEvents": on_anything("cloudtrail:LookupEvents"),
    "PutEventSelectors": _trail("cloudtrail:PutEventSelectors", "TrailName"),
    "PutInsightSelectors": _trail("cloudtrail:PutInsightSelectors", "TrailName"),
    "RemoveTags": _tagging("cloudtrail:RemoveTags"),
    "StartLogging": _trail("cloudtrail:StartLogging"),
    "StopLogging": _trail("cloudtrail:StopLogging"),
    "UpdateTrail": _update_trail,
}
