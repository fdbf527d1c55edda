"""Who is told of what a trail records: EventBridge rules, and alarms on metric filters of the trail's log group.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.rules.context import Context

TRAIL = "AWS::CloudTrail::Trail"
Event = Mapping[str, Any]


def events_heard(context: Context, event: Event) -> bool | None:
    """Whether some EventBridge rule with a target is told of an event; None where that cannot be known."""
    answer: bool | None = False
    for rule in context.of("AWS::Events::Rule"):
        state, targets = context.get(rule, "State"), context.given(rule, "Targets")
        heard = matches(context, context.get(rule, "EventPattern"), event)
        if heard is False or state == "DISABLED" or targets is False:
            continue
        if heard and targets and not context.unknown(state):
            return True
        answer = None
    return answer


def matches(context: Context, pattern: Any, event: Event) -> bool | None:
    """Whether an event pattern lets an event pass; None for a pattern that is unknown or uses what is not read here."""
    if not isinstance(pattern, Mapping):
        return None if context.unknown(pattern) else False
    answers: list[bool | None] = []
    for name, wanted in pattern.items():
        if name == "$or":
            branches = [matches(context, branch, event) for branch in wanted] if isinstance(wanted, list) else [None]
            answers.append(True if True in branches else None if None in branches else False)
        elif isinstance(wanted, Mapping):
            inner = event.get(name)
            answers.append(matches(context, wanted, inner if isinstance(inner, Mapping) else {}))
        elif isinstance(wanted, list):
            found = [_one(context, item, event.get(name)) for item in wanted]
            answers.append(True if True in found else None if None in found else False)
        else:
            answers.append(None)
    return False if False in answers else None if None in answers else True


def _one(context: Context, item: Any, value: Any) -> bool | None:
    if isinstance(item, str):
        return None if context.unknown(item) else item == value
    if isinstance(item, Mapping) and isinstance(item.get("prefix"), str):
        return isinstance(value, str) and value.startswith(item["prefix"])
    if isinstance(item, Mapping) and isinstance(item.get("exists"), bool):
        return bool((value is not None) == item["exists"])
    return None


def alarmed_patterns(context: Context) -> Iterator[str]:
    """The patterns of metric filters on trails' log groups whose metric has an alarm that tells somebody.

    A log group outside of the assembly counts as a trail's.
    """
    groups = {context.target(trail, "CloudWatchLogsLogGroupArn") for trail in context.of(TRAIL)} - {None}
    alarms = [
        (context.get(alarm, "Namespace"), context.get(alarm, "MetricName"))
        for alarm in context.of("AWS::CloudWatch::Alarm")
        if context.get(alarm, "AlarmActions") and context.flag(context.get(alarm, "ActionsEnabled")) is not False
    ]
    for counter in context.of("AWS::Logs::MetricFilter"):
        group, pattern = context.target(counter, "LogGroupName"), context.get(counter, "FilterPattern")
        if not isinstance(pattern, str) or (group is not None and group not in groups):
            continue
        for item in _items(context.get(counter, "MetricTransformations")):
            names = (item.get("MetricNamespace"), item.get("MetricName"))
            if None not in names and names in alarms:
                yield pattern


def _items(listed: Any) -> list[Mapping[str, Any]]:
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
