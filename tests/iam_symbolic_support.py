"""Random small policies and requests over a few actions, resources and keys, so that they often meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/flights"
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt"]
RESOURCES = [
    "arn:aws:s3:::a/x", "arn:aws:s3:::a/y/z", "arn:aws:s3:::ab/x", "arn:aws:s3:::a", "arn:aws:kms:us-east-1:1:key/k",
]  # fmt: skip
ACTION_PATTERNS = [*ACTIONS, "*", "s3:*", "s3:Get*", "S3:get?bject", "s3:*Object", "kms:?*"]
RESOURCE_PATTERNS = [
    *RESOURCES, "*", "arn:aws:s3:::*", "arn:aws:s3:::a/*", "arn:aws:s3:::a*/x", "arn:aws:s3:::?/x", "arn:*:s3:::a*",
    "arn:aws:s3", "arn:aws:*:*:*:key/*", "arn:aws:s3:::a/*/z", "arn:aws:s3:*/x", "arn:aws:s3:::${aws:username}/x",
]  # fmt: skip
KEYS: Mapping[str, list[str]] = {
    "s3:prefix": ["x", "y/", "y/z", "X"],
    "aws:SecureTransport": ["true", "false"],
    "s3:max-keys": ["5", "10", "99.5"],
    "aws:SourceIp": ["10.0.0.1", "10.1.2.3", "192.0.2.1"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"],
    "aws:TagKeys": ["team", "cost", "Team"],
    "aws:PrincipalArn": [ROLE],
    "aws:username": ["a", "b"],
    "aws:RequestTag/b": ["QQ==", "Qg=="],
}
_TEXT = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase",
         "StringNotEqualsIgnoreCase"]  # fmt: skip
OPERATORS: Mapping[str, list[str]] = {
    "s3:prefix": _TEXT,
    "aws:SecureTransport": ["Bool"],
    "s3:max-keys": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
                    "NumericGreaterThan", "NumericGreaterThanEquals"],
    "aws:SourceIp": ["IpAddress", "NotIpAddress"],
    "aws:CurrentTime": ["DateLessThan", "DateGreaterThan", "DateEquals", "DateNotEquals"],
    "aws:TagKeys": _TEXT,
    "aws:PrincipalArn": ["ArnEquals", "ArnLike", "ArnNotLike", "StringEquals", "StringNotLike"],
    "aws:username": _TEXT,
    "aws:RequestTag/b": ["BinaryEquals"],
}  # fmt: skip
VALUES: Mapping[str, list[str]] = {
    "s3:prefix": ["x", "y/*", "y/z", "*", "?", "${aws:username}"],
    "aws:SecureTransport": ["true", "false"],
    "s3:max-keys": ["5", "10", "50"],
    "aws:SourceIp": ["10.0.0.0/8", "10.0.0.1/32", "192.0.2.0/24"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"],
    "aws:TagKeys": ["team", "cost", "t*", "T*"],
    "aws:PrincipalArn": [ROLE, "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/payroll"],
    "aws:username": ["a", "b*"],
    "aws:RequestTag/b": ["QQ==", "Zg=="],
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """The Condition of a statement, empty more often than not."""
    found: dict[str, Any] = {}
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        key = draw(st.sampled_from(sorted(KEYS)))
        if draw(st.integers(0, 5)) == 0:
            found.setdefault("Null", {})[key] = draw(st.sampled_from(["true", "false"]))
            continue
        operator = draw(st.sampled_from(OPERATORS[key]))
        if key == "aws:TagKeys":
            operator = draw(st.sampled_from(["", "ForAllValues:", "ForAnyValue:"])) + operator
        operator += draw(st.sampled_from(["", "", "IfExists"]))
        found.setdefault(operator, {})[key] = draw(
            st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=2, unique=True)
        )
    return found


def _patterns(patterns: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(patterns), min_size=1, max_size=3, unique=True)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, Any]:
    """One statement of an identity policy."""
    found: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    found[draw(st.sampled_from(["Action"] * 4 + ["NotAction"]))] = draw(_patterns(ACTION_PATTERNS))
    found[draw(st.sampled_from(["Resource"] * 4 + ["NotResource"]))] = draw(_patterns(RESOURCE_PATTERNS))
    condition = draw(conditions())
    if condition:
        found["Condition"] = condition
    return found


def policies(min_size: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    """An identity policy."""
    listed = st.lists(statements(), min_size=min_size, max_size=4)
    return listed.map(lambda found: {"Version": "2012-10-17", "Statement": found})


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, str | list[str]]:
    """The context of a request, without the keys that follow from who asks."""
    found: dict[str, str | list[str]] = {}
    for key, values in KEYS.items():
        if key == "aws:PrincipalArn" or draw(st.booleans()):
            continue
        if key == "aws:TagKeys":
            found[key] = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
        else:
            found[key] = draw(st.sampled_from(values))
    return found
