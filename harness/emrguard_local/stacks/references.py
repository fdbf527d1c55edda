"""The names that a value refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_local.resources.shapes import Problem, below
from emrguard_local.stacks import functions
from emrguard_local.stacks.functions import FunctionError
from emrguard_local.stacks.scope import StackScope


def unknown_names(scope: StackScope, value: Any, path: str) -> Iterator[Problem]:
    """Every name in a raw template value that means nothing, also in the branches of Fn::If that are not taken."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_names(scope, item, f"{path}[{index}]")
    if not isinstance(value, Mapping):
        return
    for key, operand in value.items():
        try:
            _require(scope, key, operand)
        except FunctionError as error:
            yield Problem(path, str(error))
            continue
        if key not in ("Ref", "Fn::GetAtt"):
            yield from unknown_names(scope, operand, below(path, key))


def _require(scope: StackScope, key: str, operand: Any) -> None:
    match key:
        case "Ref":
            scope.require_ref(str(operand))
        case "Fn::GetAtt":
            logical_id, attribute = functions.attribute_operand(operand)
            if isinstance(attribute, str):
                scope.require_attribute(logical_id, attribute)
        case "Fn::If" if isinstance(operand, list) and operand:
            scope.require_condition(str(operand[0]))
        case "Fn::Sub":
            template, variables = functions.sub_operand(operand)
            for name in functions.placeholders(template):
                if name in variables:
                    continue
                if "." in name:
                    scope.require_attribute(*name.split(".", 1))
                else:
                    scope.require_ref(name)


def resources_in(value: Any) -> Iterator[str]:
    """The logical ids that an evaluated value still waits for."""
    for name, operand in _expressions(value):
        if name == "Ref":
            yield operand
        elif name == "Fn::GetAtt":
            yield operand[0]


def imports_in(value: Any) -> Iterator[tuple[str, Any]]:
    """Each Fn::ImportValue and Fn::GetStackOutput, with its operand, that an evaluated value still waits for."""
    return (found for found in _expressions(value) if found[0] in ("Fn::ImportValue", "Fn::GetStackOutput"))


def _expressions(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _expressions(item)
    elif isinstance(value, Mapping):
        for key, operand in value.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield key, operand
            yield from _expressions(operand)
