"""Corners of policies in which "it holds" would be wrong: the answer is a witness or "undecided", never a pass."""

from __future__ import annotations

import string
from typing import Any

import pytest

from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.model import PolicyKind, parse

ROLE = "arn:aws:iam::111122223333:role/R"
_EVERY_CHARACTER = [char for char in string.printable if char not in "*?"]


def _allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"} | more


def _when(operator: str, key: str, *values: str, **more: Any) -> dict[str, Any]:
    return _allow(Condition={operator: {key: list(values)}}, **more)


_ELSE = _allow(Action="kms:Decrypt")
_NAMED = _allow(Principal={"AWS": ROLE})
_OTHER = _allow(Principal={"AWS": "arn:aws:iam::111122223333:role/Q"})
_TAG = "aws:RequestTag/n"
_CASES: dict[str, tuple[PolicyKind, Any, Any]] = {
    "a variable with a default is wider than without": (
        "identity", _allow(Resource="arn:aws:s3:::a/${aws:username, 'x'}"),
        _allow(Resource="arn:aws:s3:::a/${aws:username}")),
    "a variable may have the value that another condition writes out": (
        "identity", _allow(Condition={"StringEquals": {"s3:prefix": "${aws:username}"},
                                      "StringLike": {"s3:prefix": "b*"}}), _ELSE),
    "a variable may stand for the partition": (
        "identity", _allow(Resource="arn:${aws:PrincipalTag/p}:s3:::a/x"), _ELSE),
    "one number of several is none": ("identity", _when("NumericLessThan", "s3:max-keys", "5", "many"), _ELSE),
    "a number of more digits than compared": ("identity", _when("NumericGreaterThan", "s3:max-keys", "9" * 40), _ELSE),
    "a number too large to be written out": ("identity", _when("NumericLessThan", "s3:max-keys", "1e99999999"), _ELSE),
    "the last day of the calendar": (
        "identity", _when("DateGreaterThan", "aws:CurrentTime", "9999-12-31T00:00:00Z"), _ELSE),
    "the value of a tag is no number": (
        "identity", _when("NumericNotEquals", _TAG, "5"),
        [_when("NumericLessThan", _TAG, "5"), _when("NumericGreaterThan", _TAG, "5"), _when("Null", _TAG, "true")]),
    "a character outside of every listed one": (
        "identity", _when("StringLike", _TAG, "?"), _when("StringLike", _TAG, *_EVERY_CHARACTER)),
    "a set operator on Null": ("identity", _when("ForAnyValue:Null", _TAG, "true"), _ELSE),
    "a role session": (
        "resource", _allow(Principal={"AWS": "arn:aws:sts::111122223333:assumed-role/R/s"}), _OTHER),
    "a Deny of one session": (
        "resource", _NAMED,
        [_NAMED, _allow(Effect="Deny", Principal={"AWS": "arn:aws:sts::111122223333:assumed-role/R/s"})]),
    "a service of another partition": ("resource", _allow(Principal={"Service": "states.amazonaws.com.cn"}), _OTHER),
    "a role of another partition": (
        "resource", _allow(Principal={"AWS": "arn:aws-cn:iam::111122223333:role/R"}), _OTHER),
    "the principal's ARN in any case": (
        "resource", _when("StringEqualsIgnoreCase", "aws:PrincipalArn", ROLE, Principal="*"), _OTHER),
    "the principal's ARN is a variable": (
        "resource", _when("StringEquals", "aws:PrincipalArn", "${aws:RequestTag/role}", Principal="*"), _OTHER),
    "a principal without ARN": ("resource", _when("Null", "aws:PrincipalArn", "true", Principal="*"), _OTHER),
    "a service has no ARN to be compared": (
        "resource", _when("ArnLikeIfExists", "aws:PrincipalArn", ROLE, Principal="*"), _NAMED),
    "a Deny for all but a role whose account is not listed": (
        "resource", _NAMED,
        [_NAMED, _allow(Effect="Deny", NotPrincipal={"AWS": ROLE})]),
}  # fmt: skip


@pytest.mark.parametrize("case", _CASES)
def test_no_pass_where_more_is_granted(case: str) -> None:
    """Each of these candidates allows a request that its reference does not allow."""
    kind, candidate, reference = _CASES[case]
    documents = [{"Version": "2012-10-17", "Statement": each} for each in (candidate, reference)]
    answer = contains(*(parse(each, name, kind) for each, name in zip(documents, ("c", "r"), strict=True)))
    assert not answer.holds
    assert answer.witness or answer.undecided


def test_conditions_on_the_principal_are_compared_exactly() -> None:
    """A statement for everyone under a condition on the role is inside one that names the role."""
    wide = parse({"Statement": _when("ArnEquals", "aws:PrincipalArn", ROLE, Principal="*")}, "c", "resource")
    assert contains(wide, parse({"Statement": _NAMED}, "r", "resource")).holds
