"""What is known before a deployment of the names, ids and ARNs that CloudFormation gives to resources.

`Ref` and `Fn::GetAtt` of each type:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
ARN formats: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Literal

LOWER = frozenset(string.ascii_lowercase + string.digits)
ALNUM = frozenset(string.ascii_letters + string.digits)
HEX = frozenset(string.digits + "abcdef")
NAME = ALNUM | {"-"}
RANDOM_LENGTH = 12
"""Characters of the random part that ends every generated name."""


@dataclass(frozen=True)
class NamedType:
    """A type whose physical id is a name, given by `property` or generated as `<stack>-<logical id>-<random>`.

    `arn` is a format over P, R, A (partition, region, account), `name` and `path`; None: the type has no ARN that we
    know. `ref` says what `Ref` returns; `attributes` are other formats, of `name` and `arn` too.
    """

    property: str
    limit: int
    arn: str | None
    lower: bool = False
    ref: Literal["name", "arn"] = "name"
    attributes: dict[str, str] = field(default_factory=dict)
    path: bool = False


@dataclass(frozen=True)
class IdType:
    """A type whose physical id is assigned by the service: `prefix` and `length` characters of `alphabet`.

    `id_attribute` is the attribute that returns the same as `Ref`.
    """

    prefix: str
    length: int
    alphabet: frozenset[str]
    arn: str
    id_attribute: str | None = None


def _ec2(prefix: str, kind: str, id_attribute: str) -> IdType:
    arn = f"arn:{{P}}:ec2:{{R}}:{{A}}:{kind}/{{id}}"
    return IdType(prefix, 17, HEX, arn, id_attribute)


NAMED: dict[str, NamedType] = {
    "AWS::S3::Bucket": NamedType(
        "BucketName",
        63,
        "arn:{P}:s3:::{name}",
        lower=True,
        attributes={
            "Arn": "{arn}",
            "DomainName": "{name}.s3.{suffix}",
            "RegionalDomainName": "{name}.s3.{R}.{suffix}",
        },
    ),
    "AWS::IAM::Role": NamedType(
        "RoleName", 64, "arn:{P}:iam::{A}:role{path}{name}", path=True, attributes={"Arn": "{arn}"}
    ),
    "AWS::IAM::User": NamedType(
        "UserName", 64, "arn:{P}:iam::{A}:user{path}{name}", path=True, attributes={"Arn": "{arn}"}
    ),
    "AWS::IAM::Group": NamedType(
        "GroupName", 128, "arn:{P}:iam::{A}:group{path}{name}", path=True, attributes={"Arn": "{arn}"}
    ),
    "AWS::IAM::ManagedPolicy": NamedType(
        "ManagedPolicyName",
        128,
        "arn:{P}:iam::{A}:policy{path}{name}",
        ref="arn",
        path=True,
        attributes={"PolicyArn": "{arn}"},
    ),
    "AWS::IAM::InstanceProfile": NamedType(
        "InstanceProfileName",
        128,
        "arn:{P}:iam::{A}:instance-profile{path}{name}",
        path=True,
        attributes={"Arn": "{arn}"},
    ),
    "AWS::IAM::Policy": NamedType("PolicyName", 128, None),
    "AWS::KMS::Alias": NamedType("AliasName", 256, "arn:{P}:kms:{R}:{A}:{name}"),
    "AWS::Logs::LogGroup": NamedType(
        "LogGroupName", 512, "arn:{P}:logs:{R}:{A}:log-group:{name}", attributes={"Arn": "{arn}:*"}
    ),
    "AWS::CloudTrail::Trail": NamedType(
        "TrailName", 128, "arn:{P}:cloudtrail:{R}:{A}:trail/{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::Glue::Table": NamedType("TableInput.Name", 255, None),
    "AWS::Glue::Database": NamedType("DatabaseInput.Name", 255, "arn:{P}:glue:{R}:{A}:database/{name}", lower=True),
    "AWS::SNS::Topic": NamedType(
        "TopicName",
        256,
        "arn:{P}:sns:{R}:{A}:{name}",
        ref="arn",
        attributes={"TopicArn": "{arn}", "TopicName": "{name}"},
    ),
    "AWS::SQS::Queue": NamedType(
        "QueueName",
        80,
        "arn:{P}:sqs:{R}:{A}:{name}",
        attributes={
            "Arn": "{arn}",
            "QueueName": "{name}",
            "QueueUrl": "https://sqs.{R}.{suffix}/{A}/{name}",
            "Ref": "https://sqs.{R}.{suffix}/{A}/{name}",
        },
    ),
    "AWS::Lambda::Function": NamedType(
        "FunctionName", 64, "arn:{P}:lambda:{R}:{A}:function:{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::StepFunctions::StateMachine": NamedType(
        "StateMachineName",
        80,
        "arn:{P}:states:{R}:{A}:stateMachine:{name}",
        ref="arn",
        attributes={"Arn": "{arn}", "Name": "{name}"},
    ),
    "AWS::Events::Rule": NamedType("Name", 64, "arn:{P}:events:{R}:{A}:rule/{name}", attributes={"Arn": "{arn}"}),
    "AWS::Events::EventBus": NamedType(
        "Name", 256, "arn:{P}:events:{R}:{A}:event-bus/{name}", attributes={"Arn": "{arn}", "Name": "{name}"}
    ),
    "AWS::Scheduler::Schedule": NamedType(
        "Name", 64, "arn:{P}:scheduler:{R}:{A}:schedule/{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::Pipes::Pipe": NamedType("Name", 64, "arn:{P}:pipes:{R}:{A}:pipe/{name}", attributes={"Arn": "{arn}"}),
    "AWS::CloudWatch::Alarm": NamedType(
        "AlarmName", 255, "arn:{P}:cloudwatch:{R}:{A}:alarm:{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::CloudWatch::CompositeAlarm": NamedType(
        "AlarmName", 255, "arn:{P}:cloudwatch:{R}:{A}:alarm:{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::DynamoDB::Table": NamedType(
        "TableName", 255, "arn:{P}:dynamodb:{R}:{A}:table/{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::DynamoDB::GlobalTable": NamedType(
        "TableName", 255, "arn:{P}:dynamodb:{R}:{A}:table/{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::Kinesis::Stream": NamedType(
        "Name", 128, "arn:{P}:kinesis:{R}:{A}:stream/{name}", attributes={"Arn": "{arn}"}
    ),
    "AWS::ECR::Repository": NamedType(
        "RepositoryName", 256, "arn:{P}:ecr:{R}:{A}:repository/{name}", lower=True, attributes={"Arn": "{arn}"}
    ),
    "AWS::SSM::Parameter": NamedType("Name", 2048, None),
}
"""Types with names. AWS::Logs::LogGroup: its attribute Arn ends in `:*`, IAM resources are written with and without."""

IDENTIFIED: dict[str, IdType] = {
    "AWS::EMRServerless::Application": IdType(
        "00",
        14,
        LOWER,
        "arn:{P}:emr-serverless:{R}:{A}:/applications/{id}",
        "ApplicationId",
    ),
    "AWS::EC2::VPC": _ec2("vpc-", "vpc", "VpcId"),
    "AWS::EC2::Subnet": _ec2("subnet-", "subnet", "SubnetId"),
    "AWS::EC2::SecurityGroup": _ec2("sg-", "security-group", "GroupId"),
    "AWS::EC2::RouteTable": _ec2("rtb-", "route-table", "RouteTableId"),
    "AWS::EC2::InternetGateway": _ec2("igw-", "internet-gateway", "InternetGatewayId"),
    "AWS::EC2::NatGateway": _ec2("nat-", "natgateway", "NatGatewayId"),
    "AWS::EC2::VPCEndpoint": _ec2("vpce-", "vpc-endpoint", "Id"),
    "AWS::EC2::NetworkAcl": _ec2("acl-", "network-acl", "Id"),
    "AWS::EC2::FlowLog": _ec2("fl-", "vpc-flow-log", "Id"),
}
"""Types with ids that the service assigns.

KMS keys, secrets and Kafka clusters, which follow no such scheme, are in `resolution`.
"""


def partition_of(region: str | None) -> str:
    """The partition of a region; `aws` where the region is not known."""
    if region and region.startswith("cn-"):
        return "aws-cn"
    if region and region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def url_suffix(partition: str) -> str:
    """`AWS::URLSuffix` of a partition."""
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def generated_prefix(stack: str, logical_id: str, limit: int, *, lower: bool) -> tuple[str, bool]:
    """What a generated name begins with, and whether only the random part follows.

    A name that does not fit is shortened in a way that AWS does not document in detail; then only the first part of the
    stack's name is certain.
    """
    prefix = f"{stack}-{logical_id}-"
    whole = len(prefix) + RANDOM_LENGTH <= limit
    if not whole:
        prefix = stack[: min(len(stack), (limit - RANDOM_LENGTH - 2) // 2 - 4)]
    return (prefix.lower() if lower else prefix), whole
