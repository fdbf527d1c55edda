"""Parameters take their defaults, held to their own constraints."""

from __future__ import annotations

from typing import Any

import pytest

from emrguard_local.stacks.functions import FunctionError
from emrguard_local.stacks.parameters import value_of

SSM = {"/zones": "a,b"}


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"Type": "String", "Default": "x", "Description": "d", "NoEcho": True}, "x"),
        ({"Type": "Number", "Default": 5, "MinValue": 5, "MaxValue": "5.5"}, "5"),
        ({"Type": "CommaDelimitedList", "Default": "a , b", "AllowedValues": ["a", "b"]}, ["a", "b"]),
        ({"Type": "List<Number>", "Default": "1,2", "MaxValue": 2}, ["1", "2"]),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/zones"}, "a,b"),
        ({"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/zones"}, ["a", "b"]),
        ({"Type": "AWS::SSM::Parameter::Name", "Default": "/zones"}, "/zones"),
    ],
)
def test_default(declared: dict[str, Any], value: Any) -> None:
    """The value of each type that is modelled, as `Ref` gives it."""
    assert value_of(declared, SSM.__getitem__) == value


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"Type": "String"}, "no Default"),
        ({"Type": "AWS::EC2::KeyPair::KeyName", "Default": "k"}, "the type"),
        ({"Type": "String", "Default": "c", "AllowedValues": ["a", "b"]}, "not among AllowedValues"),
        ({"Type": "CommaDelimitedList", "Default": "a,c", "AllowedValues": ["a", "b"]}, "not among AllowedValues"),
        ({"Type": "String", "Default": "abc1", "AllowedPattern": "[a-z]+"}, "does not match AllowedPattern"),
        ({"Type": "String", "Default": "a", "AllowedPattern": "("}, "is not a pattern"),
        ({"Type": "String", "Default": "abc", "MaxLength": 2}, "not as long as"),
        ({"Type": "Number", "Default": "x"}, "is not a number"),
        ({"Type": "Number", "Default": 1, "MinValue": 2}, "not between MinValue and MaxValue"),
        ({"Type": "String", "Default": "a", "Defualt": "b"}, "Defualt is not modelled"),
        ("String", "is not an object"),
    ],
)
def test_default_that_cannot_be(declared: Any, reason: str) -> None:
    """What the declaration itself rules out is refused."""
    with pytest.raises(FunctionError, match=reason):
        value_of(declared, SSM.__getitem__)
