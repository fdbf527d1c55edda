"""Every counterexample over literal names is a request that the concrete engine allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from isolation_support import ACCOUNT, allow, deny, document, proof_of, resource, role, service_trust

from emrguard_policies.iam.decide import Policies, Principal, Request, ResourcePolicy, decide
from emrguard_policies.iam.model import parse

ROLE = f"arn:aws:iam::{ACCOUNT}:role/alpha-job"
# Region and account are the deployment's to choose: a Deny that names them is not certain.
GROUP = "arn:aws:logs:*:*:log-group:/logs/beta"
ACTIONS = ["s3:GetObject", "s3:Put*", "s3:List*", "s3:*", "logs:*", "logs:GetLogEvents", "*"]
TARGETS = [
    "*", "arn:aws:s3:::beta", "arn:aws:s3:::beta/*", "arn:aws:s3:::b*/x*", "arn:aws:s3:::alpha/*", f"{GROUP}:*",
    "arn:aws:logs:*:*:log-group:*",
]  # fmt: skip
CONDITIONS: list[Mapping[str, Any]] = [
    {}, {}, {"StringLike": {"s3:prefix": "a*"}}, {"Bool": {"aws:SecureTransport": "true"}},
    {"StringNotLike": {"s3:prefix": "b*"}}, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/alpha-*"}},
    {"Null": {"s3:prefix": "true"}},
]  # fmt: skip
_some = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(TARGETS), st.sampled_from(CONDITIONS))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    grants=st.lists(_some, min_size=1, max_size=3), bars=st.lists(_some, max_size=2), bucket=st.lists(_some, max_size=2)
)
def test_the_concrete_engine_confirms_the_witness(
    grants: list[Any], bars: list[Any], bucket: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What the proof prints as possible is possible: no hole is made up."""
    own = [make(*each[:2], Condition=each[2]) for make, listed in ((allow, grants), (deny, bars)) for each in listed]
    on_bucket = [deny(*each[:2], Principal="*", Condition=each[2]) for each in bucket if each[1] != "*"]
    on_bucket = [each for each in on_bucket if ":s3:" in each["Resource"]]
    resources = {
        "Bucket": resource("AWS::S3::Bucket", {"BucketName": "beta"}, tenant="beta"),
        "Group": resource("AWS::Logs::LogGroup", {"LogGroupName": "/logs/beta"}, tenant="beta"),
        "Alpha": role("alpha", *own, trust=service_trust(), RoleName="alpha-job"),
    }
    if on_bucket:
        body = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document(*on_bucket)}
        resources["Policy"] = resource("AWS::S3::BucketPolicy", body, tenant="beta")
    proof = proof_of(tmp_path_factory.mktemp("witness"), resources)
    session = Principal("role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/alpha-job/s", ACCOUNT, ROLE)
    identity = [parse(document(*own), "own", "identity")]
    for found in proof.counterexamples:
        if found.check not in ("data", "keys", "logs", "applications"):
            continue
        policy = parse(document(*on_bucket), "bucket", "resource") if on_bucket and ":s3:" in found.resource else None
        request = Request(session, found.action, found.resource, found.context, ACCOUNT)
        assert decide(request, Policies(identity, resource=ResourcePolicy(policy))).allowed, found
