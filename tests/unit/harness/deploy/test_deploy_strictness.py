"""What cannot be deployed exactly is refused as a whole, with every reason."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deploy_support import ACCOUNT, FakeCloud, Forgetful, aws, deployed, resource, written

from emrguard_local.deploy import deploy
from emrguard_local.exceptions import DeployError
from emrguard_local.resources.registry import HANDLERS
from emrguard_local.stacks.environment import Environment
from emrguard_local.stacks.plan import plan
from emrguard_policies.exceptions import EmrGuardError


def refused(directory: Path, template: dict[str, Any]) -> list[str]:
    """The problems of a stack `App`, which must leave the account empty."""
    template.setdefault("Resources", {})
    template["Resources"]["Fine"] = resource("AWS::S3::Bucket", BucketName="fine")
    with pytest.raises(DeployError) as error:
        deploy(written(directory, App=template), FakeCloud())
    assert aws("s3").list_buckets()["Buckets"] == []
    head, *lines = str(error.value).splitlines()
    assert "nothing was created" in head
    return [line.strip() for line in lines]


def test_all_problems_at_once_and_nothing_created(tmp_path: Path) -> None:
    """One run tells everything that is wrong, each with stack, resource, type, path and reason."""
    problems = refused(
        tmp_path,
        {
            "Resources": {
                "Queue": resource("AWS::SQS::Queue"),
                "Data": resource("AWS::S3::Bucket", VersioningConfiguration={"Status": "Enable"}, Colour="red"),
                "Role": resource("AWS::IAM::Role", Descriptoin="a typo"),
                "Key": resource("AWS::KMS::Key", KeyPolicy={"Resource": {"Fn::GetAtt": ["Data", "Arm"]}}),
                "Group": {**resource("AWS::Logs::LogGroup", RetentionInDays="a year"), "DependsOn": "Nothing"},
                "Policy": {
                    **resource("AWS::S3::BucketPolicy", Bucket={"Ref": "Missing"}, PolicyDocument={}),
                    "CreationPolicy": {},
                },
            }
        },
    )
    assert problems == [
        "App/Queue (AWS::SQS::Queue): the local cloud does not model this resource type",
        'App/Data (AWS::S3::Bucket): VersioningConfiguration.Status: "Enable" is not one of Enabled, Suspended',
        'App/Data (AWS::S3::Bucket): Colour: not modelled, found "red"',
        'App/Role (AWS::IAM::Role): Descriptoin: not modelled, found "a typo"',
        "App/Role (AWS::IAM::Role): AssumeRolePolicyDocument: required and missing",
        "App/Key (AWS::KMS::Key): KeyPolicy.Resource: Data (AWS::S3::Bucket) has no modelled attribute Arm, but: "
        "Arn, DomainName, DualStackDomainName, RegionalDomainName",
        'App/Group (AWS::Logs::LogGroup): DependsOn: "Nothing" is not a resource of the template',
        'App/Group (AWS::Logs::LogGroup): RetentionInDays: "a year" is not a whole number',
        "App/Policy (AWS::S3::BucketPolicy): CreationPolicy: not modelled as an attribute of a resource",
        "App/Policy (AWS::S3::BucketPolicy): Bucket: Missing is neither a resource nor a parameter of the template",
    ]


WHOLE: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev"]}},
    "Mappings": {"Names": {"us-east-1": {"Bucket": "data"}}},
    "Conditions": {
        "Dev": {"Fn::Or": [{"Fn::Equals": [{"Ref": "Stage"}, "dev"]}, {"Fn::Not": [{"Condition": "Prod"}]}]},
        "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    },
    "Rules": {"R": {"Assertions": [{"Assert": {"Fn::Contains": [["dev"], {"Ref": "Stage"}]}}]}},
    "Resources": {
        "Bucket": {
            **resource(
                "AWS::S3::Bucket",
                BucketName={"Fn::FindInMap": ["Names", {"Ref": "AWS::Region"}, "Bucket"]},
                Tags=[{"Key": "a", "Value": {"Fn::If": ["Dev", {"Fn::Sub": "${Stage}"}, {"Ref": "AWS::NoValue"}]}}],
            ),
            "Condition": "Dev",
            "DependsOn": ["Group"],
            "DeletionPolicy": "Retain",
        },
        "Group": resource("AWS::Logs::LogGroup", RetentionInDays=7),
        "Policy": resource(
            "AWS::S3::BucketPolicy",
            Bucket={"Ref": "Bucket"},
            PolicyDocument={"Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]}},
        ),
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Bucket", "Arn"]}, "Export": {"Name": "arn"}, "Condition": "Dev"}},
}
JUNK: list[Any] = [
    None, 1, True, "", "x", [], {}, [["a"]], {"Ref": ["a"]}, {"Fn::Sub": 1}, {"Fn::GetAtt": [1, 2]}, {"Fn::If": [1]},
    {"Fn::Select": [None, None]}, {"Fn::ImportValue": [1]}, {"Fn::GetStackOutput": {"StackName": [1]}},
    {"Fn::Cidr": ["10.0.0.0/8", 2, -8]}, {"Fn::FindInMap": {}}, {"Ref": "AWS::NoValue"},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a template, but of the template itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_nonsense_anywhere_is_an_error_and_no_traceback(tmp_path: Path, junk: Any) -> None:
    """Whatever stands in whichever place of a template, it can be planned or is refused in words."""
    for path in places(WHOLE):
        template = copy.deepcopy(WHOLE)
        inner = template
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = junk
        with contextlib.suppress(EmrGuardError):
            plan(written(tmp_path, App=template), Environment(FakeCloud()), HANDLERS)


def test_the_template_without_nonsense_can_be_deployed(tmp_path: Path) -> None:
    """The template that the test above spoils is itself in order."""
    assert len(plan(written(tmp_path, App=WHOLE), Environment(FakeCloud()), HANDLERS)[0].resources) == 3


def test_problems_of_every_stack_are_told(tmp_path: Path) -> None:
    """A mistake in the last stack stops the first one, too."""
    good = {"Resources": {"Bucket": resource("AWS::S3::Bucket")}}
    bad = {"Resources": {"Bucket": resource("AWS::S3::Bucket", Oops=1)}}
    with pytest.raises(DeployError, match=r"(?s)Second/Bucket .*Oops.*Third/Bucket .*Oops"):
        deploy(written(tmp_path, First=good, Second=bad, Third=bad), FakeCloud())
    assert aws("s3").list_buckets()["Buckets"] == []


def test_circle_of_resources(tmp_path: Path) -> None:
    """Resources that need each other are named in a circle."""
    problems = refused(
        tmp_path,
        {
            "Resources": {
                "A": resource("AWS::S3::Bucket", BucketName={"Fn::Sub": "${B.Arn}-x"}),
                "B": {**resource("AWS::S3::Bucket"), "DependsOn": ["A"]},
            }
        },
    )
    assert problems == ["App/A (AWS::S3::Bucket): circular dependency: A -> B -> A"]


def test_circle_of_stacks(tmp_path: Path) -> None:
    """Stacks that import from each other are named in a circle."""

    def stack(own: str, other: str) -> dict[str, Any]:
        return {
            "Resources": {"Bucket": resource("AWS::S3::Bucket", BucketName={"Fn::ImportValue": other})},
            "Outputs": {"Name": {"Value": {"Ref": "Bucket"}, "Export": {"Name": own}}},
        }

    with pytest.raises(DeployError, match="in a circle: One -> Two -> One"):
        deploy(written(tmp_path, One=stack("a", "b"), Two=stack("b", "a")), FakeCloud())


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ({"Parameters": {"Size": {"Type": "String"}}}, "Parameters.Size: it has no Default"),
        ({"Parameters": {"Vpc": {"Type": "AWS::EC2::VPC::Id", "Default": "vpc-1"}}}, "the type"),
        (
            {"Parameters": {"Size": {"Type": "Number", "Default": "7", "MaxValue": 5}}},
            'Parameters.Size: the Default "7" is not between MinValue and MaxValue',
        ),
        ({"Parameters": {"Ami": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/ami"}}}, "/ami"),
        ({"Transform": "AWS::Serverless-2016-10-31"}, "the transform"),
        ({"Hooks": {}}, "the section Hooks is not modelled"),
        ({"Conditions": {"A": {"Condition": "B"}, "B": {"Condition": "A"}}}, "depends on itself"),
        ({"Conditions": {"A": {"Fn::Equals": ["x"]}}}, "Conditions.A: Fn::Equals wants a list of 2"),
        ({"Outputs": {"O": {"Value": {"Ref": "Nope"}}}}, "Outputs.O: Value: Nope is neither"),
        ({"Outputs": {"O": {"Value": {"Fn::ImportValue": "nope"}}}}, "no stack of the assembly exports nope"),
        ({"Outputs": {"O": {"Value": {"Fn::Select": [2, ["a", "b"]]}}}}, "Fn::Select wants value 2 of a list of 2"),
        ({"Outputs": {"O": {"Value": "{{resolve:secretsmanager:s}}"}}}, "dynamic reference"),
        ({"Outputs": {"O": {"Value": {"Fn::Length": ["a"]}}}}, "needs the transform AWS::LanguageExtensions"),
        ({"Outputs": {"O": {"Value": {"Fn::Transform": {"Name": "x"}}}}}, "Fn::Transform is not modelled"),
        (
            {"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}, "AssertDescription": "a is b"}]}}},
            "App: Rules.R: a is b",
        ),
    ],
)
def test_what_a_template_cannot_say(tmp_path: Path, template: dict[str, Any], problem: str) -> None:
    """Parameters, transforms, sections, conditions, outputs and rules are checked like resources."""
    assert any(problem in line for line in refused(tmp_path, template))


def test_names_in_the_branch_not_taken(tmp_path: Path) -> None:
    """A reference to nothing is found although Fn::If does not choose it, as CloudFormation finds it."""
    name = {"Fn::If": ["Never", {"Ref": "Nope"}, "bucket"]}
    problems = refused(
        tmp_path,
        {
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {"Bucket": resource("AWS::S3::Bucket", BucketName=name)},
        },
    )
    assert problems == [
        "App/Bucket (AWS::S3::Bucket): BucketName.Fn::If[1]: Nope is neither a resource nor a parameter of the template"
    ]


def test_typo_in_the_branch_taken(tmp_path: Path) -> None:
    """The value that Fn::If chooses is held to the type's shape before anything is created."""
    status = {"Fn::If": ["Always", {"Stat": "Enabled"}, {"Ref": "AWS::NoValue"}]}
    problems = refused(
        tmp_path,
        {
            "Conditions": {"Always": {"Fn::Equals": ["a", "a"]}},
            "Resources": {"Bucket": resource("AWS::S3::Bucket", VersioningConfiguration=status)},
        },
    )
    assert problems == [
        'App/Bucket (AWS::S3::Bucket): VersioningConfiguration.Stat: not modelled, found "Enabled"',
        "App/Bucket (AWS::S3::Bucket): VersioningConfiguration.Status: required and missing",
    ]


