"""Condition operators, one table a family."""

from __future__ import annotations

import pytest

from emrguard_policies.iam.conditions import holds
from emrguard_policies.iam.model import parse


def evaluate(operator: str, values: list[str], found: list[str] | None) -> bool | None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"x:Key": values}}}
    (condition,) = parse({"Version": "2012-10-17", "Statement": [statement]}, "p").statements[0].conditions
    context = {"aws:username": ["ana"]} | ({} if found is None else {"x:key": found})
    return holds(condition, context)


@pytest.mark.parametrize(
    ("operator", "values", "found", "expected"),
    [
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", ["a"], ["A"], False),
        ("StringEquals", ["a*"], ["ab"], False),
        ("StringEquals", ["${aws:username}"], ["ana"], True),
        ("StringEquals", ["${aws:nothing}"], ["ana"], False),
        ("StringNotEquals", ["${aws:nothing}"], ["ana"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", ["a", "b"], ["c"], True),
        ("StringEqualsIgnoreCase", ["Ab"], ["aB"], True),
        ("StringNotEqualsIgnoreCase", ["Ab"], ["aB"], False),
        ("StringLike", ["in*t/?"], ["input/x"], True),
        ("StringLike", ["in*t/?"], ["input/xy"], False),
        ("StringLike", ["a*b*b"], ["ab"], False),
        ("StringLike", ["*ab"], ["aab"], True),
        ("StringLike", ["${*}a"], ["xa"], False),
        ("StringLike", ["${*}a"], ["*a"], True),
        ("StringNotLike", ["in*"], ["input"], False),
        ("NumericEquals", ["5"], ["5.0"], True),
        ("NumericNotEquals", ["5"], ["6"], True),
        ("NumericLessThan", ["1.2"], ["1.1"], True),
        ("NumericLessThan", ["1.2"], ["1.2"], False),
        ("NumericLessThanEquals", ["10"], ["9"], True),
        ("NumericGreaterThan", ["10"], ["9"], False),
        ("NumericGreaterThanEquals", ["10"], ["10"], True),
        ("NumericLessThan", ["1.2"], ["no number"], False),
        ("NumericLessThan", ["no number"], ["1"], None),
        ("DateLessThan", ["2030-01-01T00:00:00Z"], ["2026-11-24T00:00:00Z"], True),
        ("DateGreaterThan", ["0"], ["2026-11-24"], True),
        ("DateEquals", ["1970-01-01T00:00:10Z"], ["10"], True),
        ("DateGreaterThan", ["someday"], ["2026-11-24"], None),
        ("Bool", ["true"], ["True"], True),
        ("Bool", ["true"], ["false"], False),
        ("Bool", ["yes"], ["true"], None),
        ("BinaryEquals", ["QQ=="], ["QQ=="], True),
        ("IpAddress", ["10.0.0.0/8"], ["10.1.2.3"], True),
        ("IpAddress", ["10.0.0.0/8"], ["2001:db8::1"], False),
        ("IpAddress", ["2001:db8::/32"], ["2001:db8::1"], True),
        ("NotIpAddress", ["10.0.0.0/8"], ["11.1.2.3"], True),
        ("IpAddress", ["10.0.0.0/40"], ["10.1.2.3"], None),
        ("ArnLike", ["arn:aws:iam::*:role/a*"], ["arn:aws:iam::1:role/ab"], True),
        ("ArnLike", ["arn:aws:*:role/a"], ["arn:aws:iam::1:role/a"], False),
        ("ArnEquals", ["arn:aws:s3:::*"], ["arn:aws:s3:::x:y"], True),
        ("ArnNotEquals", ["arn:aws:s3:::*"], ["arn:aws:s3:::x"], False),
        ("ArnNotLike", ["arn:aws:s3:::a"], ["arn:aws:s3:::b"], True),
    ],
)
def test_operators_on_present_keys(operator: str, values: list[str], found: list[str], expected: bool | None) -> None:
    """Each operator does what AWS documents; None says that the policy's own value cannot be read."""
    assert evaluate(operator, values, found) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("NumericLessThan", False),
        ("NotIpAddress", True),
        ("ArnNotLike", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_operators_on_missing_keys(operator: str, expected: bool) -> None:
    """A missing key fails positive operators, satisfies negated ones, `IfExists` and ForAllValues."""
    assert evaluate(operator, ["1.1.1.1" if "Ip" in operator else "1"], None) is expected


@pytest.mark.parametrize(
    ("operator", "values", "found", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "d"], False),
        ("ForAllValues:StringNotLike", ["secret*"], ["a", "b"], True),
        ("ForAllValues:StringNotLike", ["secret*"], ["a", "secret1"], False),
        ("ForAnyValue:StringNotLike", ["secret*"], ["a", "secret1"], True),
        ("ForAnyValue:StringNotLike", ["secret*"], ["secret1"], False),
    ],
)
def test_set_operators(operator: str, values: list[str], found: list[str], expected: bool) -> None:
    """ForAllValues and ForAnyValue range over the values of the request."""
    assert evaluate(operator, values, found) is expected


@pytest.mark.parametrize(
    ("values", "found", "expected"),
    [
        (["true"], None, True),
        (["false"], None, False),
        (["true"], ["x"], False),
        (["false"], ["x"], True),
        (["perhaps"], ["x"], None),
    ],
)
def test_null(values: list[str], found: list[str] | None, expected: bool | None) -> None:
    """`Null: true` wants the key absent, `Null: false` present."""
    assert evaluate("Null", values, found) is expected
