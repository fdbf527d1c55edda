"""Somebody who wants to work unseen stops the trail, deletes its records, or switches the alert off. Each is one call.

The rule puts those calls, changes of applications, and where Macie is on its findings and changes of it, to the rules
of EventBridge that are marked as alerts: each must be taken by one that is enabled and has a target. Alerts go to the
topic of the app, if it has one, and an alarm comes within the hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.alerts import events_heard
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
_OF_MACIE = (
    "CreateFindingsFilter", "DisableMacie", "UpdateAutomatedDiscoveryConfiguration", "UpdateClassificationJob",
    "UpdateClassificationScope", "UpdateFindingsFilter", "UpdateMacieSession",
)  # fmt: skip
"""Calls after which Macie finds less, or tells less: filters archive findings, which are not published then.
https://docs.aws.amazon.com/macie/latest/user/findings-suppression.html"""
_FINDING = {"source": "aws.macie", "detail-type": "Macie Finding", "detail": {}}
_MEMBERS = {"source", "detail-type", "detail"}
_OF_CALLS = {"$or", "eventSource", "eventName", "requestParameters"}
"""A pattern that asks for more takes fewer calls, and counts as none."""
_ELSEWHERE = "organization-trail"
_OF_RECORDS = ("s3", "kms", "logs", "monitoring")
"""Services that hold the records of a trail, and the alarm on them: with a trail elsewhere they are elsewhere, too."""
_OFTEN = 100
_LATE = 3600
"""Seconds after which a refused call is no news any more."""


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
            heard.update(_calls(pattern.get("detail")) if set(pattern) <= _MEMBERS else ())
            if not {"source", "detail"} & set(pattern):
                yield Violation(rule, "EventPattern", "the pattern names neither a source nor a call: all is noise")
    yield from _astray(context, alerts)
    if alerts and context.declared("macie"):
        heard_of = events_heard(context, _FINDING)
        if heard_of is not True:
            yield Violation(alerts[0], "EventPattern", "no alert takes Macie's findings", undecided=heard_of is None)
    if alerts and (context.of("AWS::CloudTrail::Trail") or context.declared(_ELSEWHERE)):
        yield from _missed(context, alerts[0], heard)
    for alarm in context.of(_ALARM):
        yield from _alarm(context, alarm) if alarm.mark.part == "alerts" else ()


def _astray(context: Context, alerts: list[Resource]) -> Iterator[Violation]:
    """Alerts that go elsewhere, where the app has a topic for them."""
    topics = [topic for topic in context.of("AWS::SNS::Topic") if topic.mark.part == "alerts"]
    alarms = [alarm for alarm in context.of(_ALARM) if alarm.mark.part == "alerts"]
    everywhere = [text for alert in alerts for text in _told(context, alert)]
    usual = max(everywhere, key=everywhere.count) if everywhere else ""
    for alert in (*alerts, *alarms) if not topics else ():
        told = _told(context, alert)
        path = "AlarmActions" if alert.type == _ALARM else "Targets"
        if told and usual not in told and any(map(context.anything, told)):
            yield Violation(alert, path, "who is told depends on the deployment", undecided=True)
        elif told and usual not in told:
            yield Violation(alert, path, f"{context.shown(told[0])} is told, not {context.shown(usual)} as of others")
    for alert in (*alerts, *alarms) if topics else ():
        path = "AlarmActions" if alert.type == _ALARM else "Targets"
        told = _told(context, alert)
        known = [item for item in told if not context.anything(item)]
        if told and not known and not any(context.resolver.find(item) in topics for item in told):
            yield Violation(alert, path, "who is told depends on the deployment", undecided=True)
        if known and not any(context.resolver.find(item) in topics for item in told):
            yield Violation(alert, path, f"{context.shown(known[0])} is told, not {topics[0].logical_id}")


def _told(context: Context, alert: Resource) -> list[str]:
    """Whom an alert tells."""
    listed = context.get(alert, "AlarmActions" if alert.type == _ALARM else "Targets")
    found = [
        item.get("Arn") if isinstance(item, Mapping) else item for item in (listed if isinstance(listed, list) else ())
    ]
    return [item for item in found if isinstance(item, str)]


def _missed(context: Context, first: Resource, heard: set[tuple[str, str, str]]) -> Iterator[Violation]:
    named = {(service, call) for service, call, _ in heard}
    here = bool(context.of("AWS::CloudTrail::Trail"))
    calls_of = _CALLS | ({"macie2": _OF_MACIE} if _has_macie(context) else {})
    missed = [
        f"{service}:{call}"
        for service, calls in calls_of.items()
        for call in calls
        if (here or service not in _OF_RECORDS) and (service, call) not in named
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
        for call in ("DeleteRule", "DisableRule", "RemoveTargets")
    ]
    for arn in _trails_elsewhere(context):
        for call in _CALLS["cloudtrail"]:
            parameter = "trailName" if call.startswith("Put") else "name"
            for value in (arn, arn.rpartition("/")[2]):
                if ("cloudtrail", call, f"{parameter}={value}") not in heard:
                    yield Violation(first, "EventPattern", f"no alert takes cloudtrail:{call} of {value}")
    for service, call, resource, value in guarded:
        name, _, parameter = call.partition("/")
        wanted = f"{parameter}={value}" if parameter else value
        if (service, name, wanted) not in heard and not _is_watcher(context, resource):
            yield Violation(first, "EventPattern", f"no alert takes {service}:{name} of {resource.logical_id}")


def _has_macie(context: Context) -> bool:
    """Whether the app turns Macie on, or says that it is on."""
    return context.declared("macie") or any(each.mark.part == "macie" for each in context.of("AWS::Macie::Session"))


def _trails_elsewhere(context: Context) -> Iterator[str]:
    """ARNs of the trails of an organization that templates name; those that only the deployment knows are left out."""
    for template in context.assembly.templates:
        metadata = template.body.get("Metadata")
        parts = metadata.get("emrguard") if isinstance(metadata, Mapping) else None
        entry = parts.get(_ELSEWHERE) if isinstance(parts, Mapping) else None
        for each in entry if isinstance(entry, list) else [entry]:
            arn = context.resolver.resolve(template, each.get("trail")) if isinstance(each, Mapping) else None
            if isinstance(arn, str) and not context.unknown(arn):
                yield arn


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
        if not isinstance(branch, Mapping) or not {*detail, *branch} <= _OF_CALLS:
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
    elif not str(context.get(alarm, "ComparisonOperator")).startswith("GreaterThan"):
        yield Violation(alarm, "ComparisonOperator", "the alarm comes while calls are few")
    period, count = context.get(alarm, "Period"), context.get(alarm, "EvaluationPeriods")
    if any(map(context.unknown, (period, count))):
        yield Violation(alarm, "Period", "how late the alarm comes depends on the deployment", undecided=True)
    elif isinstance(period, int) and isinstance(count, int) and period * count > _LATE:
        yield Violation(alarm, "Period", f"the alarm comes after {period * count} seconds only")
    name = context.get(alarm, "MetricName")
    groups = {context.target(trail, "CloudWatchLogsLogGroupArn") for trail in context.of("AWS::CloudTrail::Trail")}
    filters = [
        context.get(item, "MetricTransformations")
        for item in context.of("AWS::Logs::MetricFilter")
        if not groups or context.target(item, "LogGroupName") in groups
    ]
    counted = [
        item.get("MetricName")
        for listed in filters
        for item in _listed(listed)
        if isinstance(item, Mapping) and item.get("MetricValue") != "0" and not context.unknown(item.get("MetricValue"))
    ]
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
