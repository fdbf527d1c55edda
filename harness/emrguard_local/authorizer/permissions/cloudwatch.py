"""CloudWatch's alarms and metrics. Dashboards, streams, insight rules and anomaly detectors are not mapped.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
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
    request_tags,
    resource_tags,
    tag_keys,
    tag_list,
)


def _alarm(asked: Asked, action: str, arn: str, context: dict[str, Value] | None = None) -> Needed:
    backend = asked.state.cloudwatch(asked.region)
    tags = resource_tags(backend.list_tags_for_resource(arn)) if backend is not None else {}
    return Needed(action, arn, {**tags, **(context or {})})


def _arn(asked: Asked, name: object) -> str:
    return asked.arn("cloudwatch", f"alarm:{name}")


def _alarms(action: str) -> Rule:
    """An action on each alarm that the call names, or on all of them."""

    def rule(asked: Asked) -> Iterable[Needed]:
        names = asked.parameters.get("AlarmNames") or ["*"]
        return [_alarm(asked, action, _arn(asked, name)) for name in names]

    return rule


def _one(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        name = asked.parameters.get("AlarmName")
        if not name:
            raise CannotTellError("it does not name the alarm")
        return (_alarm(asked, action, _arn(asked, name)),)

    return rule


def _put(asked: Asked) -> Iterable[Needed]:
    arn, tags = _arn(asked, asked.parameters.get("AlarmName")), tag_list(asked.parameters.get("Tags"))
    context: dict[str, Value] = {
        **request_tags(tags),
        "cloudwatch:AlarmActions": [str(each) for each in asked.parameters.get("AlarmActions") or []],
    }
    yield _alarm(asked, "cloudwatch:PutMetricAlarm", arn, context)
    if tags:
        yield Needed("cloudwatch:TagResource", arn, request_tags(tags))


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = str(asked.parameters.get("ResourceARN") or "")
        if ":alarm:" not in arn:
            raise CannotTellError(f"{arn!r} is not the ARN of an alarm")
        context: dict[str, Value] = request_tags(tag_list(asked.parameters.get("Tags")))
        if "TagKeys" in asked.parameters:
            context |= tag_keys(asked.parameters["TagKeys"])
        return (_alarm(asked, action, arn, context),)

    return rule


def _put_data(asked: Asked) -> Iterable[Needed]:
    namespace = str(asked.parameters.get("Namespace", ""))
    return (Needed("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace}),)


TABLE: Table = {
    "DeleteAlarms": _alarms("cloudwatch:DeleteAlarms"),
    "DescribeAlarms": _alarms("cloudwatch:DescribeAlarms"),
    "DescribeAlarmsForMetric": on_anything("cloudwatch:DescribeAlarmsForMetric"),
    "DisableAlarmActions": _alarms("cloudwatch:DisableAlarmActions"),
    "EnableAlarmActions": _alarms("cloudwatch:EnableAlarmActions"),
    "GetMetricData": on_anything("cloudwatch:GetMetricData"),
    "GetMetricStatistics": on_anything("cloudwatch:GetMetricStatistics"),
    "ListMetrics": on_anything("cloudwatch:ListMetrics"),
    "ListTagsForResource": _tagging("cloudwatch:ListTagsForResource"),
    "PutMetricAlarm": _put,
    "PutMetricData": _put_data,
    "SetAlarmState": _one("cloudwatch:SetAlarmState"),
    "TagResource": _tagging("cloudwatch:TagResource"),
    "UntagResource": _tagging("cloudwatch:UntagResource"),
}
