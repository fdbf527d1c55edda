"""Roles, policies and keys are in IAM and KMS as their template says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deploy_support import FakeCloud, Forgetful, aws, deployed, physical_id, resource

from emrguard_local.exceptions import DeployError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "emr-serverless.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }
    ],
}
GRANT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}],
}


def test_role(tmp_path: Path) -> None:
    """Trust, boundary, session length, path, inline and managed policies of a role."""
    deployment = deployed(
        tmp_path,
        Boundary=resource("AWS::IAM::ManagedPolicy", PolicyDocument=GRANT, Description="limit", Path="/limits/"),
        Role=resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument=TRUST,
            Description="runs jobs",
            MaxSessionDuration="7200",
            Path="/jobs/",
            PermissionsBoundary={"Ref": "Boundary"},
            ManagedPolicyArns=[{"Ref": "Boundary"}],
            Policies=[{"PolicyName": "inside", "PolicyDocument": GRANT}],
            Tags=[{"Key": "tenant", "Value": "flights"}],
        ),
        Policy=resource("AWS::IAM::Policy", PolicyName="outside", PolicyDocument=GRANT, Roles=[{"Ref": "Role"}]),
    )
    iam, name = aws("iam"), physical_id(deployment, "Role")
    role = iam.get_role(RoleName=name)["Role"]
    boundary = physical_id(deployment, "Boundary")
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"}
    }
    assert role["Arn"] == f"arn:aws:iam::123456789012:role/jobs/{name}"
    assert role["MaxSessionDuration"] == 7200
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert role["Tags"] == [{"Key": "tenant", "Value": "flights"}]
    assert sorted(iam.list_role_policies(RoleName=name)["PolicyNames"]) == ["inside", "outside"]
    assert iam.get_role_policy(RoleName=name, PolicyName="outside")["PolicyDocument"] == GRANT
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"][0]["PolicyArn"] == boundary


def test_role_whose_trust_is_dropped(tmp_path: Path) -> None:
    """A role with another trust than the template's fails the deployment."""
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    answer = {"Role": {"AssumeRolePolicyDocument": wide}}
    cloud = FakeCloud(iam=Forgetful(aws("iam"), "get_role", answer))
    with pytest.raises(DeployError, match="did not keep AssumeRolePolicyDocument"):
        deployed(tmp_path, cloud, Role=resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST))


def test_policy_on_nobody(tmp_path: Path) -> None:
    """An inline policy needs somebody to be put on."""
    with pytest.raises(DeployError, match="no Roles, Users or Groups"):
        deployed(tmp_path, Policy=resource("AWS::IAM::Policy", PolicyName="p", PolicyDocument=GRANT))


def test_key(tmp_path: Path) -> None:
    """Key policy, rotation, description, tags and alias."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                "Action": ["kms:DescribeKey", "kms:PutKeyPolicy"],
                "Resource": "*",
            }
        ],
    }
    deployment = deployed(
        tmp_path,
        Key=resource(
            "AWS::KMS::Key",
            Description="data",
            EnableKeyRotation=True,
            KeyPolicy=policy,
            Tags=[{"Key": "tenant", "Value": "flights"}],
        ),
        Alias=resource("AWS::KMS::Alias", AliasName="alias/data", TargetKeyId={"Fn::GetAtt": ["Key", "Arn"]}),
    )
    kms, key_id = aws("kms"), physical_id(deployment, "Key")
    kept = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
    assert kept["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"] == key_id


def test_key_whose_policy_is_dropped(tmp_path: Path) -> None:
    """A key with another policy than the template's fails the deployment."""
    cloud = FakeCloud(kms=Forgetful(aws("kms"), "get_key_policy", {"Policy": json.dumps({"Statement": []})}))
    with pytest.raises(DeployError, match="did not keep KeyPolicy"):
        deployed(tmp_path, cloud, Key=resource("AWS::KMS::Key", KeyPolicy=GRANT))
