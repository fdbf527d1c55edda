"""CloudWatch Logs. Actions on a group are judged on the ARN with `:*` behind it, tagging on the one without.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    on_anything,
    pass_role,
    request_tags,
    resource_tags,
    tag_keys,
)


def _group(asked: Asked) -> str:
    """The name of the group that a call is about."""
    parameters = asked.parameters
    name = parameters.get("logGroupName")
    if name is None and parameters.get("logGroupIdentifier"):
        name = str(parameters["logGroupIdentifier"]).rpartition(":log-group:")[2].removesuffix(":*")
    if name is None:
        raise CannotTellError("it names no log group: give logGroupName")
    return str(name)


def _tags(asked: Asked, group: str) -> dict[str, Value]:
    backend = asked.state.logs(asked.region)
    arn = asked.arn("logs", f"log-group:{group}")
    tags = backend.tagger.get_tag_dict_for_resource(arn) if backend is not None else {}
    return resource_tags(tags)


def _on_group(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        group = _group(asked)
        return (Needed(action, asked.arn("logs", f"log-group:{group}:log-stream:"), _tags(asked, group)),)

    return rule


def _on_stream(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        group = _group(asked)
        stream = asked.parameters.get("logStreamName", "")
        return (Needed(action, asked.arn("logs", f"log-group:{group}:log-stream:{stream}"), _tags(asked, group)),)

    return rule


def _on_groups(action: str) -> Rule:
    return lambda asked: (Needed(action, asked.arn("logs", "log-group::log-stream:")),)


def _create_group(asked: Asked) -> Iterable[Needed]:
    arn = asked.arn("logs", f"log-group:{_group(asked)}")
    tags = request_tags(asked.parameters.get("tags") or {})
    yield Needed("logs:CreateLogGroup", f"{arn}:log-stream:", tags)
    if tags:
        yield Needed("logs:TagResource", arn, tags)


def _associate_key(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        if not asked.parameters.get("logGroupName"):
            raise CannotTellError("only the keys of log groups are mapped: give logGroupName")
        return _on_group(action)(asked)

    return rule


def _subscribe(asked: Asked) -> Iterable[Needed]:
    yield from _on_group("logs:PutSubscriptionFilter")(asked)
    role = asked.parameters.get("roleArn")
    if role:
        yield pass_role(asked, str(role), "logs.amazonaws.com")


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = str(asked.parameters["resourceArn"]).removesuffix(":*")
        context = _tags(asked, arn.rpartition(":log-group:")[2]) | request_tags(asked.parameters.get("tags") or {})
        if asked.parameters.get("tagKeys"):
            context |= tag_keys(asked.parameters["tagKeys"])
        return (Needed(action, arn, context),)

    return rule


def _tagging_group(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        group, tags = _group(asked), asked.parameters.get("tags") or {}
        # UntagLogGroup has a list of keys where TagLogGroup has a mapping.
        context = request_tags(tags) if isinstance(tags, dict) else tag_keys(tags)
        return (Needed(action, asked.arn("logs", f"log-group:{group}"), _tags(asked, group) | context),)

    return rule


TABLE: Table = {
    "AssociateKmsKey": _associate_key("logs:AssociateKmsKey"),
    "CreateLogGroup": _create_group,
    "CreateLogStream": _on_group("logs:CreateLogStream"),
    "DeleteLogGroup": _on_group("logs:DeleteLogGroup"),
    "DeleteLogStream": _on_stream("logs:DeleteLogStream"),
    "DeleteMetricFilter": _on_group("logs:DeleteMetricFilter"),
    "DeleteRetentionPolicy": _on_group("logs:DeleteRetentionPolicy"),
    "DeleteSubscriptionFilter": _on_group("logs:DeleteSubscriptionFilter"),
    "DescribeLogGroups": _on_groups("logs:DescribeLogGroups"),
    "DescribeLogStreams": _on_group("logs:DescribeLogStreams"),
    "DescribeResourcePolicies": on_anything("logs:DescribeResourcePolicies"),
    "DescribeSubscriptionFilters": _on_group("logs:DescribeSubscriptionFilters"),
    "DisassociateKmsKey": _associate_key("logs:DisassociateKmsKey"),
    "FilterLogEvents": _on_group("logs:FilterLogEvents"),
    "GetLogEvents": _on_stream("logs:GetLogEvents"),
    "ListTagsForResource": _tagging("logs:ListTagsForResource"),
    "ListTagsLogGroup": _tagging_group("logs:ListTagsLogGroup"),
    "PutLogEvents": _on_stream("logs:PutLogEvents"),
    "PutMetricFilter": _on_group("logs:PutMetricFilter"),
    "PutResourcePolicy": on_anything("logs:PutResourcePolicy"),
    "PutRetentionPolicy": _on_group("logs:PutRetentionPolicy"),
    "PutSubscriptionFilter": _subscribe,
    "TagLogGroup": _tagging_group("logs:TagLogGroup"),
    "TagResource": _tagging("logs:TagResource"),
    "UntagLogGroup": _tagging_group("logs:UntagLogGroup"),
    "UntagResource": _tagging("logs:UntagResource"),
}
