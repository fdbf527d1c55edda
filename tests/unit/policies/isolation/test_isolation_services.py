"""Keys, logs, applications and roles of one tenant are closed to the other one, and the trail to both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from isolation_support import (
    ACCOUNT,
    SERVICE,
    Resources,
    Statement,
    actions_of,
    allow,
    arn,
    below,
    bucket,
    document,
    of_check,
    proof_of,
    resource,
    role,
)

ROOT = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}


def key(*statements: Statement) -> dict[str, Any]:
    """Beta's key."""
    return resource("AWS::KMS::Key", {"KeyPolicy": document(*statements)}, tenant="beta", part="key")


def with_key(policy: dict[str, Any], *statements: Statement) -> Resources:
    """Beta's key and alpha's role."""
    return {"Key": policy, "Alpha": role("alpha", *statements), "Beta": role("beta")}


def test_a_key_without_delegation_stays_closed_to_identity_policies(tmp_path: Path) -> None:
    """Without the account root in the key policy `kms:Decrypt` on `*` decrypts nothing of beta's."""
    own = allow("kms:Decrypt", "*", Principal={"AWS": arn("Beta")})
    proof = proof_of(tmp_path, with_key(key(own), allow("kms:Decrypt", "*")))
    assert not of_check(proof, "keys")
    assert actions_of(of_check(proof, "least-privilege")) == {"kms:Decrypt"}


def test_a_key_policy_that_names_the_other_role_opens_the_key(tmp_path: Path) -> None:
    """The key policy alone grants, CreateGrant as well as Decrypt."""
    for action in ("kms:Decrypt", "kms:CreateGrant"):
        opened = key(allow(action, "*", Principal={"AWS": arn("Alpha")}))
        assert actions_of(of_check(proof_of(tmp_path, with_key(opened)), "keys")) == {action}


def test_a_key_for_its_own_role_is_isolated(tmp_path: Path) -> None:
    """Administration by the account and use by the owner leave nothing to the other one."""
    admin = allow(["kms:Describe*", "kms:List*"], "*", Principal={"AWS": ROOT})
    own = allow(["kms:Decrypt", "kms:GenerateDataKey"], "*", Principal={"AWS": arn("Beta")})
    assert proof_of(tmp_path, with_key(key(admin, own))).verdict == "isolated"


def logs(*statements: Statement) -> Resources:
    """Log groups and log buckets of both tenants and alpha's role."""
    found: Resources = {"Alpha": role("alpha", *statements)}
    for tenant in ("alpha", "beta"):
        name = tenant.capitalize()
        body = {"LogGroupName": f"/aws/emr-serverless/{tenant}"}
        found[f"{name}Group"] = resource("AWS::Logs::LogGroup", body, tenant=tenant, part="log-group")
        found[f"{name}Logs"] = bucket(tenant, "log-bucket")
    return found


def test_log_groups_and_log_buckets_of_the_other_tenant_are_logs(tmp_path: Path) -> None:
    """Whoever reads the other one's logs, in CloudWatch or in S3, breaks the seal of logs."""
    for actions, target in (
        ("logs:FilterLogEvents", "*"),
        ("logs:GetLogEvents", "arn:aws:logs:*:*:log-group:/aws/emr-serverless/*"),
        ("s3:GetObject", below("BetaLogs", "/*")),
    ):
        found = of_check(proof_of(tmp_path, logs(allow(actions, target))), "logs")
        assert actions_of(found) == {actions}
        assert {each.target for each in found} == {"beta"}


def test_writing_the_own_logs_is_isolated(tmp_path: Path) -> None:
    """A role that writes its own log group and log bucket is left alone."""
    group = allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("AlphaGroup"))
    assert proof_of(tmp_path, logs(group, allow("s3:PutObject", below("AlphaLogs", "/logs/*")))).verdict == "isolated"


def applications(*statements: Statement) -> Resources:
    """An application for each tenant, beta's role, and alpha's submitter."""
    found: Resources = {
        "Alpha": role("alpha"), "Beta": role("beta"),
        "Submitter": role("alpha", *statements, part="submitter-role", trust=lambda_trust()),
    }  # fmt: skip
    for tenant in ("alpha", "beta"):
        body = {"Name": tenant, "ReleaseLabel": "emr-7.9.0", "Type": "SPARK"}
        found[f"{tenant.capitalize()}App"] = resource(
            "AWS::EMRServerless::Application", body, tenant=tenant, part="application"
        )
    return found


def lambda_trust() -> dict[str, Any]:
    """A trust policy for Lambda."""
    return document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.mark.parametrize("action", ["StartJobRun", "CancelJobRun", "GetSessionEndpoint", "UpdateApplication"])
def test_the_other_application_is_closed(action: str, tmp_path: Path) -> None:
    """Jobs, job runs and sessions count; who gets a session's endpoint acts as its role."""
    proof = proof_of(tmp_path, applications(allow(f"emr-serverless:{action}", "*")))
    found = of_check(proof, "applications")
    assert [(each.target, each.action) for each in found] == [("beta", f"emr-serverless:{action}")]
    assert "/applications/" in found[0].resource


def test_the_own_application_and_its_job_runs_are_isolated(tmp_path: Path) -> None:
    """The rights that a submitter needs are no hole."""
    own = allow(["emr-serverless:*"], [arn("AlphaApp"), below("AlphaApp", "/*")])
    condition = {"StringEquals": {"iam:PassedToService": SERVICE}}
    passed = allow("iam:PassRole", arn("Alpha"), Condition=condition)
    assert proof_of(tmp_path, applications(own, passed)).verdict == "isolated"


def test_passing_the_role_of_the_other_tenant_is_a_counterexample(tmp_path: Path) -> None:
    """Whoever passes beta's role to a job runs code as beta."""
    for target in (arn("Beta"), "*", f"arn:aws:iam::{ACCOUNT}:role/*"):
        found = of_check(proof_of(tmp_path, applications(allow("iam:PassRole", target))), "roles")
        assert "iam:PassRole" in actions_of(each for each in found if each.target == "beta"), target


def trail(*statements: Statement) -> Resources:
    """A trail with its bucket, and alpha's role."""
    body = {"IsLogging": True, "S3BucketName": {"Ref": "TrailBucket"}, "TrailName": "audit"}
    shared = {"shared": "one trail records all tenants"}
    return {
        "Trail": resource("AWS::CloudTrail::Trail", body, **shared, part="trail"),
        "TrailBucket": resource("AWS::S3::Bucket", {}, **shared, part="trail-bucket"),
        "Alpha": role("alpha", *statements),
        "Beta": role("beta"),
    }


def test_a_tenant_that_can_alter_the_trail_is_a_counterexample(tmp_path: Path) -> None:
    """Stopping the trail and deleting its records are both found."""
    for action, target in (
        ("cloudtrail:StopLogging", "*"),
        ("cloudtrail:StopLogging", arn("Trail")),
        ("s3:DeleteObject", below("TrailBucket", "/*")),
        ("s3:DeleteBucket", arn("TrailBucket")),
    ):
        proof = proof_of(tmp_path, trail(allow(action, target)))
        assert (proof.verdict, actions_of(of_check(proof, "audit"))) == ("violated", {action})


def test_a_trail_out_of_reach_is_isolated_and_its_reason_is_said(tmp_path: Path) -> None:
    """What is shared on purpose is printed with its reason."""
    proof = proof_of(tmp_path, trail(allow("cloudtrail:LookupEvents", "*")))
    assert proof.verdict == "isolated"
    assert "shared on purpose (2 resources): one trail records all tenants" in proof.assumptions
