"""Stacks are created in the order of their needs, and know each other's outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deploy_support import ACCOUNT, FakeCloud, aws, deployed, physical_id, resource, written

from emrguard_local.deploy import Progress, deploy
from emrguard_local.exceptions import DeployError

BOOTSTRAP: dict[str, Any] = {
    "Parameters": {
        "BootstrapVersion": {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": "/cdk-bootstrap/hnb659fds/version",
        }
    },
    "Rules": {
        "CheckBootstrapVersion": {
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]},
                    "AssertDescription": "CDK bootstrap stack version 6 required.",
                }
            ]
        }
    },
    "Resources": {"Bucket": resource("AWS::S3::Bucket")},
}


def test_resources_come_after_what_they_need(tmp_path: Path) -> None:
    """References and DependsOn set the order, whatever the template's own order; progress tells it."""
    template = {
        "Resources": {
            "Policy": resource(
                "AWS::S3::BucketPolicy",
                Bucket={"Ref": "Bucket"},
                PolicyDocument={
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": {"Fn::Sub": ["${Arn}/*", {"Arn": {"Fn::GetAtt": ["Bucket", "Arn"]}}]},
                        }
                    ],
                },
            ),
            "Bucket": {**resource("AWS::S3::Bucket"), "DependsOn": "Group"},
            "Group": resource("AWS::Logs::LogGroup"),
        }
    }
    heard: list[Progress] = []
    deployment = deploy(written(tmp_path, App=template), FakeCloud(), heard.append)
    assert [event.logical_id for event in heard] == ["Group", "Bucket", "Policy"]
    assert [(each.stack, each.logical_id) for each in deployment.resources] == [
        ("App", "Group"),
        ("App", "Bucket"),
        ("App", "Policy"),
    ]
    bucket = physical_id(deployment, "Bucket")
    kept = json.loads(aws("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    assert kept["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"


@pytest.mark.parametrize(
    "reading",
    [
        {"Fn::ImportValue": "Zeta:Bucket"},
        {"Fn::GetStackOutput": {"StackName": "Zeta", "OutputName": "BucketName"}},
    ],
    ids=["import", "weak"],
)
def test_stack_that_reads_another_comes_after_it(tmp_path: Path, reading: dict[str, Any]) -> None:
    """Fn::ImportValue and Fn::GetStackOutput give the other stack's value, which is deployed first."""
    zeta = {
        "Resources": {"Bucket": resource("AWS::S3::Bucket")},
        "Outputs": {
            "BucketName": {"Value": {"Ref": "Bucket"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:Bucket"}}}
        },
    }
    alpha = {
        "Resources": {"Group": resource("AWS::Logs::LogGroup", LogGroupName={"Fn::Join": ["/", ["/logs", reading]]})},
        "Outputs": {"Again": {"Value": reading}},
    }
    deployment = deploy(written(tmp_path, Alpha=alpha, Zeta=zeta), FakeCloud())
    bucket = deployment.outputs("Zeta")["BucketName"]
    assert deployment.outputs("Alpha") == {"Again": bucket}
    assert physical_id(deployment, "Group") == f"/logs/{bucket}"


def test_two_stacks_cannot_export_one_name(tmp_path: Path) -> None:
    """Export names are unique in a region, as in CloudFormation."""
    stack = {"Resources": {}, "Outputs": {"O": {"Value": "x", "Export": {"Name": "same"}}}}
    with pytest.raises(DeployError, match=r"Two: Outputs\.O\.Export: One exports same too"):
        deploy(written(tmp_path, One=stack, Two=stack), FakeCloud())


def test_outputs(tmp_path: Path) -> None:
    """Outputs are strings; one with a false condition is not there; an unknown stack is an error."""
    template = {
        "Conditions": {"Never": {"Fn::Equals": [{"Ref": "AWS::Region"}, "mars-north-1"]}},
        "Resources": {},
        "Outputs": {"Number": {"Value": 5}, "Gone": {"Value": "x", "Condition": "Never"}},
    }
    deployment = deploy(written(tmp_path, App=template), FakeCloud())
    assert deployment.outputs("App") == {"Number": "5"}
    with pytest.raises(DeployError, match="no stack Other was deployed, only App"):
        deployment.outputs("Other")


def test_condition_of_a_resource(tmp_path: Path) -> None:
    """A resource with a false condition is not created, and a DependsOn on it counts for nothing."""
    template = {
        "Parameters": {"Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]}},
        "Conditions": {
            "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "Dev": {"Fn::Not": [{"Condition": "Prod"}]},
            "Here": {"Fn::And": [{"Condition": "Dev"}, {"Fn::Equals": [{"Ref": "AWS::AccountId"}, ACCOUNT]}]},
        },
        "Resources": {
            "Prod": {**resource("AWS::S3::Bucket"), "Condition": "Prod"},
            "Here": {**resource("AWS::S3::Bucket"), "Condition": "Here", "DependsOn": "Prod"},
        },
    }
    deployment = deploy(written(tmp_path, App=template), FakeCloud())
    assert [each.logical_id for each in deployment.resources] == ["Here"]


def test_bootstrap_version_is_a_listed_exception(tmp_path: Path) -> None:
    """CDK's own check passes in a cloud without bootstrap resources, and the deployment says why."""
    deployment = deploy(written(tmp_path, App=BOOTSTRAP), FakeCloud())
    assert any("BootstrapVersion: CDK's bootstrap resources" in each for each in deployment.exceptions)


def test_bootstrap_version_of_the_cloud_counts(tmp_path: Path) -> None:
    """Where the local cloud has the parameter, its value is what the rule judges."""
    name = "/cdk-bootstrap/hnb659fds/version"
    aws("ssm").put_parameter(Name=name, Type="String", Value="5")
    with pytest.raises(DeployError, match=r"Rules\.CheckBootstrapVersion: CDK bootstrap stack version 6 required"):
        deploy(written(tmp_path, App=BOOTSTRAP), FakeCloud())
    aws("ssm").put_parameter(Name=name, Type="String", Value="21", Overwrite=True)
    deployment = deploy(written(tmp_path, App=BOOTSTRAP), FakeCloud())
    assert not any("BootstrapVersion" in each for each in deployment.exceptions)


def test_manifest_gives_names_tags_and_order(tmp_path: Path) -> None:
    """A stack's own name, its tags on every taggable resource, and the order of stacks come from the manifest."""
    first = {"Resources": {"Key": resource("AWS::KMS::Key", Tags=[{"Key": "team", "Value": "own"}])}}
    second = {"Resources": {"Group": resource("AWS::Logs::LogGroup")}}
    written(tmp_path, First=first, Second=second)

    def stack(name: str, **more: Any) -> dict[str, Any]:
        properties = {"templateFile": f"{name}.template.json", "stackName": f"prod-{name}", **more}
        return {"type": "aws:cloudformation:stack", "properties": properties}

    manifest = {
        "artifacts": {
            "First": {**stack("First", tags={"team": "stack", "stage": "dev"}), "dependencies": ["Second"]},
            "Second": stack("Second"),
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    deployment = deploy(written(tmp_path), FakeCloud())
    assert [each.stack for each in deployment.resources] == ["prod-Second", "prod-First"]
    tags = aws("kms").list_resource_tags(KeyId=physical_id(deployment, "Key"))["Tags"]
    assert {tag["TagKey"]: tag["TagValue"] for tag in tags} == {"team": "own", "stage": "dev"}


def test_generated_names(tmp_path: Path) -> None:
    """Names follow CloudFormation's form and differ at each deployment."""
    deployment = deployed(tmp_path, Data=resource("AWS::S3::Bucket"))
    name = physical_id(deployment, "Data")
    assert name.startswith("app-data-")
    assert len(name) == len("app-data-") + 12
    assert physical_id(deployed(tmp_path, Data=resource("AWS::S3::Bucket")), "Data") != name
