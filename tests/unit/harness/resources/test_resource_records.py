"""Log groups, trails and parameters are in their services as their template says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deploy_support import FakeCloud, Forgetful, aws, deployed, physical_id, resource

from emrguard_local.exceptions import DeployError

SELECTORS = [
    {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "resources.ARN", "StartsWith": [{"Fn::Sub": "${Bucket.Arn}/"}]},
        ]
    },
]


def trail(**more: Any) -> dict[str, dict[str, Any]]:
    """A trail with all that it writes to."""
    return {
        "Bucket": resource("AWS::S3::Bucket"),
        "Key": resource("AWS::KMS::Key"),
        "Group": resource("AWS::Logs::LogGroup"),
        "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []}),
        "Trail": resource(
            "AWS::CloudTrail::Trail",
            IsLogging=True,
            S3BucketName={"Ref": "Bucket"},
            KMSKeyId={"Fn::GetAtt": ["Key", "Arn"]},
            CloudWatchLogsLogGroupArn={"Fn::GetAtt": ["Group", "Arn"]},
            CloudWatchLogsRoleArn={"Fn::GetAtt": ["Role", "Arn"]},
            EnableLogFileValidation=True,
            IsMultiRegionTrail=True,
            IncludeGlobalServiceEvents=True,
            Tags=[{"Key": "a", "Value": "b"}],
            **more,
        ),
    }


def test_log_group(tmp_path: Path) -> None:
    """Key, retention, class and tags, asked of CloudWatch Logs; the attribute Arn ends in `:*`."""
    deployment = deployed(
        tmp_path,
        Key=resource("AWS::KMS::Key"),
        Group=resource(
            "AWS::Logs::LogGroup",
            LogGroupName="/aws/app",
            KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]},
            RetentionInDays="365",
            LogGroupClass="STANDARD",
            Tags=[{"Key": "tenant", "Value": "flights"}],
        ),
        Name=resource("AWS::SSM::Parameter", Type="String", Value={"Fn::GetAtt": ["Group", "Arn"]}),
    )
    (found,) = aws("logs").describe_log_groups()["logGroups"]
    assert found["logGroupName"] == physical_id(deployment, "Group") == "/aws/app"
    assert found["retentionInDays"] == 365
    assert found["kmsKeyId"].endswith(physical_id(deployment, "Key"))
    tags = aws("logs").list_tags_log_group(logGroupName="/aws/app")["tags"]
    assert tags["tenant"] == "flights"
    assert tags["aws:cloudformation:logical-id"] == "Group"
    value = aws("ssm").get_parameter(Name=physical_id(deployment, "Name"))["Parameter"]["Value"]
    assert value == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/app:*"


def test_trail(tmp_path: Path) -> None:
    """Where the trail writes, with which key, what it selects, and that it is on, asked of CloudTrail."""
    deployment = deployed(tmp_path, **trail(AdvancedEventSelectors=SELECTORS))
    client, name = aws("cloudtrail"), physical_id(deployment, "Trail")
    found = client.get_trail(Name=name)["Trail"]
    bucket = physical_id(deployment, "Bucket")
    assert found["S3BucketName"] == bucket
    assert found["KmsKeyId"].endswith(physical_id(deployment, "Key"))
    assert found["CloudWatchLogsLogGroupArn"].endswith(f":{physical_id(deployment, 'Group')}:*")
    assert found["CloudWatchLogsRoleArn"].endswith(f"/{physical_id(deployment, 'Role')}")
    assert found["LogFileValidationEnabled"] is found["IsMultiRegionTrail"] is True
    assert client.get_trail_status(Name=name)["IsLogging"] is True
    selectors = client.get_event_selectors(TrailName=name)["AdvancedEventSelectors"]
    assert selectors[1]["FieldSelectors"][2]["StartsWith"] == [f"arn:aws:s3:::{bucket}/"]


def test_trail_that_does_not_log(tmp_path: Path) -> None:
    """IsLogging false leaves the trail off."""
    resources = trail()
    resources["Trail"]["Properties"]["IsLogging"] = False
    deployment = deployed(tmp_path, **resources)
    status = aws("cloudtrail").get_trail_status(Name=physical_id(deployment, "Trail"))
    assert status["IsLogging"] is False


def test_trail_with_both_kinds_of_selectors(tmp_path: Path) -> None:
    """CloudTrail takes one kind of selectors; a template with both is an error."""
    with pytest.raises(DeployError, match="EventSelectors or AdvancedEventSelectors, not both"):
        deployed(tmp_path, **trail(AdvancedEventSelectors=SELECTORS, EventSelectors=[{"ReadWriteType": "All"}]))


def test_trail_whose_selectors_are_dropped(tmp_path: Path) -> None:
    """A trail without its selectors would record nothing of the data: the deployment fails."""
    cloud = FakeCloud(cloudtrail=Forgetful(aws("cloudtrail"), "get_event_selectors", {}))
    with pytest.raises(DeployError, match=r"did not keep Trail.*AdvancedEventSelectors"):
        deployed(tmp_path, cloud, **trail(AdvancedEventSelectors=SELECTORS))


def test_parameter(tmp_path: Path) -> None:
    """Value, type, description and tags of an SSM parameter."""
    deployed(
        tmp_path,
        Parameter=resource(
            "AWS::SSM::Parameter",
            Name="/app/teams",
            Type="StringList",
            Value={"Fn::Join": [",", ["a", "b"]]},
            Description="the teams",
            Tags={"a": "b"},
        ),
    )
    assert aws("ssm").get_parameter(Name="/app/teams")["Parameter"]["Value"] == "a,b"
    (found,) = aws("ssm").describe_parameters()["Parameters"]
    assert (found["Type"], found["Description"]) == ("StringList", "the teams")
