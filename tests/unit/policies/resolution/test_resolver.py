"""What is known of a value before the deployment, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import Resource, Template, load
from emrguard_policies.exceptions import InputError
from emrguard_policies.resolution import Resolver

RESOURCES = {
    "Data": {"Type": "AWS::S3::Bucket"},
    "Named": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "named"}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "worker", "Path": "/team/"}},
    "Free": {"Type": "AWS::IAM::Role"},
    "Key": {"Type": "AWS::KMS::Key"},
    "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/a", "TargetKeyId": {"Ref": "Key"}}},
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a"}},
    "App": {"Type": "AWS::EMRServerless::Application"},
    "Secret": {"Type": "AWS::SecretsManager::Secret"},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}},
    "Other": {"Type": "Custom::Other"},
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
}


class Stack:
    """One template in an assembly, with its resolver."""

    def __init__(
        self, directory: Path, body: dict[str, Any], environment: str = "aws://111122223333/eu-west-1"
    ) -> None:
        assembly(directory, {"Data": (body, environment)})
        self.assembly = load(directory)
        self.resolver = Resolver(self.assembly)
        self.template: Template = self.assembly.templates[0]

    def __call__(self, value: Any) -> Any:
        return self.resolver.resolve(self.template, value)

    def shown(self, value: Any) -> str:
        """A resolved text with examples in place of symbols."""
        return self.resolver.symbols.readable(self(value))

    def resource(self, logical_id: str) -> Resource:
        """A resource by its logical id."""
        return self.template.resources[logical_id]


def assembly(directory: Path, stacks: dict[str, tuple[dict[str, Any], str]]) -> None:
    """Write a cdk.out."""
    artifacts = {}
    for name, (body, environment) in stacks.items():
        (directory / f"{name}.template.json").write_text(json.dumps(body), encoding="utf-8")
        properties = {"templateFile": f"{name}.template.json"}
        artifacts[name] = {"type": "aws:cloudformation:stack", "environment": environment, "properties": properties}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack in a known account and region."""
    return Stack(
        tmp_path,
        {
            "Parameters": {"Size": {"Type": "String", "Default": "small"}},
            "Conditions": {
                "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
                "There": {"Fn::Not": [{"Condition": "Here"}]},
                "Small": {"Fn::Equals": [{"Ref": "Size"}, "small"]},
                "Either": {"Fn::Or": [{"Condition": "Small"}, {"Condition": "Here"}]},
                "Both": {"Fn::And": [{"Condition": "Small"}, {"Condition": "Here"}]},
            },
            "Mappings": {"M": {"eu-west-1": {"list": "pl-1"}}},
            "Resources": RESOURCES,
        },
    )


DECIDED: dict[str, tuple[Any, Any]] = {
    "explicit name": ({"Ref": "Named"}, "named"),
    "bucket arn": ({"Fn::GetAtt": ["Named", "Arn"]}, "arn:aws:s3:::named"),
    "dotted attribute": ({"Fn::GetAtt": "Named.Arn"}, "arn:aws:s3:::named"),
    "role arn with path": ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111122223333:role/team/worker"),
    "log group arn": ({"Fn::GetAtt": ["Logs", "Arn"]}, "arn:aws:logs:eu-west-1:111122223333:log-group:/a:*"),
    "alias": ({"Ref": "Alias"}, "alias/a"),
    "queue url": ({"Ref": "Queue"}, "https://sqs.eu-west-1.amazonaws.com/111122223333/q"),
    "repeated property": ({"Fn::GetAtt": ["Vpc", "CidrBlock"]}, "10.0.0.0/16"),
    "sub": ({"Fn::Sub": "${Named}-${AWS::Region}-${!Kept}"}, "named-eu-west-1-${Kept}"),
    "sub with variables": ({"Fn::Sub": ["${v}/x", {"v": {"Ref": "Named"}}]}, "named/x"),
    "join": ({"Fn::Join": ["-", ["a", 1, True, {"Ref": "Named"}]]}, "a-1-true-named"),
    "split and select": (
        {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Role", "Arn"]}]}]},
        "role/team/worker",
    ),
    "map": ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "list"]}, "pl-1"),
    "decided condition": ({"Fn::If": ["Here", 1, 2]}, 1),
    "negated condition": ({"Fn::If": ["There", 1, 2]}, 2),
    "or of known and unknown": ({"Fn::If": ["Either", 1, 2]}, 1),
    "equal branches": ({"Fn::If": ["Small", "same", "same"]}, "same"),
    "no value in a list": ([1, {"Ref": "AWS::NoValue"}], [1]),
    "no value in an object": ({"a": {"Fn::If": ["Here", {"Ref": "AWS::NoValue"}, 1]}, "b": 2}, {"b": 2}),
    "stack name": ({"Ref": "AWS::StackName"}, "Data"),
    "partition": ({"Ref": "AWS::Partition"}, "aws"),
    "cidr": ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
    "base64": ({"Fn::Base64": "x"}, "eA=="),
    "length": ({"Fn::Length": [1, 2]}, 2),
    "json": ({"Fn::ToJsonString": {"a": {"Ref": "Named"}}}, '{"a":"named"}'),
}


