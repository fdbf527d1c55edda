"""Execution roles stay within what belongs to their tenant, what is shared, and what they name in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from isolation_support import Resources, allow, arn, below, bucket, of_check, proof_of, resource, role, service_trust

from emrguard_policies.envelope import is_open

OWN = [
    allow("s3:*Object", below("Data", "/*")),
    allow("s3:ListBucket", arn("Data")),
    allow("glue:GetTable", {"Fn::Sub": "arn:aws:glue:${AWS::Region}:${AWS::AccountId}:table/own/*"}),
    allow("s3:GetObject", below("Common", "/*")),
    allow("s3:GetObject", "arn:aws:s3:::open-data-of-others/*"),
    allow(["logs:DescribeLogGroups", "ecr:GetAuthorizationToken", "s3:ListAllMyBuckets"], "*"),
]


def _one(*statements: Any, **more: Any) -> Resources:
    return {
        "Data": bucket("alpha"),
        "Common": resource("AWS::S3::Bucket", {}, shared="reference data"),
        "Job": role("alpha", *OWN, *statements, **more),
    }


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        (allow("*", "*"), None),
        (allow("s3:*", "*"), "s3:PutBucketPolicy"),
        (allow("s3:GetObject", "arn:aws:s3:::*"), "s3:GetObject"),
        (allow("s3:GetObject", "arn:aws:s3:::team-*"), "s3:GetObject"),
        (allow("kms:Decrypt", "arn:aws:kms:*:*:key/*"), "kms:Decrypt"),
        (allow("secretsmanager:GetSecretValue", "*"), "secretsmanager:GetSecretValue"),
        (allow("glue:GetTable", "*"), "glue:GetTable"),
        (allow("lambda:InvokeFunction", "*"), "lambda:InvokeFunction"),
        (allow("dynamodb:*", "*"), "dynamodb:GetItem"),
    ],
)
def test_a_wildcard_beyond_the_tenant_is_found(statement: Any, action: str | None, tmp_path: Path) -> None:
    """Even with one tenant alone, a job must not have the whole account; the statement to narrow is named."""
    proof = proof_of(tmp_path, _one(statement))
    assert proof.verdict == "violated"
    if action:
        (found,) = of_check(proof, "least-privilege")
        assert found.action == action
        assert "statement #6" in found.mend


def test_what_is_its_own_shared_or_named_is_within(tmp_path: Path) -> None:
    """Own resources, shared ones, and others named in full are no finding; nor are actions that only list."""
    assert proof_of(tmp_path, _one()).verdict == "isolated"


def test_a_boundary_draws_the_line(tmp_path: Path) -> None:
    """A wide statement under a boundary in the templates that names the tenant's bucket is within."""
    limit = resource("AWS::IAM::ManagedPolicy", {"PolicyDocument": {"Statement": [allow("s3:*", below("Data", "/*"))]}})
    resources = {**_one(allow("s3:GetObject", "*"), PermissionsBoundary={"Ref": "Limit"}), "Limit": limit}
    assert proof_of(tmp_path, resources).verdict == "isolated"


def test_people_and_functions_are_not_held_to_it(tmp_path: Path) -> None:
    """The check is for roles that run jobs; what other principals reach of other tenants is asked as ever."""
    trust = service_trust("lambda.amazonaws.com", source=False)
    resources = {**_one(), "Fn": role("alpha", allow("s3:GetObject", "*"), trust=trust, part="function-role")}
    assert proof_of(tmp_path, resources).verdict == "isolated"


@pytest.mark.parametrize(
    ("pattern", "wide"),
    [
        ("*", True), ("arn:aws:s3:::*", True), ("arn:aws:s3:::a/*", False), ("arn:aws:s3:::a*/x", True),
        ("arn:aws:kms:*:*:key/*", True), ("arn:aws:kms:*:*:key/1", False), ("arn:aws:logs:*:*:log-group:/a:*", False),
        ("arn:aws:logs:*:*:log-group:/a:log-stream:*", False), ("arn:aws:logs:*:*:log-group:*", True),
        ("arn:aws:emr-serverless:*:*:/applications/*", True),
        ("arn:aws:emr-serverless:*:*:/applications/00a/jobruns/*", False),
        ("arn:aws:secretsmanager:*:*:secret:name-??????", False), ("arn:aws:secretsmanager:*:*:secret:*", True),
        ("arn:aws:glue:*:*:table/own/*", False), ("arn:aws:glue:*:*:table/*", True), ("arn:aws:s3", False),
    ],
)  # fmt: skip
def test_what_counts_as_a_wildcard(pattern: str, wide: bool) -> None:
    """A wildcard below a whole name leaves nothing open; one in the name, or in its place, does."""
    assert is_open(pattern) is wide
