"""The section `Parameters` of a template that is deployed with its defaults.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from emrguard_local.stacks.functions import FunctionError, shown, text

_KEYS = {
    "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength", "MaxValue",
    "MinLength", "MinValue", "NoEcho", "Type",
}  # fmt: skip
_LISTS = ("CommaDelimitedList", "List<Number>", "List<String>")
_SCALARS = ("String", "Number", "AWS::SSM::Parameter::Name")
_OF_SSM = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")


def value_of(declared: Any, from_ssm: Callable[[str], str]) -> str | list[str]:
    """The value that `Ref` of a parameter gives when nobody passes one.

    Args:
        declared: its declaration.
        from_ssm: the value of an SSM parameter; raises `FunctionError` when there is none.

    Raises:
        FunctionError: no default, a type that is not modelled, or a default that the declaration itself rules out.
    """
    if not isinstance(declared, Mapping):
        raise FunctionError(f"{shown(declared)} is not an object")
    for key in declared:
        if key not in _KEYS:
            raise FunctionError(f"{key} is not modelled")
    kind = declared.get("Type")
    ssm = _OF_SSM.fullmatch(str(kind))
    inner = ssm[1] if ssm else kind
    if inner not in (*_SCALARS, *_LISTS) or (inner == "List<String>" and not ssm):
        raise FunctionError(f"the type {shown(kind)} is not modelled")
    if "Default" not in declared:
        raise FunctionError("it has no Default, and a local deployment passes no parameters; give it one")
    default = text(declared["Default"], "Default")
    _check(declared, default, inner)
    value = from_ssm(default) if ssm else default
    return [item.strip() for item in value.split(",")] if inner in _LISTS else value


def _check(declared: Mapping[str, Any], default: str, kind: str) -> None:
    allowed = declared.get("AllowedValues")
    items = [item.strip() for item in default.split(",")] if kind in _LISTS else [default]
    if allowed is not None and not isinstance(allowed, list):
        raise FunctionError(f"AllowedValues {shown(allowed)} is not a list")
    if allowed is not None and not set(items) <= {text(each, "AllowedValues") for each in allowed}:
        raise FunctionError(f"the Default {shown(default)} is not among AllowedValues")
    pattern = declared.get("AllowedPattern")
    if pattern is not None:
        try:
            matches = all(re.fullmatch(str(pattern), item) for item in items)
        except re.error as error:
            raise FunctionError(f"AllowedPattern {shown(pattern)} is not a pattern: {error}") from error
        if not matches:
            raise FunctionError(f"the Default {shown(default)} does not match AllowedPattern {pattern}")
    if kind in ("Number", "List<Number>"):
        for number in map(_number, items):
            if not _number(declared.get("MinValue", number)) <= number <= _number(declared.get("MaxValue", number)):
                raise FunctionError(f"the Default {shown(default)} is not between MinValue and MaxValue")
    else:
        least, most = _number(declared.get("MinLength", 0)), _number(declared.get("MaxLength", len(default)))
        if not least <= len(default) <= most:
            raise FunctionError(f"the Default {shown(default)} is not as long as MinLength and MaxLength say")


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise FunctionError(f"{shown(value)} is not a number") from error