@pytest.mark.parametrize("case", DECIDED, ids=str)
def test_what_the_template_decides_is_resolved(case: str, stack: Stack) -> None:
    """A value that does not depend on the deployment is known."""
    value, expected = DECIDED[case]
    assert stack(value) == expected


UNDECIDED: dict[str, Any] = {
    "parameter with a default": {"Ref": "Size"},
    "condition on a parameter": {"Fn::If": ["Small", 1, 2]},
    "and of known and unknown": {"Fn::If": ["Both", 1, 2]},
    "unknown condition": {"Fn::If": ["Nowhere", 1, 2]},
    "custom resource": {"Fn::GetAtt": ["Other", "Value"]},
    "missing resource": {"Ref": "Nothing"},
    "missing export": {"Fn::ImportValue": "nothing"},
    "zones": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
    "cidr of an unknown block": {"Fn::Cidr": [{"Ref": "Size"}, 2, 8]},
    "base64 of an unknown value": {"Fn::Base64": {"Ref": "Size"}},
    "secret of the store": "{{resolve:ssm-secure:/shared/bucket}}",
    "unknown function": {"Fn::Magic": 1},
    "function beside a key": {"Fn::Sub": "a", "b": 1},
    "split at a character that the name may hold": {"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "Data"}]}]},
    "select beyond the end": {"Fn::Select": [9, ["a"]]},
    "missing map": {"Fn::FindInMap": ["M", "us-east-1", "list"]},
    "dynamic reference": "{{resolve:ssm:/a/b}}",
    "malformed join": {"Fn::Join": "x"},
    "malformed sub": {"Fn::Sub": {"a": 1}},
}


@pytest.mark.parametrize("case", UNDECIDED, ids=str)
def test_what_the_deployment_decides_stays_unknown(case: str, stack: Stack) -> None:
    """Nothing is guessed: a value that a deployment may change has no shape at all."""
    assert stack.resolver.is_opaque(stack(UNDECIDED[case]))


def test_the_same_unknown_is_the_same_symbol(stack: Stack) -> None:
    """A parameter that is used twice has one value."""
    assert stack({"Ref": "Size"}) == stack({"Ref": "Size"})
    assert stack({"Ref": "Size"}) != stack({"Fn::GetAtt": ["Other", "Value"]})


def test_generated_names_have_their_shape(stack: Stack) -> None:
    """A generated bucket name begins with stack and logical id, in lower case, and ends in twelve characters."""
    char = stack({"Ref": "Data"})
    symbol = stack.resolver.symbols.by_char[char]
    assert (symbol.prefix, symbol.lengths, symbol.unique) == ("data-data-", (12, 12), True)
    assert symbol.alphabet == frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
    role = stack.resolver.symbols.by_char[stack({"Ref": "Free"})]
    assert role.prefix == "Data-Free-"


def test_every_example_has_the_shape_of_its_symbol(stack: Stack) -> None:
    """What a person reads in place of an unknown value is a value that it could have."""
    for resource in stack.template.resources.values():
        stack.resolver.ref(resource)
    for symbol in stack.resolver.symbols.by_char.values():
        if symbol.alphabet is not None:
            middle = symbol.example.removeprefix(symbol.prefix).removesuffix(symbol.suffix)
            assert symbol.prefix + middle + symbol.suffix == symbol.example
            assert set(middle) <= symbol.alphabet
            assert symbol.lengths[0] <= len(middle) <= (symbol.lengths[1] or len(middle))


def test_arns_of_generated_resources(stack: Stack) -> None:
    """An ARN is known but for the part that the deployment makes."""
    assert stack.shown({"Fn::GetAtt": ["App", "Arn"]}).startswith(
        "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00"
    )
    assert stack.shown({"Fn::GetAtt": ["Key", "Arn"]}).startswith("arn:aws:kms:eu-west-1:111122223333:key/")
    assert stack.shown({"Ref": "Secret"}).startswith("arn:aws:secretsmanager:eu-west-1:111122223333:secret:Secret-")
    assert stack.resolver.arn(stack.resource("Other")) is None


def test_a_long_stack_name_shortens_what_is_known(tmp_path: Path) -> None:
    """Where a generated name is cut, only its first part counts as known."""
    body = {"Resources": {"A" * 60: {"Type": "AWS::S3::Bucket"}}}
    assembly(tmp_path, {"S" * 60: (body, "aws://111122223333/eu-west-1")})
    resolver = Resolver(load(tmp_path))
    (resource,) = resolver.assembly.resources()
    symbol = resolver.symbols.by_char[resolver.ref(resource)]
    assert symbol.prefix
    assert set(symbol.prefix) == {"s"}
    assert symbol.lengths[1] is not None
    assert len(symbol.prefix) + symbol.lengths[1] == 63


def test_a_template_without_a_stack_knows_no_prefix(tmp_path: Path) -> None:
    """A bare template may become any stack: the stack's part of a generated name is open."""
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}), encoding="utf-8")
    resolver = Resolver(load(file))
    (resource,) = resolver.assembly.resources()
    assert resolver.symbols.by_char[resolver.ref(resource)].prefix == ""


