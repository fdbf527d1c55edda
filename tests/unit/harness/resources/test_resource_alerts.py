"""Rules, topics, alarms and metric filters are in their services as their template says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deploy_support import FakeCloud, Forgetful, aws, deployed, physical_id, resource

from emrguard_local.exceptions import DeployError

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": {"Ref": "Topic"},
        }
    ],
}
PATTERN = {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"$or": [{"eventName": ["A"]}]}}


def alerts() -> dict[str, dict[str, Any]]:
    """All that alerts of something."""
    return {
        "Key": resource("AWS::KMS::Key"),
        "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId={"Fn::GetAtt": ["Key", "Arn"]}, DisplayName="alerts"),
        "Policy": resource("AWS::SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=POLICY),
        "Mail": resource(
            "AWS::SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="email", Endpoint="a@example.com"
        ),
        "Rule": resource(
            "AWS::Events::Rule",
            Description="changes",
            EventPattern=PATTERN,
            State="ENABLED",
            Targets=[{"Id": "Alerts", "Arn": {"Ref": "Topic"}}],
        ),
        "Group": resource("AWS::Logs::LogGroup"),
        "Filter": resource(
            "AWS::Logs::MetricFilter",
            LogGroupName={"Ref": "Group"},
            FilterPattern='{ $.errorCode = "AccessDenied*" }',
            MetricTransformations=[{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}],
        ),
        "Alarm": resource(
            "AWS::CloudWatch::Alarm",
            AlarmDescription="refused",
            AlarmActions=[{"Ref": "Topic"}],
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            EvaluationPeriods=1,
            MetricName="m",
            Namespace="n",
            Period=300,
            Statistic="Sum",
            Threshold="1",
            TreatMissingData="notBreaching",
            Tags=[{"Key": "a", "Value": "b"}],
        ),
    }


def test_alerts(tmp_path: Path) -> None:
    """Each as asked of its service, and that no mail is sent is listed."""
    deployment = deployed(tmp_path, **alerts())
    topic, rule = physical_id(deployment, "Topic"), physical_id(deployment, "Rule")
    attributes = aws("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["KmsMasterKeyId"].endswith(physical_id(deployment, "Key"))
    assert json.loads(attributes["Policy"])["Statement"][0]["Resource"] == topic
    found = aws("events").describe_rule(Name=rule)
    assert (json.loads(found["EventPattern"]), found["State"]) == (PATTERN, "ENABLED")
    assert aws("events").list_targets_by_rule(Rule=rule)["Targets"] == [{"Id": "Alerts", "Arn": topic}]
    (alarm,) = aws("cloudwatch").describe_alarms(AlarmNames=[physical_id(deployment, "Alarm")])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (1.0, [topic])
    (counter,) = aws("logs").describe_metric_filters(logGroupName=physical_id(deployment, "Group"))["metricFilters"]
    assert counter["filterPattern"] == '{ $.errorCode = "AccessDenied*" }'
    (subscription,) = aws("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == "a@example.com"
    listed = {each.split(": ")[0] for each in deployment.exceptions}
    assert listed == {"AWS::SNS::Subscription Endpoint"}


def test_rule_whose_target_is_dropped(tmp_path: Path) -> None:
    """A rule without its target would tell nobody: the deployment fails."""
    cloud = FakeCloud(events=Forgetful(aws("events"), "list_targets_by_rule", {"Targets": []}))
    with pytest.raises(DeployError, match="did not keep Targets"):
        deployed(tmp_path, cloud, **alerts())


def test_rule_on_a_schedule(tmp_path: Path) -> None:
    """What is not modelled is an error before anything is created."""
    with pytest.raises(DeployError, match="ScheduleExpression: not modelled"):
        deployed(tmp_path, Rule=resource("AWS::Events::Rule", ScheduleExpression="rate(1 day)"))


def test_filter_that_is_not_understood(tmp_path: Path) -> None:
    """A metric filter that would never count is an error."""
    resources = alerts()
    resources["Filter"]["Properties"]["FilterPattern"] = "ERROR -timeout"
    with pytest.raises(DeployError, match="FilterPattern is not modelled"):
        deployed(tmp_path, **resources)
