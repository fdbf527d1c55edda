"""Alerts are sent for what matters, by this account's services only, and nobody reads them on the way."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from construct_support import ACCOUNT, REGION, Synthesized, new_app, synthesize
from moto.events.models import EventPattern

from emrguard import Alerts, ArgumentError, AuditTrail, DataBucket, ObjectLock, OrganizationTrail, Tenant
from emrguard.application_key import ApplicationKey
from emrguard_policies.iam.decide import Principal

_TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/everything"
_EVENTS = Principal("service", "events.amazonaws.com", "")
_CLOUDWATCH = Principal("service", "cloudwatch.amazonaws.com", "")
_BUDGETS = Principal("service", "budgets.amazonaws.com", "")


def _call(source: str, event: str, /, **parameters: Any) -> dict[str, Any]:
    return {
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.any",
        "detail": {
            "eventSource": f"{source}.amazonaws.com",
            "eventName": event,
            "requestParameters": parameters or {"any": "thing"},
        },
    }


def _alerted(found: Synthesized, event: dict[str, Any]) -> list[str]:
    """Descriptions of the rules that match."""
    return [
        str(each["Description"])
        for each in found.of("AWS::Events::Rule").values()
        if EventPattern(None, each["EventPattern"]).matches_event(event)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("name", ["CreateApplication", "UpdateApplication", "DeleteApplication", "StopApplication"])
def test_changes_of_applications_alert(trail: Synthesized, name: str) -> None:
    """By whomever; a job run or a reading call does not."""
    assert len(_alerted(trail, _call("emr-serverless", name, applicationId="00a"))) == 1
    assert _alerted(trail, _call("emr-serverless", "StartJobRun")) == []
    assert _alerted(trail, _call("emr-serverless", "GetApplication")) == []


def test_tampering_alerts(trail: Synthesized) -> None:
    """Stopping or changing the trail by name or ARN, its bucket, its key, its log group, or the alerts themselves."""
    (output,) = [trail.resolve(each["Value"]) for name, each in trail.template["Outputs"].items() if name == "TrailArn"]
    key, bucket = trail.arn("AWS::KMS::Key", "trail-key"), trail.bucket("trail-bucket")
    group = trail.one("AWS::Logs::LogGroup", "trail-log-group")["LogGroupName"]
    rule = next(iter(trail.of("AWS::Events::Rule")))
    for event in (
        _call("cloudtrail", "StopLogging", name=output),
        _call("cloudtrail", "DeleteTrail", name=output.rpartition("/")[2]),
        _call("cloudtrail", "PutEventSelectors", trailName=output),
        _call("s3", "PutBucketPolicy", bucketName=bucket),
        _call("s3", "PutBucketLifecycle", bucketName=bucket),
        _call("kms", "DisableKey", keyId=key),
        _call("kms", "ScheduleKeyDeletion", keyId=key.rpartition("/")[2]),
        _call("logs", "DeleteLogGroup", logGroupName=group),
        _call("events", "DisableRule", name=rule),
        _call("monitoring", "DeleteAlarms", alarmNames=[next(iter(trail.of("AWS::CloudWatch::Alarm")))]),
        _call("sns", "DeleteTopic", topicArn=trail.arn("AWS::SNS::Topic")),
    ):
        assert len(_alerted(trail, event)) == 1, event
    for event in (
        _call("cloudtrail", "StopLogging", name="another"),
        _call("s3", "PutBucketPolicy", bucketName="another"),
        _call("kms", "DisableKey", keyId="another"),
    ):
        assert _alerted(trail, event) == [], event


def test_refused_calls_alert(trail: Synthesized) -> None:
    """The metric filter sits on the trail's log group, where refused reads are, too; its alarm goes to the topic."""
    counter = trail.one("AWS::Logs::MetricFilter")
    group = trail.one("AWS::Logs::LogGroup", "trail-log-group")
    assert counter["LogGroupName"] == group["LogGroupName"]
    for part in ('$.errorCode = "AccessDenied*"', '"emr-serverless.amazonaws.com"', '"s3.', '"kms.', '"sts.'):
        assert part in counter["FilterPattern"]
    (metric,) = counter["MetricTransformations"]
    alarm = trail.one("AWS::CloudWatch::Alarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])
    assert (alarm["Threshold"], alarm["Statistic"], alarm["TreatMissingData"]) == (1, "Sum", "notBreaching")
    assert alarm["AlarmActions"] == [trail.arn("AWS::SNS::Topic")]


def test_only_services_of_this_account_publish(trail: Synthesized) -> None:
    """A stranger's rule, alarm or budget cannot send alerts here, nor can a tenant; and never without TLS."""
    topic = trail.arn("AWS::SNS::Topic")
    alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:x"
    here = {"aws:SourceAccount": ACCOUNT}
    assert trail.ask((_EVENTS, []), "sns:Publish", topic, here).allowed
    assert trail.ask((_CLOUDWATCH, []), "sns:Publish", topic, here | {"aws:SourceArn": alarm}).allowed
    assert trail.ask(
        (_BUDGETS, []), "sns:Publish", topic, here | {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:b"}
    ).allowed
    for who in (_EVENTS, _CLOUDWATCH, _BUDGETS):
        there = {"aws:SourceAccount": "999999999999", "aws:SourceArn": alarm}
        assert not trail.ask((who, []), "sns:Publish", topic, there).allowed
    assert not trail.ask(trail.session("execution-role"), "sns:Publish", topic).allowed
    assert trail.ask((_EVENTS, []), "sns:Publish", topic, here | {"aws:SecureTransport": "false"}).explicit


def test_the_topic_is_encrypted_with_a_key_that_publishers_use(trail: Synthesized) -> None:
    """EventBridge sends no source with the use of the key, so none is asked for; alarms of this account may use it."""
    key = trail.arn("AWS::KMS::Key", "alerts-key")
    assert trail.one("AWS::SNS::Topic")["KmsMasterKeyId"] == key
    assert trail.ask((_EVENTS, []), "kms:GenerateDataKey", key).allowed
    alarm = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:x"}
    assert trail.ask((_CLOUDWATCH, []), "kms:GenerateDataKey", key, alarm).allowed
    assert not trail.ask((_CLOUDWATCH, []), "kms:GenerateDataKey", key, {"aws:SourceAccount": "999999999999"}).allowed
    assert not trail.ask(trail.session("execution-role"), "kms:Decrypt", key).allowed


def test_mails_are_subscribed() -> None:
    """Each address once, and no text that is none."""
    found = synthesize(lambda stack: Alerts(stack, "Alerts", emails=["a@example.com", "b@example.com"]))
    assert [each["Endpoint"] for each in found.of("AWS::SNS::Subscription").values()] == [
        "a@example.com",
        "b@example.com",
    ]
    for emails, message in (
        (["nobody"], r"emails\[0\] is 'nobody'; write one such as"),
        ("a@example.com", "write a list"),
    ):
        with pytest.raises(ArgumentError, match=message):
            Alerts(cdk.Stack(), "Alerts", emails=emails)


def test_a_topic_that_exists_can_be_given() -> None:
    """Then no topic and no key is made, and two trails may share it."""
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:security"

    def build(stack: cdk.Stack) -> None:
        alerts = Alerts.from_topic_arn(stack, "Alerts", arn)
        for name in ("flights", "payroll"):
            team = Tenant(stack, name, name=name)
            AuditTrail(stack, f"{name}-trail", buckets=[team.data], alerts=alerts)

    found = synthesize(build)
    assert not found.of("AWS::SNS::Topic")
    assert {each["Targets"][0]["Arn"] for each in found.of("AWS::Events::Rule").values()} == {arn}
    with pytest.raises(ArgumentError, match="topic_arn is 'security'; write arn:aws:sns"):
        synthesize(lambda stack: Alerts.from_topic_arn(stack, "Alerts", "security"))


def test_records_are_locked(trail: Synthesized) -> None:
    """For a year by default; longer, for everybody or not at all on demand, the latter with a reason."""
    lock = trail.one("AWS::S3::Bucket", "trail-bucket")
    assert lock["ObjectLockEnabled"] is True
    assert lock["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 365}

    def build(stack: cdk.Stack, **more: Any) -> None:
        key = ApplicationKey(stack, "Key", tenant="flights")
        data = DataBucket(stack, "Data", tenant="flights", key=key, object_lock=ObjectLock(days=30))
        AuditTrail(stack, "Trail", buckets=[data], **more)

    found = synthesize(lambda stack: build(stack, object_lock=ObjectLock(days=2557, mode="COMPLIANCE")))
    retention = {
        part: found.one("AWS::S3::Bucket", part)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        for part in ("trail-bucket", "data-bucket")
    }
    assert retention["trail-bucket"] == {"Mode": "COMPLIANCE", "Days": 2557}
    assert retention["data-bucket"] == {"Mode": "GOVERNANCE", "Days": 30}

    reason = "a copy in the security account is locked"
    unlocked = synthesize(lambda stack: build(stack, no_object_lock_because=reason))
    assert "ObjectLockEnabled" not in unlocked.one("AWS::S3::Bucket", "trail-bucket")
    (mark,) = [unlocked.mark(name) for name, each in unlocked.resources.items() if each["Type"].endswith("::Trail")]
    assert mark["reasons"] == {"no_object_lock_because": reason}

    for more, message in (
        ({"object_lock": ObjectLock(days=89)}, "object_lock.days is 89; lock for at least 90 days"),
        ({"object_lock": ObjectLock(days=90, mode="FOREVER")}, "object_lock.mode is 'FOREVER'; write GOVERNANCE or"),  # type: ignore[arg-type]
        ({"object_lock": ObjectLock(days=1), "no_object_lock_because": reason}, "leave it out or object_lock"),
        ({"retention_because": reason}, "retention_because is .*; leave it out"),
        ({"expire_after": cdk.Duration.days(89)}, "expire_after is '89 days'; keep records for 90 days at least"),
        ({"denied_calls": 0}, "denied_calls is 0; write a whole number of calls from 1"),
    ):
        with pytest.raises(ArgumentError, match=message):
            build(cdk.Stack(), **more)


def test_the_trail_of_an_organization_is_declared() -> None:
    """The template says which trail it is and why it is enough; alerts are made here, a trail is not."""
    stack = cdk.Stack(new_app(), "Stack")
    OrganizationTrail(stack, "Trail", trail_arn=_TRAIL, because="the security account records all accounts")
    found = Synthesized(cdk.assertions.Template.from_stack(stack).to_json())
    assert found.template["Metadata"]["emrguard"]["organization-trail"] == {
        "shared": "the security account records all accounts",
        "part": "organization-trail",
        "trail": _TRAIL,
    }
    assert not found.of("AWS::CloudTrail::Trail")
    assert len(_alerted(found, _call("emr-serverless", "DeleteApplication"))) == 1
    assert len(_alerted(found, _call("cloudtrail", "StopLogging", name=_TRAIL))) == 1
    for arn, because, message in (
        ("everything", "it records all accounts", "trail_arn is 'everything'; write arn:aws:cloudtrail"),
        (_TRAIL, "", "because is ''; say in a few words why"),
    ):
        with pytest.raises(ArgumentError, match=message):
            OrganizationTrail(cdk.Stack(), "T", trail_arn=arn, because=because)
