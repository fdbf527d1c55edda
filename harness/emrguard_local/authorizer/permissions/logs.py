"""CloudWatch Logs: log groups, streams and their events. Deliveries, integrations, anomaly detectors are not mapped.

Actions on a group are judged on its ARN with a stream part behind it, which `log-group:NAME:*` covers, and only those
on tags without: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
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

SERVICE = "logs.amazonaws.com"
_SINGLE = ("logGroupName", "logGroupIdentifier", "resourceIdentifier")
_MANY = ("logGroupNames", "logGroupIdentifiers")


def _names(asked: Asked) -> list[str]:
    """Every log group that the call names, by name or ARN: where two members name one each, both are judged."""
    parameters = asked.parameters
    given = [parameters[name] for name in _SINGLE if parameters.get(name)]
    for name in _MANY:
        given += parameters.get(name) or []
    return [_name(asked, str(each)) for each in given]


def _name(asked: Asked, given: str) -> str:
    if not given.startswith("arn:"):
        return given
    prefix = asked.arn("logs", "log-group:")
    if not given.startswith(prefix):
        raise CannotTellError(f"{given!r} is no log group of this account and Region")
    return given.removeprefix(prefix).removesuffix(":*").split(":", 1)[0]


def _tags(asked: Asked, name: str) -> dict[str, Value]:
    backend = asked.state.logs(asked.region)
    group = backend.groups.get(name) if backend is not None else None
    if backend is None or group is None:
        return {}
    return resource_tags(backend.tagger.get_tag_dict_for_resource(group.arn))


def _needed(asked: Asked, action: str, name: str, stream: str = "") -> Needed:
    return Needed(action, asked.arn("logs", f"log-group:{name}:log-stream:{stream}"), _tags(asked, name))


def _group(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        names = _names(asked)
        if not names:
            raise CannotTellError("it does not name the log group")
        return [_needed(asked, action, name) for name in names]

    return rule


def _stream(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        names, stream = _names(asked), asked.parameters.get("logStreamName")
        if not names or not stream:
            raise CannotTellError("it does not name the log group and the stream")
        return [_needed(asked, action, name, str(stream)) for name in names]

    return rule


def _create_group(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    name, tags = _name(asked, str(parameters.get("logGroupName", ""))), parameters.get("tags") or {}
    resource = asked.arn("logs", f"log-group:{name}:log-stream:")
    yield Needed("logs:CreateLogGroup", resource, request_tags(tags))
    if tags:
        yield Needed("logs:TagResource", asked.arn("logs", f"log-group:{name}"), request_tags(tags))
    if parameters.get("kmsKeyId"):
        yield Needed("logs:AssociateKmsKey", resource)


def _describe_groups(asked: Asked) -> Iterable[Needed]:
    # The action has no resource; this one is what its refusals name.
    return (Needed("logs:DescribeLogGroups", asked.arn("logs", "log-group::log-stream:")),)


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        given = parameters.get("resourceArn") or parameters.get("logGroupName")
        if not given:
            raise CannotTellError("it does not name the log group")
        name = _name(asked, str(given))
        tags = parameters.get("tags") or {}
        context = _tags(asked, name) | (request_tags(tags) if isinstance(tags, dict) else tag_keys(tags))
        if "tagKeys" in parameters:
            context |= tag_keys(parameters["tagKeys"])
        return (Needed(action, asked.arn("logs", f"log-group:{name}"), context),)

    return rule


def _put_subscription(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    yield from _group("logs:PutSubscriptionFilter")(asked)
    destination = str(parameters.get("destinationArn", ""))
    if ":destination:" in destination:
        yield Needed("logs:PutSubscriptionFilter", destination)
    if parameters.get("roleArn"):
        yield pass_role(asked, str(parameters["roleArn"]), SERVICE)


TABLE: Table = {
    "AssociateKmsKey": _group("logs:AssociateKmsKey"),
    "CreateExportTask": _group("logs:CreateExportTask"),
    "CreateLogGroup": _create_group,
    "CreateLogStream": _stream("logs:CreateLogStream"),
    "DeleteLogGroup": _group("logs:DeleteLogGroup"),
    "DeleteLogStream": _stream("logs:DeleteLogStream"),
    "DeleteMetricFilter": _group("logs:DeleteMetricFilter"),
    "DeleteResourcePolicy": on_anything("logs:DeleteResourcePolicy"),
    "DeleteRetentionPolicy": _group("logs:DeleteRetentionPolicy"),
    "DeleteSubscriptionFilter": _group("logs:DeleteSubscriptionFilter"),
    "DescribeLogGroups": _describe_groups,
    "DescribeLogStreams": _group("logs:DescribeLogStreams"),
    "DescribeMetricFilters": _group("logs:DescribeMetricFilters"),
    "DescribeQueries": on_anything("logs:DescribeQueries"),
    "DescribeResourcePolicies": on_anything("logs:DescribeResourcePolicies"),
    "DescribeSubscriptionFilters": _group("logs:DescribeSubscriptionFilters"),
    "DisassociateKmsKey": _group("logs:DisassociateKmsKey"),
    "FilterLogEvents": _group("logs:FilterLogEvents"),
    "GetLogEvents": _stream("logs:GetLogEvents"),
    "GetLogGroupFields": _group("logs:GetLogGroupFields"),
    "ListTagsForResource": _tagging("logs:ListTagsForResource"),
    "ListTagsLogGroup": _tagging("logs:ListTagsLogGroup"),
    "PutLogEvents": _stream("logs:PutLogEvents"),
    "PutMetricFilter": _group("logs:PutMetricFilter"),
    "PutResourcePolicy": on_anything("logs:PutResourcePolicy"),
    "PutRetentionPolicy": _group("logs:PutRetentionPolicy"),
    "PutSubscriptionFilter": _put_subscription,
    "StartQuery": _group("logs:StartQuery"),
    "TagLogGroup": _tagging("logs:TagLogGroup"),
    "TagResource": _tagging("logs:TagResource"),
    "UntagLogGroup": _tagging("logs:UntagLogGroup"),
    "UntagResource": _tagging("logs:UntagResource"),
}
