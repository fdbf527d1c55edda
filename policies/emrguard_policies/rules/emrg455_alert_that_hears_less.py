"""Somebody who wants to work unseen stops the trail, deletes its records, or switches the alert off. Each is one call.

The rule puts those calls, and changes of applications, to the rules of EventBridge that are marked as alerts: each must
be taken by one that is enabled and has a target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_RULE = "AWS::Events::Rule"
_ALARM = "AWS::CloudWatch::Alarm"
_CALLS: dict[str, tuple[str, ...]] = {
    "emr-serverless": (
        "CreateApplication", "DeleteApplication", "StartApplication", "StopApplication", "TagResource",
        "UntagResource", "UpdateApplication",
    ),
    "cloudtrail": ("DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail"),
    "s3": (
        "DeleteBucket", "DeleteBucketEncryption", "DeleteBucketPolicy", "DeleteBucketPublicAccessBlock",
        "PutBucketEncryption", "PutBucketLifecycle", "PutBucketObjectLockConfiguration", "PutBucketPolicy",
        "PutBucketPublicAccessBlock", "PutBucketVersioning",
    ),
    "kms": ("CreateGrant", "DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"),
    "logs": ("DeleteLogGroup", "DeleteLogStream", "DeleteMetricFilter", "DisassociateKmsKey", "PutRetentionPolicy"),
    "events": ("DeleteRule", "DisableRule", "RemoveTargets"),
    "sns": ("DeleteTopic", "SetTopicAttributes"),
    "monitoring": ("DeleteAlarms", "DisableAlarmActions"),
}  # fmt: skip
"""Calls by service: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html"""
_OFTEN = 100


def check(context: Context) -> Iterator[Violation]:
    """Marked alerts that are off or without a target, and calls that none of them takes."""
    alerts = [rule for rule in context.of(_RULE) if rule.mark.part == "alerts"]
    heard: set[tuple[str, str, str]] = set()
    for rule in alerts:
        state, targets = context.get(rule, "State"), context.get(rule, "Targets")
        pattern = context.get(rule, "EventPattern")
        sources = _listed(pattern.get("source")) if isinstance(pattern, Mapping) else [pattern]
        if any(map(context.unknown, (state, targets, *sources))):
            yield Violation(rule, "State", "what the alert takes depends on the deployment", undecided=True)
        elif state == "DISABLED":
            yield Violation(rule, "State", "the alert is off")
        elif not targets:
            yield Violation(rule, "Targets", "the alert has no target")
        elif isinstance(pattern, Mapping):
            heard.update(_calls(pattern.get("detail")))
            if not {"source", "detail"} & set(pattern):
                yield Violation(rule, "EventPattern", "the pattern names neither a source nor a call: all is noise")
    if alerts and context.of("AWS::CloudTrail::Trail"):
        yield from _missed(context, alerts[0], heard)
    for alarm in context.of(_ALARM):
        yield from _alarm(context, alarm) if alarm.mark.part == "alerts" else ()


def _missed(context: Context, first: Resource, heard: set[tuple[str, str, str]]) -> Iterator[Violation]:
    named = {(service, call) for service, call, _ in heard}
    missed = [
        f"{service}:{call}" for service, calls in _CALLS.items() for call in calls if (service, call) not in named
    ]
    if missed:
        yield Violation(first, "EventPattern", f"no alert takes {', '.join(missed)}")
    guarded: list[tuple[str, str, Resource, str]] = []
    for trail in context.of("AWS::CloudTrail::Trail"):
        arn, name = context.resolver.arn(trail) or "", str(context.get(trail, "TrailName") or "")
        for call in _CALLS["cloudtrail"]:
            parameter = "trailName" if call.startswith("Put") else "name"
            guarded += [("cloudtrail", f"{call}/{parameter}", trail, value) for value in (arn, name)]
        key = context.target(trail, "KMSKeyId")
        if key is not None:
            guarded.append(("kms", "DisableKey", key, context.resolver.ref(key)))
            guarded.append(("kms", "DisableKey", key, context.resolver.arn(key) or ""))
    guarded += [
        ("events", call, rule, context.resolver.ref(rule))
        for rule in context.of(_RULE)
        if rule.mark.part == "alerts"
        for call in ("DisableRule", "RemoveTargets")
    ]
    for service, call, resource, value in guarded:
        name, _, parameter = call.partition("/")
        wanted = f"{parameter}={value}" if parameter else value
        if (service, name, wanted) not in heard and not _is_watcher(context, resource):
            yield Violation(first, "EventPattern", f"no alert takes {service}:{name} of {resource.logical_id}")


def _is_watcher(context: Context, resource: Resource) -> bool:
    """Whether a rule is the one that watches the others: nothing is told when it is switched off itself."""
    return resource.type == _RULE and any(service == "events" for service, _, _ in _of_rule(context, resource))


def _of_rule(context: Context, rule: Resource) -> Iterator[tuple[str, str, str]]:
    pattern = context.get(rule, "EventPattern")
    return _calls(pattern.get("detail") if isinstance(pattern, Mapping) else None)


def _calls(detail: Any) -> Iterator[tuple[str, str, str]]:
    """Service, call and value of a parameter that a pattern takes."""
    if not isinstance(detail, Mapping):
        return
    for branch in _listed(detail.get("$or")) or [detail]:
        if not isinstance(branch, Mapping):
            continue
        parameters = branch.get("requestParameters")
        values = [""]
        for name, listed in parameters.items() if isinstance(parameters, Mapping) else ():
            values += [text for item in _listed(listed) for text in (str(item), f"{name}={item}")]
        for source in _listed(branch.get("eventSource")):
            for call in _listed(branch.get("eventName")):
                yield from ((str(source).partition(".")[0], str(call), value) for value in values)


def _alarm(context: Context, alarm: Resource) -> Iterator[Violation]:
    threshold = context.get(alarm, "Threshold")
    enabled, actions = context.get(alarm, "ActionsEnabled"), context.get(alarm, "AlarmActions")
    if any(map(context.unknown, (enabled, actions, threshold))):
        yield Violation(alarm, "AlarmActions", "whom the alarm tells depends on the deployment", undecided=True)
    elif context.flag(enabled) is False:
        yield Violation(alarm, "ActionsEnabled", "the alarm tells nobody")
    elif not actions:
        yield Violation(alarm, "AlarmActions", "the alarm has no action")
    elif isinstance(threshold, int) and threshold > _OFTEN:
        yield Violation(alarm, "Threshold", f"the alarm comes after {threshold} calls only")
    name = context.get(alarm, "MetricName")
    filters = [context.get(item, "MetricTransformations") for item in context.of("AWS::Logs::MetricFilter")]
    counted = [item.get("MetricName") for listed in filters for item in _listed(listed) if isinstance(item, Mapping)]
    if context.get(alarm, "Namespace") == "emrguard" and name not in counted:
        yield Violation(alarm, "MetricName", f"no metric filter counts {context.shown(name)}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


RULE = Rule(
    id="EMRG455",
    name="alert-that-hears-less",
    severity="warning",
    title="Alert that is off, tells nobody, or misses calls that undo the guard",
    rationale=__doc__,
    mend="Enable the rule, give it a target, and take every call that changes the trail, its stores or the alerts.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP02",), "NIST 800-53 r5": ("AU-6(1)", "SI-4")},
    check=check,
)