def test_agnostic_stacks_share_account_and_region(tmp_path: Path) -> None:
    """Two stacks for any account are taken to go to the same one."""
    body = {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}}}
    assembly(tmp_path, dict.fromkeys(("One", "Two"), (body, "aws://unknown-account/unknown-region")))
    resolver = Resolver(load(tmp_path))
    one, two = resolver.assembly.resources()
    assert resolver.arn(one) == resolver.arn(two)
    assert resolver.symbols.by_char[resolver.account(one.template)].lengths == (12, 12)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_the_partition_follows_the_region(region: str, tmp_path: Path) -> None:
    """ARNs in China and GovCloud are not those of `aws`."""
    stack = Stack(tmp_path, {"Resources": RESOURCES}, f"aws://111122223333/{region}")
    partition = "aws-cn" if region.startswith("cn") else "aws-us-gov"
    assert stack({"Fn::GetAtt": ["Named", "Arn"]}) == f"arn:{partition}:s3:::named"


def test_exports_are_followed_across_stacks(tmp_path: Path) -> None:
    """A reference to another stack's resource is that resource."""
    export = {"Value": {"Fn::GetAtt": ["Role", "Arn"]}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:Role"}}}
    here = "aws://111122223333/eu-west-1"
    imported = {"Fn::ImportValue": "One:Role"}
    importing = {"Type": "X", "Properties": {"Arn": imported}}
    reading = {"Fn::GetStackOutput": {"StackName": "One", "OutputName": "Out"}}
    assembly(
        tmp_path,
        {
            "One": ({"Resources": RESOURCES, "Outputs": {"Out": export}}, here),
            "Two": ({"Resources": {"X": importing}}, here),
            "Far": ({"Resources": {"X": importing}}, "aws://111122223333/us-east-1"),
        },
    )
    resolver = Resolver(load(tmp_path))
    one, two, far = resolver.assembly.templates
    role = one.resources["Role"]
    assert resolver.properties(two.resources["X"])["Arn"] == resolver.arn(role)
    assert resolver.target(two, imported) is role
    assert resolver.resolve(two, reading) == resolver.arn(role)
    assert resolver.target(two, reading) is role
    assert resolver.is_opaque(resolver.properties(far.resources["X"])["Arn"])


def test_nested_stacks_are_followed_both_ways(tmp_path: Path) -> None:
    """A parameter of a nested stack is what its parent passes, an output what the nested stack gives."""
    child = {
        "Parameters": {"Arn": {"Type": "String"}, "Size": {"Type": "String", "Default": "small"}},
        "Resources": {"Inner": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "inner"}}},
        "Outputs": {"Name": {"Value": {"Ref": "Inner"}}},
    }
    nested = {"TemplateURL": "child.json", "Parameters": {"Arn": {"Fn::GetAtt": ["Named", "Arn"]}}}
    parent = {"Resources": RESOURCES | {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": nested}}}
    (tmp_path / "child.json").write_text(json.dumps(child), encoding="utf-8")
    file = tmp_path / "parent.json"
    file.write_text(json.dumps(parent), encoding="utf-8")
    resolver = Resolver(load(file))
    outer, inner = resolver.assembly.templates
    assert resolver.resolve(inner, {"Ref": "Arn"}) == "arn:aws:s3:::named"
    assert resolver.target(inner, {"Ref": "Arn"}) is outer.resources["Named"]
    assert resolver.resolve(inner, {"Ref": "Size"}) == "small"
    output = {"Fn::GetAtt": ["Child", "Outputs.Name"]}
    assert resolver.resolve(outer, output) == "inner"
    assert resolver.target(outer, output) is inner.resources["Inner"]


def test_a_value_leads_to_the_resource_it_points_at(stack: Stack) -> None:
    """A rule finds the key behind a joined ARN and the bucket behind its literal name."""
    joined = {"Fn::Join": ["", ["s3://", {"Ref": "Data"}, "/logs"]]}
    assert stack.resolver.target(stack.template, joined) is stack.resource("Data")
    assert stack.resolver.target(stack.template, {"Fn::Sub": "${Data.Arn}/*"}) is stack.resource("Data")
    assert stack.resolver.target(stack.template, "named") is stack.resource("Named")
    assert stack.resolver.target(stack.template, "arn:aws:s3:::named") is stack.resource("Named")
    assert stack.resolver.target(
        stack.template, {"Fn::If": ["Here", {"Ref": "Data"}, {"Ref": "Key"}]}
    ) is stack.resource("Data")
    assert stack.resolver.target(stack.template, [{"Ref": "Data"}, {"Ref": "Key"}]) is None
    assert stack.resolver.target(stack.template, {"Ref": "AWS::Region"}) is None


CIRCLES: dict[str, dict[str, Any]] = {
    "names": {
        "Resources": {
            "A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "B"}}},
            "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "A"}}},
        }
    },
    "conditions": {
        "Conditions": {"C": {"Fn::Not": [{"Condition": "C"}]}},
        "Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::If": ["C", "a", "b"]}}}},
    },
    "outputs": {
        "Outputs": {"O": {"Value": {"Fn::ImportValue": "o"}, "Export": {"Name": "o"}}},
        "Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::ImportValue": "o"}}}},
    },
}


