"""CloudTrail: trails.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import Needed, Rule, Table, on_anything, pass_role, request_tags, tag_list

_SERVICE = "cloudtrail.amazonaws.com"


def _arn(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else asked.arn("cloudtrail", f"trail/{name}")


def _on(action: str, parameter: str = "Name") -> Rule:
    return lambda asked: (Needed(action, _arn(asked, str(asked.parameters[parameter]))),)


def _writing(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        arn, tags = _arn(asked, str(parameters["Name"])), request_tags(tag_list(parameters.get("TagsList")))
        yield Needed(action, arn, tags)
        if tags:
            yield Needed("cloudtrail:AddTags", arn, tags)
        role = parameters.get("CloudWatchLogsRoleArn")
        if role:
            yield pass_role(asked, str(role), _SERVICE)

    return rule


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        tags = request_tags(tag_list(asked.parameters.get("TagsList")))
        return (Needed(action, str(asked.parameters["ResourceId"]), tags),)

    return rule


def _list_tags(asked: Asked) -> Iterable[Needed]:
    return [Needed("cloudtrail:ListTags", str(arn)) for arn in asked.parameters["ResourceIdList"]]


TABLE: Table = {
    "AddTags": _tagging("cloudtrail:AddTags"),
    "CreateTrail": _writing("cloudtrail:CreateTrail"),
    "DeleteTrail": _on("cloudtrail:DeleteTrail"),
    "DescribeTrails": on_anything("cloudtrail:DescribeTrails"),
    "GetEventSelectors": _on("cloudtrail:GetEventSelectors", "TrailName"),
    "GetInsightSelectors": _on("cloudtrail:GetInsightSelectors", "TrailName"),
    "GetTrail": _on("cloudtrail:GetTrail"),
    "GetTrailStatus": _on("cloudtrail:GetTrailStatus"),
    "ListTags": _list_tags,
    "ListTrails": on_anything("cloudtrail:ListTrails"),
    "PutEventSelectors": _on("cloudtrail:PutEventSelectors", "TrailName"),
    "PutInsightSelectors": _on("cloudtrail:PutInsightSelectors", "TrailName"),
    "RemoveTags": _tagging("cloudtrail:RemoveTags"),
    "StartLogging": _on("cloudtrail:StartLogging"),
    "StopLogging": _on("cloudtrail:StopLogging"),
    "UpdateTrail": _writing("cloudtrail:UpdateTrail"),
}
