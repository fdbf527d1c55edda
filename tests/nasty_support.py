"""Two sealed tenants, alpha and beta, on one platform; the tests open one way after the other between them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from isolation_support import (
    ACCOUNT,
    Resources,
    Statement,
    allow,
    arn,
    aws_trust,
    below,
    document,
    resource,
    role,
    service_trust,
)

ROOT = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
SHARED = {"shared": "the platform's"}
LAMBDA = service_trust("lambda.amazonaws.com", source=False)
RUN_JOB = allow(["emr-serverless:StartJobRun"], [arn("BetaApp")])
READ_BETA = allow("s3:GetObject", below("BetaData", "/*"))


def tenant(name: str) -> Resources:
    """A tenant with everything that can be its own; names begin with the tenant's."""
    own = name.capitalize()
    job = role(
        name,
        allow(["s3:GetObject", "s3:PutObject"], below(f"{own}Data", "/*")),
        allow("s3:PutObject", below(f"{own}Logs", "/logs/*")),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], arn(f"{own}Key")),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], below(f"{own}Group", "")),
        allow("secretsmanager:GetSecretValue", {"Ref": f"{own}Secret"}),
    )
    submit = role(
        name,
        allow(["emr-serverless:StartJobRun"], [arn(f"{own}App")]),
        allow("iam:PassRole", arn(f"{own}Job"), Condition={
            "StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}),
        trust=document({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole",
                        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
        part="submitter-role",
    )  # fmt: skip
    key = document(
        {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": ["kms:PutKeyPolicy", "kms:Describe*"],
         "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": arn(f"{own}Job")}, "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
         "Resource": "*"},
    )  # fmt: skip
    image = {"Fn::Sub": f"${{AWS::AccountId}}.dkr.ecr.us-east-1.amazonaws.com/${{{own}Images}}:1"}
    return {
        f"{own}App": resource(
            "AWS::EMRServerless::Application",
            {"Name": name, "Type": "SPARK", "ImageConfiguration": {"ImageUri": image}},
            tenant=name, part="application",
        ),
        f"{own}Job": job,
        f"{own}Submit": submit,
        f"{own}Key": resource("AWS::KMS::Key", {"KeyPolicy": key}, tenant=name, part="key"),
        f"{own}Data": resource("AWS::S3::Bucket", {}, tenant=name, part="data-bucket"),
        f"{own}Logs": resource("AWS::S3::Bucket", {}, tenant=name, part="log-bucket"),
        f"{own}Group": resource("AWS::Logs::LogGroup", {"LogGroupName": f"/emr/{name}"}, tenant=name),
        f"{own}Secret": resource("AWS::SecretsManager::Secret", {}, tenant=name),
        f"{own}Images": resource("AWS::ECR::Repository", {"RepositoryName": f"{name}/spark"}, tenant=name),
        f"{own}Database": resource(
            "AWS::Glue::Database",
            {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": {"Name": f"{name}_lake"}},
            tenant=name,
        ),
    }  # fmt: skip


def platform() -> Resources:
    """Alpha, beta, and the trail over both with its alarm."""
    record = document({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"})
    return {
        **tenant("alpha"),
        **tenant("beta"),
        "Trail": resource(
            "AWS::CloudTrail::Trail",
            {"S3BucketName": {"Ref": "Record"}, "KMSKeyId": arn("RecordKey"), "IsLogging": True},
            **SHARED,
        ),
        "Record": resource("AWS::S3::Bucket", {}, **SHARED),
        "RecordKey": resource("AWS::KMS::Key", {"KeyPolicy": record}, **SHARED),
        "Alarm": resource("AWS::CloudWatch::Alarm", {"AlarmActions": [{"Ref": "Alerts"}]}, **SHARED),
        "Alerts": resource("AWS::SNS::Topic", {}, **SHARED),
        "Detector": resource("AWS::GuardDuty::Detector", {"Enable": True}, **SHARED),
    }


def granted(resources: Mapping[str, Any], logical_id: str, *statements: Statement) -> Resources:
    """The resources with more statements in the inline policy of a role."""
    found: Resources = copy.deepcopy(dict(resources))
    found[logical_id]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] += list(statements)
    return found


def changed(resources: Mapping[str, Any], logical_id: str, **properties: Any) -> Resources:
    """The resources with other properties of one of them."""
    found: Resources = copy.deepcopy(dict(resources))
    found[logical_id]["Properties"] |= properties
    return found


def function(role_id: str, **mark: Any) -> dict[str, Any]:
    """A Lambda function."""
    return resource("AWS::Lambda::Function", {"Role": arn(role_id), "Runtime": "python3.13"}, **mark)


def machine(role_id: str, **mark: Any) -> dict[str, Any]:
    """A state machine."""
    return resource("AWS::StepFunctions::StateMachine", {"RoleArn": arn(role_id)}, **mark)


__all__ = [
    "ACCOUNT", "LAMBDA", "READ_BETA", "ROOT", "RUN_JOB", "SHARED", "allow", "arn", "aws_trust", "below", "changed",
    "document", "function", "granted", "machine", "platform", "resource", "role", "service_trust", "tenant",
]  # fmt: skip