@pytest.mark.parametrize("case", CIRCLES, ids=str)
def test_circles_end_with_a_message(case: str, tmp_path: Path) -> None:
    """References in a circle, which CloudFormation refuses, are named."""
    stack = Stack(tmp_path, CIRCLES[case])
    with pytest.raises(InputError, match="circular reference"):
        stack({"Ref": "A"})


def test_parameters_of_the_store_are_followed(tmp_path: Path) -> None:
    """A name that one stack stores and another one reads leads to the value, in the same account and region only."""
    here = "aws://111122223333/eu-west-1"
    body = {"Name": "/shared/bucket", "Type": "String", "Value": {"Ref": "Named"}}
    storing = {"Resources": {**RESOURCES, "Stored": {"Type": "AWS::SSM::Parameter", "Properties": body}}}
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shared/bucket"}
    reading = {"Parameters": {"Bucket": parameter}, "Resources": {"X": {"Type": "X"}}}
    far = "aws://111122223333/us-east-1"
    assembly(tmp_path, {"One": (storing, here), "Two": (reading, here), "Far": (reading, far)})
    resolver = Resolver(load(tmp_path))
    _, two, elsewhere = resolver.assembly.templates
    for value in ({"Ref": "Bucket"}, "{{resolve:ssm:/shared/bucket}}"):
        assert resolver.resolve(two, value) == "named"
        assert resolver.is_opaque(resolver.resolve(elsewhere, value))


def test_both_outcomes_of_a_condition_are_given(stack: Stack) -> None:
    """A condition that only a parameter decides gives two values, two of them four, too many one unknown one."""
    template = stack.template
    one = {"Fn::If": ["Small", "a", "b"]}
    assert set(stack.resolver.alternatives(template, one)) == {"a", "b"}
    assert stack.resolver.alternatives(template, {"Fn::If": ["Here", 1, 2]}) == [1]
    nested = {"Fn::If": ["Small", {"Fn::If": ["Both", "a", "b"]}, {"Ref": "AWS::NoValue"}]}
    assert len(stack.resolver.alternatives(template, [nested, one])) == 3
    assert stack.resolver.is_opaque(stack(one))
