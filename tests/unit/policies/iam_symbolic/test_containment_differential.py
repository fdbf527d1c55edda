"""Containment against the concrete engine, on seeded random policies and requests."""

from __future__ import annotations

import random
from typing import Any

from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import Policy, parse

_ACCOUNT = "111122223333"
_USER = Principal("user", f"arn:aws:iam::{_ACCOUNT}:user/x", _ACCOUNT)
_ACTION_PATTERNS = ["s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "s3:?etObject", "*", "kms:Decrypt"]
_RESOURCE_PATTERNS = ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b*", "arn:aws:s3:::*/b", "arn:aws:s3:::?/b/c"]
_CONDITIONS: list[dict[str, Any]] = [
    {}, {}, {"StringEquals": {"aws:RequestTag/t": "a"}}, {"StringNotEquals": {"aws:RequestTag/t": ["a", "b"]}},
    {"StringLike": {"aws:RequestTag/t": "a*"}}, {"Bool": {"aws:SecureTransport": "true"}},
    {"Null": {"aws:RequestTag/t": "true"}}, {"StringEqualsIfExists": {"aws:RequestTag/t": "b"}},
]  # fmt: skip
_POINTS = [
    Request(_USER, action, resource, {**tag, **transport}, _ACCOUNT)
    for action in ("s3:GetObject", "s3:PutObject", "s3:GetBucketAcl", "kms:Decrypt")
    for resource in ("arn:aws:s3:::a/b", "arn:aws:s3:::a/b/c", "arn:aws:s3:::a/x", "arn:aws:s3:::z/b")
    for tag in ({}, {"aws:RequestTag/t": "a"}, {"aws:RequestTag/t": "b"}, {"aws:RequestTag/t": "ac"})
    for transport in ({"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"})
]


def _policy(chance: random.Random, name: str) -> Policy:
    statements = [
        {
            "Effect": chance.choice(["Allow", "Allow", "Deny"]),
            chance.choice(["Action", "Action", "Action", "NotAction"]): chance.sample(_ACTION_PATTERNS, 2),
            chance.choice(["Resource", "Resource", "NotResource"]): chance.sample(_RESOURCE_PATTERNS, 1),
            "Condition": chance.choice(_CONDITIONS),
        }
        for _ in range(chance.randint(1, 3))
    ]
    return parse({"Version": "2012-10-17", "Statement": statements}, name)


def test_no_sampled_request_contradicts_containment() -> None:
    """ "Holds" means that no request is allowed beyond; "does not hold" comes with a request that the engine allows."""
    chance = random.Random(7)
    held = refuted = 0
    for _ in range(120):
        candidate, reference = _policy(chance, "candidate"), _policy(chance, "reference")
        answer = contains(candidate, reference)
        if answer.holds:
            held += 1
            for point in chance.sample(_POINTS, 64):
                inside = decide(point, Policies(identity=[reference])).allowed
                assert inside or not decide(point, Policies(identity=[candidate])).allowed, (candidate, reference)
        elif answer.witness is not None:
            refuted += 1
            seen = answer.witness
            request = Request(_USER, seen["action"], seen["resource"], seen["context"], _ACCOUNT)
            assert decide(request, Policies(identity=[candidate])).allowed
            assert not decide(request, Policies(identity=[reference])).allowed
    assert held > 10
    assert refuted > 10
