"""Templates of small tenants: an application with its roles, key, bucket and log group, as the proof reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove
from emrguard_policies.proof import Proof

Statement = dict[str, Any]
SERVICE = {"Service": "emr-serverless.amazonaws.com"}
ACCOUNT = {"Ref": "AWS::AccountId"}
ROOT = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}


def allow(actions: str | list[str], resource: Any = "*", **more: Any) -> Statement:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def policy(*statements: Statement) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def arn(logical_id: str, path: str = "") -> Any:
    """The ARN of a resource, with something behind it."""
    return {"Fn::Join": ["", [{"Fn::GetAtt": [logical_id, "Arn"]}, path]]}


def role(trust: Statement, *statements: Statement, **more: Any) -> dict[str, Any]:
    """A role with one inline policy."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": policy(trust),
            "Policies": [{"PolicyName": "Own", "PolicyDocument": policy(*statements)}] if statements else [],
            **more,
        },
    }


def trusts(principal: Any, **condition: Any) -> Statement:
    """A trust statement."""
    found: Statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        found["Condition"] = condition
    return found


def marked(resource: dict[str, Any], tenant: str, part: str) -> dict[str, Any]:
    """The resource with the mark of a tenant."""
    return {**resource, "Metadata": {"emrguard": {"tenant": tenant, "part": part}}}


def tenant(name: str, *, marks: bool = True) -> dict[str, Any]:
    """The resources of a sealed tenant; its name begins the logical ids (App, Exec, Submit, Key, Data, Rules, Logs)."""
    app, job, key, data = f"{name}App", f"{name}Exec", f"{name}Key", f"{name}Data"
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "App": ("application", {"Type": "AWS::EMRServerless::Application",
                                "Properties": {"Name": name, "Type": "SPARK", "ReleaseLabel": "emr-7.12.0"}}),
        "Exec": ("execution-role", role(
            trusts(SERVICE, StringEquals={"aws:SourceAccount": ACCOUNT}),
            allow(["s3:GetObject", "s3:PutObject"], arn(data, "/*")),
            allow("s3:ListBucket", arn(data)),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], arn(key)),
            allow("logs:PutLogEvents", arn(f"{name}Logs")),
        )),
        "Submit": ("submitter-role", role(
            trusts(ROOT, Bool={"aws:MultiFactorAuthPresent": "true"}),
            allow("emr-serverless:StartJobRun", arn(app)),
            allow("emr-serverless:GetJobRun", arn(app, "/jobruns/*")),
            allow("iam:PassRole", arn(job)),
        )),
        "Key": ("key", {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy(
            {"Effect": "Allow", "Principal": ROOT, "Action": "kms:PutKeyPolicy", "Resource": "*", "Sid": "Admin"},
            {"Effect": "Allow", "Principal": {"AWS": arn(job)}, "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
             "Resource": "*", "Sid": "Use"},
        )}}),
        "Data": ("data-bucket", {"Type": "AWS::S3::Bucket"}),
        "Rules": ("data-bucket", {"Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": {"Ref": data},
            "PolicyDocument": policy({
                "Effect": "Deny", "Principal": "*", "Action": "s3:*Object*", "Resource": arn(data, "/*"),
                "Condition": {"ArnNotEquals": {"aws:PrincipalArn": arn(job)}},
            }),
        }}),
        "Logs": ("log-group", {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/aws/emr/{name}"}}),
    }  # fmt: skip
    return {
        f"{name}{part_id}": marked(resource, name, part) if marks else resource
        for part_id, (part, resource) in found.items()
    }


def grant(resources: Mapping[str, Any], logical_id: str, *statements: Statement) -> dict[str, Any]:
    """The resources with more statements in the inline policy of a role."""
    found: dict[str, Any] = json.loads(json.dumps(resources))
    found[logical_id]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] += statements
    return found


def two() -> dict[str, Any]:
    """The tenants flights and payroll."""
    return {**tenant("flights"), **tenant("payroll")}


def written(resources: Mapping[str, Any], directory: Path) -> Path:
    """A template file."""
    path = directory / "Stack.template.json"
    path.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return path


def proof_of(resources: Mapping[str, Any], directory: Path, tenants: Mapping[str, Any] | None = None) -> Proof:
    """The proof for some resources."""
    return prove(load(written(resources, directory)), tenants=tenants)