def test_reference_to_a_resource_that_is_not_created(tmp_path: Path) -> None:
    """A resource whose condition is false cannot be referred to."""
    problems = refused(
        tmp_path,
        {
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {
                "Off": {**resource("AWS::S3::Bucket"), "Condition": "Never"},
                "On": resource("AWS::S3::BucketPolicy", Bucket={"Ref": "Off"}, PolicyDocument={}),
            },
        },
    )
    assert problems == [
        "App/On (AWS::S3::BucketPolicy): Bucket: Off is not created, because the condition Never is false"
    ]


def test_nested_stacks_are_not_modelled(tmp_path: Path) -> None:
    """A nested stack is refused by name, not left out."""
    problems = refused(
        tmp_path, {"Resources": {"Nested": resource("AWS::CloudFormation::Stack", TemplateURL="https://x/y.json")}}
    )
    assert problems == ["App/Nested (AWS::CloudFormation::Stack): the local cloud does not model this resource type"]


def test_stack_of_another_region(tmp_path: Path) -> None:
    """A stack that is bound to a region is not deployed to another one."""
    written(tmp_path, App={"Resources": {"Bucket": resource("AWS::S3::Bucket")}})
    manifest = {
        "artifacts": {
            "App": {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{ACCOUNT}/eu-west-1",
                "properties": {"templateFile": "App.template.json"},
            }
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DeployError, match=f"the stack is for {ACCOUNT}/eu-west-1, the local cloud is .*us-east-1"):
        deploy(written(tmp_path), FakeCloud())


def test_failure_midway_names_the_resource(tmp_path: Path) -> None:
    """What the service refuses is told with stack, resource, operation and the service's words."""
    with pytest.raises(
        DeployError, match=r"^App/Policy \(AWS::S3::BucketPolicy\): PutBucketPolicy was refused: NoSuch"
    ):
        deployed(
            tmp_path,
            Policy=resource("AWS::S3::BucketPolicy", Bucket="not-there", PolicyDocument={"Statement": []}),
        )


def test_value_that_only_the_deployment_tells_is_held_to_the_shape(tmp_path: Path) -> None:
    """A list where a string belongs is found when a resource yields it."""
    with pytest.raises(DeployError, match=r"App/Group \(AWS::Logs::LogGroup\): LogGroupName: \["):
        deployed(
            tmp_path,
            Vpc=resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
            Group=resource("AWS::Logs::LogGroup", LogGroupName={"Fn::GetAtt": ["Vpc", "CidrBlockAssociations"]}),
        )


def test_property_that_the_service_drops(tmp_path: Path) -> None:
    """A property that is not there when read back fails the deployment."""
    cloud = FakeCloud(s3=Forgetful(aws("s3"), "get_bucket_versioning", {}))
    with pytest.raises(
        DeployError, match=r"App/Bucket .*did not keep VersioningConfiguration.Status: asked \"Enabled\""
    ):
        deployed(tmp_path, cloud, Bucket=resource("AWS::S3::Bucket", VersioningConfiguration={"Status": "Enabled"}))


def test_answer_without_what_aws_answers(tmp_path: Path) -> None:
    """An incomplete answer is an error that names the resource, not a traceback."""
    cloud = FakeCloud(kms=Forgetful(aws("kms"), "describe_key", {}))
    with pytest.raises(DeployError, match=r"App/Key \(AWS::KMS::Key\): the local cloud answered otherwise than AWS"):
        deployed(tmp_path, cloud, Key=resource("AWS::KMS::Key"))


def test_listed_exceptions_are_told(tmp_path: Path) -> None:
    """What is knowingly left out is in the deployment's exceptions, with its reason."""
    deployment = deployed(
        tmp_path,
        CDKMetadata=resource("AWS::CDK::Metadata", Analytics="v2:..."),
        Key=resource("AWS::KMS::Key", PendingWindowInDays=7),
    )
    assert [each.logical_id for each in deployment.resources] == ["Key"]
    told = dict(each.split(": ", 1) for each in deployment.exceptions)
    assert list(told) == ["AWS::CDK::Metadata", "AWS::KMS::Key PendingWindowInDays"]
    assert all(told.values())
