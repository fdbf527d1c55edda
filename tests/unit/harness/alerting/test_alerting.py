"""Rules, metric filters and alarms of the local cloud tell their topics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from alert_support import Subscriber, subscribed
from local_server_support import Running

from emrguard_local.alerting.patterns import PatternError, parse


@pytest.fixture
def topic(cloud: Running) -> str:
    """A topic."""
    return str(cloud.client("sns").create_topic(Name=cloud.name("alerts"))["TopicArn"])


@pytest.fixture
def subscriber(cloud: Running, topic: str) -> Iterator[Subscriber]:
    """Who is told."""
    with subscribed(cloud.client("sns"), topic) as found:
        yield found


@pytest.fixture
def trail(cloud: Running) -> Iterator[str]:
    """A trail of all management events that also writes to a log group, whose name is given."""
    group, role = cloud.name("group"), cloud.name("role")
    cloud.client("logs").create_log_group(logGroupName=group)
    trust = {"Version": "2012-10-17", "Statement": []}
    arn = cloud.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    client, name = cloud.client("cloudtrail"), cloud.name("trail")
    client.create_trail(
        Name=name,
        S3BucketName=cloud.bucket(),
        IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*",
        CloudWatchLogsRoleArn=arn,
    )
    client.start_logging(Name=name)
    yield group
    client.delete_trail(Name=name)


def _rule(cloud: Running, topic: str, pattern: dict[str, Any], state: str = "ENABLED") -> str:
    name = cloud.name("rule")
    cloud.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
    cloud.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": topic}])
    return name


def test_a_rule_tells_of_a_call(cloud: Running, topic: str, subscriber: Subscriber, trail: str) -> None:
    """The event is CloudTrail's record in EventBridge's envelope."""
    _rule(cloud, topic, {"source": ["aws.kms"], "detail": {"eventName": ["CreateKey"]}})
    cloud.client("kms").create_key(Description="told of")
    cloud.server.trails.deliver()
    event = subscriber.wait_for(lambda _: True)
    assert event["detail-type"] == "AWS API Call via CloudTrail"
    assert (event["account"], event["region"]) == ("123456789012", "us-east-1")
    assert event["detail"]["requestParameters"]["description"] == "told of"


@pytest.mark.parametrize(
    ("state", "told"),
    [("ENABLED", False), ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", True), ("DISABLED", False)],
)
def test_reads_are_told_only_to_rules_that_ask_for_them(
    cloud: Running, topic: str, subscriber: Subscriber, trail: str, state: str, told: bool
) -> None:
    """As EventBridge does; a rule that is off is told nothing."""
    rule = _rule(cloud, topic, {"detail": {"eventName": ["ListKeys", "CreateKey"]}}, state)
    _rule(cloud, topic, {"detail": {"eventName": ["CreateAlias"]}})
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    cloud.client("kms").list_keys()
    cloud.client("kms").create_alias(AliasName=f"alias/{rule}", TargetKeyId=key)
    cloud.server.trails.deliver()
    subscriber.wait_for(lambda event: event["detail"]["eventName"] == "CreateAlias")
    names = [event["detail"]["eventName"] for event in subscriber.messages]
    assert ("ListKeys" in names) is told
    assert ("CreateKey" in names) is (state != "DISABLED")


def test_refused_calls_raise_the_alarm_once(cloud: Running, topic: str, subscriber: Subscriber, trail: str) -> None:
    """The filter counts refused calls in the log group; the alarm tells when it comes, not again while it lasts."""
    metric = cloud.name("metric")
    cloud.client("logs").put_metric_filter(
        logGroupName=trail,
        filterName="denied",
        filterPattern='{ ($.eventSource = "kms.amazonaws.com") && ($.errorCode = "AccessDenied*") }',
        metricTransformations=[{"metricName": metric, "metricNamespace": "n", "metricValue": "1"}],
    )
    alarm = cloud.name("alarm")
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace="n",
        MetricName=metric,
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )

    def refused() -> None:
        with cloud.judge.denying("ListAliases", "no"), pytest.raises(Exception, match="AccessDenied"):
            cloud.client("kms").list_aliases()
        cloud.server.trails.deliver()

    def state() -> str:
        (found,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        return str(found["StateValue"])

    refused()
    assert state() == "OK"
    refused()
    message = subscriber.wait_for(lambda _: True)
    assert (message["AlarmName"], message["NewStateValue"], message["OldStateValue"]) == (alarm, "ALARM", "OK")
    assert state() == "ALARM"
    refused()
    assert len(subscriber.messages) == 1


def test_a_topic_that_does_not_let_the_service_publish(
    cloud: Running, topic: str, subscriber: Subscriber, trail: str
) -> None:
    """Publications are judged as the service's own, with the rule as their source."""
    rule = _rule(cloud, topic, {"detail": {"eventName": ["CreateKey"]}})
    with cloud.judge.denying("Publish", "no"):
        cloud.client("kms").create_key()
        cloud.server.trails.deliver()
    call = cloud.judge.last("Publish")
    assert call.identity is not None
    assert call.identity.principal.arn == "events.amazonaws.com"
    assert call.identity.context["aws:SourceArn"] == f"arn:aws:events:us-east-1:123456789012:rule/{rule}"
    assert subscriber.messages == []


_EVENT: dict[str, Any] = {
    "errorCode": "AccessDeniedException",
    "eventSource": "s3.amazonaws.com",
    "size": 10,
    "ok": True,
    "none": None,
    "items": [{"name": "a"}],
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.errorCode = "AccessDenied*" }', True),
        ('{ $.errorCode = "*UnauthorizedOperation" }', False),
        ('{ ($.eventSource = "kms*") || ($.eventSource = "s3*") && ($.errorCode = "Access*") }', True),
        ('{ (($.eventSource = "kms*") || ($.eventSource = "s3*")) && ($.errorCode = "No*") }', False),
        ('{ $.eventSource != "kms.amazonaws.com" }', True),
        ('{ $.missing != "x" }', False),
        ("{ $.size >= 10 }", True),
        ("{ $.size < 10 }", False),
        ("{ $.ok IS TRUE }", True),
        ("{ $.none IS NULL }", True),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.none EXISTS }", True),
        ('{ $.items[0].name = "a" }', True),
        ('{ $.items[1].name = "a" }', False),
        ('{ $.eventSource = "s?.amazonaws.com" }', False),
    ],
)
def test_patterns(pattern: str, matches: bool) -> None:
    """Text with wildcards, numbers, states, joined with && before ||."""
    assert parse(pattern)(_EVENT) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "ERROR",
        "{ $.a }",
        "{ $.a = }",
        '{ $.a = "x" ',
        '{ ($.a = "x" }',
        '{ $.a > "x" }',
        "{ $.a IS RED }",
        "{ $.a = %x% }",
        "{}",
    ],
)
def test_patterns_that_are_not_understood(pattern: str) -> None:
    """An error, never a guess."""
    with pytest.raises(PatternError):
        parse(pattern)
