"""The data of one tenant is closed to the other one: buckets, prefixes, lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isolation_support import (
    Resources,
    Statement,
    allow,
    arn,
    below,
    bucket,
    deny,
    document,
    of_check,
    proof_of,
    resource,
    role,
)

PREFIXES = {"alpha": ["alpha/"], "beta": ["beta/"]}
LAKE = resource("AWS::S3::Bucket", {}, shared="one lake", part="data-bucket", prefixes=PREFIXES)


def lake(*statements: Statement) -> Resources:
    """A shared bucket and alpha's role."""
    return {"Lake": LAKE, "Alpha": role("alpha", *statements), "Beta": role("beta")}


def buckets(*statements: Statement) -> Resources:
    """A bucket for each tenant and alpha's role."""
    return {"AlphaData": bucket("alpha"), "BetaData": bucket("beta"), "Alpha": role("alpha", *statements)}


def only_beta() -> dict[str, Any]:
    """A bucket policy that refuses everyone but beta's role."""
    body = {"Bucket": {"Ref": "BetaData"}, "PolicyDocument": document(deny(
        "s3:*", [arn("BetaData"), below("BetaData", "/*")], Principal="*",
        Condition={"ArnNotEquals": {"aws:PrincipalArn": arn("Beta")}},
    ))}  # fmt: skip
    return resource("AWS::S3::BucketPolicy", body, tenant="beta", part="data-bucket")


def test_a_role_that_reads_its_own_bucket_only_is_isolated(tmp_path: Path) -> None:
    """Rights over one's own bucket are no hole, and the answer says how many questions were asked."""
    proof = proof_of(tmp_path, buckets(allow("s3:GetObject", below("AlphaData", "/*"))))
    assert (proof.verdict, proof.counterexamples) == ("isolated", ())
    assert proof.checked > 50
    assert proof.matrix["alpha"]["beta"]["data"] == "sealed"
    assert proof.matrix["alpha"]["alpha"]["data"] == "own"


def test_reading_across_buckets_is_a_counterexample(tmp_path: Path) -> None:
    """A role that reads the other one's bucket is shown with action, object, statement and mend."""
    proof = proof_of(tmp_path, buckets(allow("s3:GetObject", below("BetaData", "/*"))))
    (found,) = proof.counterexamples
    assert proof.verdict == "violated"
    assert (found.check, found.source, found.target, found.action) == ("data", "alpha", "beta", "s3:GetObject")
    assert found.resource.startswith("arn:aws:s3:::beta-data-bucket/")
    assert "*" not in found.resource
    assert "statement" in found.statements[0]
    assert found.mend.endswith("to what belongs to alpha")
    assert proof.matrix["alpha"]["beta"]["data"] == "open"


def test_objects_below_the_own_prefix_are_isolated(tmp_path: Path) -> None:
    """Prefixes of a shared bucket seal as buckets do, lists with a condition on the prefix included."""
    mine = allow("s3:GetObject", below("Lake", "/alpha/*"))
    lists = allow("s3:ListBucket", arn("Lake"), Condition={"StringLike": {"s3:prefix": "alpha/*"}})
    assert proof_of(tmp_path, lake(mine, lists)).verdict == "isolated"


def test_objects_below_another_prefix_are_a_counterexample(tmp_path: Path) -> None:
    """A pattern that is too short crosses the prefixes."""
    found = of_check(proof_of(tmp_path, lake(allow("s3:GetObject", below("Lake", "/*")))), "data")
    assert [(each.target, each.action) for each in found] == [("beta", "s3:GetObject")]
    assert "/beta/" in found[0].resource


def test_cdk_grant_read_of_a_prefix_lists_the_whole_bucket(tmp_path: Path) -> None:
    """CDK's `bucket.grant_read(role, "alpha/*")` gives s3:List* on the bucket; the mend names the condition."""
    granted = allow(["s3:GetObject*", "s3:GetBucket*", "s3:List*"], [arn("Lake"), below("Lake", "/alpha/*")])
    (found,) = of_check(proof_of(tmp_path, lake(granted)), "data")
    assert found.action == "s3:ListBucket"
    assert "StringLike s3:prefix alpha/*" in found.mend


def test_a_deny_by_principal_arn_leaves_least_privilege_only(tmp_path: Path) -> None:
    """The bucket policy seals, but the role's own policy is too wide: role, action and a concrete object are named."""
    resources = buckets(allow("s3:GetObject", "arn:aws:s3:::*/*"))
    resources |= {"Beta": role("beta"), "Policy": only_beta()}
    proof = proof_of(tmp_path, resources)
    (found,) = [each for each in proof.counterexamples if each.resource.startswith("arn:aws:s3:::beta")]
    assert (proof.verdict, found.check, found.action) == ("violated", "least-privilege", "s3:GetObject")
    assert "Alpha" in found.principal
    assert "*" not in found.principal + found.action + found.resource
    assert proof.matrix["alpha"]["beta"]["data"] == "sealed"
