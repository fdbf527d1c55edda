"""Systems Manager: Parameter Store.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import CannotTellError, Needed, Rule, Table, on_anything, request_tags, tag_list


def _arn(asked: Asked, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return asked.arn("ssm", f"parameter/{name.split(':', 1)[0].lstrip('/')}")


def _named(action: str) -> Rule:
    return lambda asked: (Needed(action, _arn(asked, str(asked.parameters["Name"]))),)


def _several(action: str) -> Rule:
    return lambda asked: [Needed(action, _arn(asked, str(name))) for name in asked.parameters["Names"]]


def _by_path(asked: Asked) -> Iterable[Needed]:
    return (Needed("ssm:GetParametersByPath", _arn(asked, str(asked.parameters["Path"]))),)


def _put(asked: Asked) -> Iterable[Needed]:
    arn, tags = _arn(asked, str(asked.parameters["Name"])), request_tags(tag_list(asked.parameters.get("Tags")))
    yield Needed("ssm:PutParameter", arn, tags)
    if tags:
        yield Needed("ssm:AddTagsToResource", arn, tags)


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        if asked.parameters["ResourceType"] != "Parameter":
            raise CannotTellError(f"only parameters are mapped, not {asked.parameters['ResourceType']}")
        tags = request_tags(tag_list(asked.parameters.get("Tags")))
        return (Needed(action, _arn(asked, str(asked.parameters["ResourceId"])), tags),)

    return rule


TABLE: Table = {
    "AddTagsToResource": _tagging("ssm:AddTagsToResource"),
    "DeleteParameter": _named("ssm:DeleteParameter"),
    "DeleteParameters": _several("ssm:DeleteParameters"),
    "DescribeParameters": on_anything("ssm:DescribeParameters"),
    "GetParameter": _named("ssm:GetParameter"),
    "GetParameterHistory": _named("ssm:GetParameterHistory"),
    "GetParameters": _several("ssm:GetParameters"),
    "GetParametersByPath": _by_path,
    "ListTagsForResource": _tagging("ssm:ListTagsForResource"),
    "PutParameter": _put,
    "RemoveTagsFromResource": _tagging("ssm:RemoveTagsFromResource"),
}
