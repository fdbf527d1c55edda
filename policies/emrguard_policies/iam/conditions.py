"""Evaluation of condition operators on concrete values, in three values: true, false, and None for "cannot be judged".

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from emrguard_policies.iam import matching
from emrguard_policies.iam.model import Condition

Context = Mapping[str, Sequence[str]]
"""Condition keys in lower case, each with its values."""

# A test of one request value against one policy value; raises ValueError when the policy value makes no sense, and
# returns False when the request value does not.
_Test = Callable[[str, str], bool]

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnLike",
    "ArnNotLike": "ArnLike",
}
_WITH_VARIABLES = ("String", "Arn")
_DIGITS = 20
_LONGEST_NUMBER = 100


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool | None:
    """Whether the condition holds; None when a value of the policy cannot be read (a number that is none, …)."""
    found = context.get(condition.key.lower())
    if condition.operator == "Null":
        return None if condition.quantifier else _null(condition, found)
    negated = condition.operator in _NEGATED
    if not found:
        if condition.quantifier == "ForAllValues" or condition.if_exists:
            return True
        return negated and condition.quantifier != "ForAnyValue"
    test = _TESTS[_NEGATED.get(condition.operator, condition.operator)]
    wanted = _wanted(condition, context) if variables else condition.values
    try:
        matches = [any(test(value, pattern) for pattern in wanted) for value in found]
    except ValueError:
        return None
    if negated:
        outcomes = [not match for match in matches]
        return any(outcomes) if condition.quantifier == "ForAnyValue" else all(outcomes)
    return all(matches) if condition.quantifier == "ForAllValues" else any(matches)


def readable(condition: Condition) -> bool:
    """Whether every value of a condition means something to its operator, as number, date, address, true or false."""
    if condition.operator == "Null":
        return not condition.quantifier and all(value.lower() in ("true", "false") for value in condition.values)
    test = _TESTS[_NEGATED.get(condition.operator, condition.operator)]
    try:
        for value in condition.values:
            test("", value)
    except ValueError:
        return False
    return True


def _wanted(condition: Condition, context: Context) -> Sequence[str]:
    if not condition.operator.startswith(_WITH_VARIABLES) or not any(map(matching.has_variables, condition.values)):
        return condition.values
    # A variable without a value matches nothing.
    return [text for value in condition.values if (text := matching.expand(value, context)) is not None]


def _null(condition: Condition, found: Sequence[str] | None) -> bool | None:
    wanted = {value.lower() for value in condition.values}
    if not wanted <= {"true", "false"}:
        return None
    return ("false" if found else "true") in wanted


def _equals(value: str, pattern: str) -> bool:
    return value == matching.unescaped(pattern)


def _equals_ignoring_case(value: str, pattern: str) -> bool:
    return matching.folded(value) == matching.folded(matching.unescaped(pattern))


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> _Test:
    def test(value: str, pattern: str) -> bool:
        wanted = number(pattern)
        if wanted is None:
            raise ValueError(pattern)
        found = _any_number(value)
        return found is not None and compare(found, wanted)

    return test


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """A number of a policy; None if it is none, or has more than 20 digits: what lies between two is then not exact."""
    found = _any_number(text)
    if found is None or len(found.as_tuple().digits) > _DIGITS or abs(found.adjusted()) > _DIGITS:
        return None
    return found


def _any_number(text: str) -> Decimal | None:
    # Decimal reads underscores, which no policy writes, and texts of any length.
    if len(text) > _LONGEST_NUMBER or "_" in text:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _date(compare: Callable[[datetime, datetime], bool]) -> _Test:
    def test(value: str, pattern: str) -> bool:
        wanted = moment(pattern)
        if wanted is None:
            raise ValueError(pattern)
        found = moment(value)
        return found is not None and compare(found, wanted)

    return test


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime | None:
    """A date as policies write it: ISO 8601 or seconds since 1970; None if it is neither."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bool(value: str, pattern: str) -> bool:
    if pattern.lower() not in ("true", "false"):
        raise ValueError(pattern)
    return value.lower() == pattern.lower()


def _ip(value: str, pattern: str) -> bool:
    network = _network(pattern)
    address = _address(value)
    return address is not None and address.version == network.version and address in network


@lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


_TESTS: Mapping[str, _Test] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": lambda value, pattern: matching.glob(pattern)(value),
    "NumericEquals": _numeric(lambda found, wanted: found == wanted),
    "NumericLessThan": _numeric(lambda found, wanted: found < wanted),
    "NumericLessThanEquals": _numeric(lambda found, wanted: found <= wanted),
    "NumericGreaterThan": _numeric(lambda found, wanted: found > wanted),
    "NumericGreaterThanEquals": _numeric(lambda found, wanted: found >= wanted),
    "DateEquals": _date(lambda found, wanted: found == wanted),
    "DateLessThan": _date(lambda found, wanted: found < wanted),
    "DateLessThanEquals": _date(lambda found, wanted: found <= wanted),
    "DateGreaterThan": _date(lambda found, wanted: found > wanted),
    "DateGreaterThanEquals": _date(lambda found, wanted: found >= wanted),
    "Bool": _bool,
    "BinaryEquals": lambda value, pattern: value == pattern,
    "IpAddress": _ip,
    "ArnEquals": lambda value, pattern: matching.arn(pattern)(value),
    "ArnLike": lambda value, pattern: matching.arn(pattern)(value),
}
