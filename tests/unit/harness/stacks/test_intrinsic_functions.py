"""Intrinsic functions give what CloudFormation gives."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from deploy_support import ACCOUNT, FakeCloud, aws, resource, written

from emrguard_local.deploy import deploy
from emrguard_local.exceptions import DeployError

TEMPLATE: dict[str, Any] = {
    "Transform": "AWS::LanguageExtensions",
    "Parameters": {
        "Text": {"Type": "String", "Default": "hello"},
        "Count": {"Type": "Number", "Default": 3},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
    },
    "Mappings": {
        "Regions": {
            "us-east-1": {"Short": "use1", "Zones": ["one", "two"]},
        }
    },
    "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "Text"}, "hello"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
    "Resources": {"Bucket": resource("AWS::S3::Bucket", BucketName="data")},
}
VPC = resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16")


def value_of(directory: Path, expression: Any) -> str:
    """The output of a stack with the template above, and with a network where the expression asks for one."""
    network = {"Vpc": VPC} if "Vpc" in str(expression) else {}
    resources = TEMPLATE["Resources"] | network
    body = {**TEMPLATE, "Resources": resources, "Outputs": {"Value": {"Value": expression}}}
    return deploy(written(directory, App=body), FakeCloud()).outputs("App")["Value"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Ref": "Text"}, "hello"),
        ({"Ref": "Count"}, "3"),
        ({"Ref": "Bucket"}, "data"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "AWS::StackName"}, "App"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::data"),
        ({"Fn::GetAtt": "Bucket.DomainName"}, "data.s3.amazonaws.com"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Count"}, 7, True, {"Ref": "AWS::NoValue"}, "z"]]}, "a-3-7-true-z"),
        ({"Fn::Join": [",", {"Ref": "Names"}]}, "a,b,c"),
        ({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Ref": "Bucket"}]]}, "arn:aws:s3:::data"),
        ({"Fn::Select": ["1", {"Ref": "Names"}]}, "b"),
        ({"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Bucket", "Arn"]}]}]}, "data"),
        ({"Fn::Select": [2, {"Fn::Split": ["|", "a||c|"]}]}, "c"),
        (
            {"Fn::Sub": "${Text} ${!Text} ${Bucket.Arn} ${AWS::AccountId}"},
            f"hello ${{Text}} arn:aws:s3:::data {ACCOUNT}",
        ),
        ({"Fn::Sub": ["${Text}-${Mine}", {"Text": "own", "Mine": {"Ref": "Bucket"}}]}, "own-data"),
        ({"Fn::Sub": "$5 and {this} stay, ${Count} not"}, "$5 and {this} stay, 3 not"),
        ({"Fn::If": ["Yes", "yes", {"Fn::Select": [9, []]}]}, "yes"),
        ({"Fn::If": ["No", "yes", {"Fn::If": ["Yes", "inner", "no"]}]}, "inner"),
        ({"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Short"]}, "use1"),
        ({"Fn::Select": [1, {"Fn::FindInMap": ["Regions", "us-east-1", "Zones"]}]}, "two"),
        ({"Fn::FindInMap": ["Regions", "eu-west-1", "Short", {"DefaultValue": "none"}]}, "none"),
        ({"Fn::Base64": {"Fn::Sub": "ä ${Bucket}"}}, base64.b64encode("ä data".encode()).decode()),
        (
            {"Fn::Join": [" ", {"Fn::Cidr": ["192.168.0.0/24", "3", "5"]}]},
            "192.168.0.0/27 192.168.0.32/27 192.168.0.64/27",
        ),
        ({"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 2]}]}, "10.0.1.0/24"),
        ({"Fn::Select": [0, {"Fn::Cidr": ["2001:db8::/56", 1, 64]}]}, "2001:db8::/64"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "us-east-1a"),
        ({"Fn::Select": [1, {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}, "us-east-1b"),
        ({"Fn::ToJsonString": {"Bucket": {"Ref": "Bucket"}, "n": 1}}, '{"Bucket":"data","n":1}'),
        ({"Fn::Length": {"Ref": "Names"}}, "3"),
    ],
)
def test_value(tmp_path: Path, expression: Any, value: str) -> None:
    """Each function, before and after the resources that it depends on are there."""
    assert value_of(tmp_path, expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"Ref": "Text", "More": 1}, "Ref stands beside other keys"),
        ({"Fn::Join": ["-", "text"]}, "Fn::Join wants a delimiter and a list"),
        ({"Fn::Join": ["-", [["a"]]]}, r'Fn::Join: \["a"\] is not a string'),
        ({"Fn::Split": ["", "text"]}, "Fn::Split wants a delimiter"),
        ({"Fn::Select": [-1, ["a"]]}, "is not a whole number from 0"),
        ({"Fn::Select": [3, {"Ref": "Names"}]}, "Fn::Select wants value 3 of a list of 3"),
        ({"Fn::Sub": "${ Text }"}, "is not a name"),
        ({"Fn::Sub": "${Names}"}, r"Fn::Sub of \${Names}: .* is not a string"),
        ({"Fn::Sub": "${Nobody}"}, "Nobody is neither a resource nor a parameter"),
        ({"Fn::If": ["Perhaps", "a", "b"]}, "Perhaps is not a condition"),
        ({"Fn::FindInMap": ["Regions", "mars", "Short"]}, "Fn::FindInMap finds no Regions.mars.Short"),
        ({"Fn::FindInMap": ["Regions", {"Ref": "Bucket"}, "Short"]}, "cannot depend on a resource"),
        ({"Fn::ImportValue": {"Ref": "Bucket"}}, "cannot depend on a resource"),
        ({"Fn::Cidr": ["10.0.0.0/24", 3, 7]}, "does not hold 3 blocks of 7 host bits"),
        ({"Fn::Cidr": ["10.0.0.0/8", 257, 8]}, "a count from 1 to 256"),
        ({"Fn::GetAZs": "eu-west-1"}, "the local cloud is us-east-1 only"),
        ({"Fn::GetAtt": ["Bucket", "Colour"]}, "no modelled attribute Colour"),
        ({"Fn::Rot13": "x"}, "Fn::Rot13 is not modelled"),
        ({"Ref": "AWS::NoValue"}, "is not a string"),
        (["a", "list"], "is not a string"),
    ],
)
def test_mistake(tmp_path: Path, expression: Any, reason: str) -> None:
    """What CloudFormation refuses is refused, with the function's name."""
    with pytest.raises(DeployError, match=reason):
        value_of(tmp_path, expression)


