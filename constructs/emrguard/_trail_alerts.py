"""What a trail alerts of.

EventBridge gets the management events that a trail of the account records, and of these the calls that change
something; a refused call is an event, too, with its `errorCode`. It is not told of reads, of most uses of keys, nor of
refused reads of objects. All of them are in the trail's log group, where a metric filter counts them.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from emrguard._manifest import Owner
from emrguard.alerts import Alerts

_NAMESPACE = "emrguard"
_APPLICATION_CHANGES = (
    "CreateApplication",
    "DeleteApplication",
    "StartApplication",
    "StopApplication",
    "TagResource",
    "UntagResource",
    "UpdateApplication",
)
_TRAIL_CHANGES = ("DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail")
_BUCKET_CHANGES = (
    "DeleteBucket",
    "DeleteBucketEncryption",
    "DeleteBucketPolicy",
    "DeleteBucketPublicAccessBlock",
    "PutBucketEncryption",
    "PutBucketLifecycle",
    "PutBucketObjectLockConfiguration",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketVersioning",
)
_KEY_CHANGES = ("CreateGrant", "DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion")
_LOG_CHANGES = ("DeleteLogGroup", "DeleteLogStream", "DeleteMetricFilter", "DisassociateKmsKey", "PutRetentionPolicy")
_MACIE_CHANGES = (
    "CreateFindingsFilter",
    "DisableMacie",
    "UpdateAutomatedDiscoveryConfiguration",
    "UpdateClassificationJob",
    "UpdateClassificationScope",
    "UpdateFindingsFilter",
    "UpdateMacieSession",
)
"""Among them filters, since Macie publishes no finding that a filter archives.
https://docs.aws.amazon.com/macie/latest/user/findings-suppression.html"""
_DENIED_OF = ("emr-serverless", "s3", "kms", "sts")


def _calls(service: str, names: Sequence[str], **parameters: Sequence[str]) -> dict[str, Any]:
    """Calls of a service by name, of all its resources or those with one of the values in a request parameter."""
    found: dict[str, Any] = {"eventSource": [f"{service}.amazonaws.com"], "eventName": list(names)}
    if parameters:
        found["requestParameters"] = {name: list(values) for name, values in parameters.items()}
    return found


def _pattern(detail: dict[str, Any]) -> dict[str, Any]:
    return {"detail-type": ["AWS API Call via CloudTrail"], "detail": detail}


def _any(*details: dict[str, Any]) -> dict[str, Any]:
    return _pattern({"$or": list(details)})


def application_changes(scope: Construct, alerts: Alerts) -> events.CfnRule:
    """Alert of each change of an application, by whomever."""
    return alerts.on_event(
        scope,
        "ApplicationChanges",
        "An EMR Serverless application was created, changed, started, stopped, deleted or tagged",
        _pattern(_calls("emr-serverless", _APPLICATION_CHANGES)),
    )


def trail_changes(scope: Construct, alerts: Alerts, names: Sequence[str]) -> events.CfnRule:
    """Alert of changes to a trail, which calls name by one of the names."""
    return alerts.on_event(
        scope,
        "TrailChanges",
        "The audit trail was stopped, changed or deleted",
        _any(
            _calls("cloudtrail", _TRAIL_CHANGES, name=names),
            _calls("cloudtrail", _TRAIL_CHANGES, trailName=names),
        ),
    )


def record_changes(
    scope: Construct, alerts: Alerts, *, bucket: s3.IBucket, key: kms.IKey, log_group_name: str
) -> events.CfnRule:
    """Alert of changes to what a trail writes to."""
    return alerts.on_event(
        scope,
        "RecordChanges",
        "The bucket, the key or the log group of the audit trail was changed or deleted",
        _any(
            _calls("s3", _BUCKET_CHANGES, bucketName=[bucket.bucket_name]),
            _calls("kms", _KEY_CHANGES, keyId=[key.key_id, key.key_arn]),
            _calls("logs", _LOG_CHANGES, logGroupName=[log_group_name]),
        ),
    )


def alert_changes(
    scope: Construct, alerts: Alerts, rules: Sequence[events.CfnRule], alarms: Sequence[cloudwatch.CfnAlarm] = ()
) -> events.CfnRule:
    """Alert when alerts are switched off. Whoever switches off this rule first is not told of."""
    names = [rule.ref for rule in rules]
    found = [
        _calls("events", ("DeleteRule", "DisableRule"), name=names),
        _calls("events", ("RemoveTargets",), rule=names),
        _calls("sns", ("DeleteTopic", "SetTopicAttributes"), topicArn=[alerts.topic_arn]),
    ]
    if alarms:
        found.append(
            _calls("monitoring", ("DeleteAlarms", "DisableAlarmActions"), alarmNames=[alarm.ref for alarm in alarms])
        )
    return alerts.on_event(scope, "AlertChanges", "Alerts were switched off", _any(*found))


def macie_changes(scope: Construct, alerts: Alerts, findings: events.CfnRule) -> events.CfnRule:
    """Alert when Macie looks at less, or the alert of its findings is switched off."""
    return alerts.on_event(
        scope,
        "Changes",
        "Macie, one of its jobs or the alert of its findings was changed or switched off",
        _any(
            _calls("macie2", _MACIE_CHANGES),
            _calls("events", ("DeleteRule", "DisableRule"), name=[findings.ref]),
            _calls("events", ("RemoveTargets",), rule=[findings.ref]),
        ),
    )


def denied_calls(
    scope: Construct, alerts: Alerts, owner: Owner, log_group: logs.ILogGroup, threshold: int
) -> cloudwatch.CfnAlarm:
    """Alert when calls that the trail records were refused, by whomever."""
    services = " || ".join(f'($.eventSource = "{service}.amazonaws.com")' for service in _DENIED_OF)
    codes = '($.errorCode = "AccessDenied*") || ($.errorCode = "*UnauthorizedOperation")'
    metric = f"DeniedCalls-{cdk.Names.unique_resource_name(scope, max_length=60, separator='-')}"
    counter = logs.CfnMetricFilter(
        scope,
        "DeniedCallsFilter",
        log_group_name=log_group.log_group_name,
        filter_pattern=f"{{ ({services}) && ({codes}) }}",
        metric_transformations=[
            logs.CfnMetricFilter.MetricTransformationProperty(
                metric_namespace=_NAMESPACE, metric_name=metric, metric_value="1"
            )
        ],
    )
    owner.mark(counter, "trail-log-group")
    return alerts.on_metric(
        scope,
        "DeniedCalls",
        "Calls were refused: look for errorCode AccessDenied in the log group of the audit trail",
        namespace=_NAMESPACE,
        metric=metric,
        threshold=threshold,
    )