def test_no_value_takes_the_property_away(tmp_path: Path) -> None:
    """AWS::NoValue is as if the property, or the list item, had not been written."""
    body = {
        **TEMPLATE,
        "Resources": {
            "Key": resource(
                "AWS::KMS::Key",
                Description={"Fn::If": ["No", "text", {"Ref": "AWS::NoValue"}]},
                Tags=[
                    {"Key": "a", "Value": "1"},
                    {"Fn::If": ["No", {"Key": "b", "Value": "2"}, {"Ref": "AWS::NoValue"}]},
                ],
            )
        },
    }
    (key,) = deploy(written(tmp_path, App=body), FakeCloud()).resources
    assert aws("kms").describe_key(KeyId=key.physical_id)["KeyMetadata"]["Description"] == ""
    assert aws("kms").list_resource_tags(KeyId=key.physical_id)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]


def test_dynamic_reference_to_ssm(tmp_path: Path) -> None:
    """`{{resolve:ssm:name}}` reads the local cloud's parameter, also when the text is put together."""
    aws("ssm").put_parameter(Name="/team", Type="String", Value="blue")
    assert value_of(tmp_path, "is {{resolve:ssm:/team}}") == "is blue"
    assert value_of(tmp_path, {"Fn::Join": ["", ["{{resolve:ssm:", "/team", "}}"]]}) == "blue"
