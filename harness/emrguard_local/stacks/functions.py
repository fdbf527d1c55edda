"""CloudFormation's intrinsic functions on operands that are known, exactly as CloudFormation computes them.

Each function is at
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64 as codec
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_PLACEHOLDER_NAME = re.compile(r"[A-Za-z0-9_.:]+")
_MAX_CIDRS = 256


class FunctionError(ValueError):
    """A function cannot be computed; the text says which and why."""


def text(value: Any, where: str) -> str:
    """A value in a place where CloudFormation wants a string: numbers and booleans are written out.

    Raises:
        FunctionError: it is a list, an object or null.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise FunctionError(f"{where}: {shown(value)} is not a string")


def shown(value: Any) -> str:
    """A value in a message, cut to a readable length."""
    written = json.dumps(value, default=str)
    return written if len(written) <= 80 else f"{written[:77]}..."


def join(operand: Any) -> str:
    """`Fn::Join`: [delimiter, [string, ...]]."""
    delimiter, items = _pair(operand, "Fn::Join", "a delimiter and a list of strings")
    if not isinstance(delimiter, str) or not isinstance(items, list):
        raise FunctionError(f"Fn::Join wants a delimiter and a list of strings, found {shown(operand)}")
    return delimiter.join(text(item, "Fn::Join") for item in items)


def split(operand: Any) -> list[str]:
    """`Fn::Split`: [delimiter, string]."""
    delimiter, source = _pair(operand, "Fn::Split", "a delimiter and a string")
    if not isinstance(delimiter, str) or not delimiter or not isinstance(source, str):
        raise FunctionError(f"Fn::Split wants a delimiter and a string, found {shown(operand)}")
    return source.split(delimiter)


def select(operand: Any) -> Any:
    """`Fn::Select`: [index, list]; the index counts from 0 and may be a string of digits."""
    index, items = _pair(operand, "Fn::Select", "an index and a list")
    if not isinstance(items, list):
        raise FunctionError(f"Fn::Select wants a list, found {shown(items)}")
    if isinstance(index, bool) or not re.fullmatch(r"\d+", str(index)):
        raise FunctionError(f"Fn::Select: the index {shown(index)} is not a whole number from 0")
    if int(index) >= len(items):
        raise FunctionError(f"Fn::Select wants value {index} of a list of {len(items)}")
    if items[int(index)] is None:
        raise FunctionError(f"Fn::Select: value {index} of the list is null")
    return items[int(index)]


def base64(operand: Any) -> str:
    """`Fn::Base64` of a string."""
    return codec.b64encode(text(operand, "Fn::Base64").encode()).decode()


def cidr(operand: Any) -> list[str]:
    """`Fn::Cidr`: [block, count, host bits]; count from 1 to 256, host bits 8 unless given."""
    if not isinstance(operand, list) or len(operand) not in (2, 3):
        raise FunctionError(f"Fn::Cidr wants a block, a count and the host bits, found {shown(operand)}")
    try:
        network = ipaddress.ip_network(str(operand[0]), strict=False)
        count, bits = int(operand[1]), int(operand[2]) if len(operand) == 3 else 8
    except (ValueError, TypeError) as error:
        raise FunctionError(f"Fn::Cidr wants a block, a count and the host bits, found {shown(operand)}") from error
    prefix = network.max_prefixlen - bits
    if not 1 <= count <= _MAX_CIDRS:
        raise FunctionError(f"Fn::Cidr wants a count from 1 to {_MAX_CIDRS}, found {count}")
    if not network.prefixlen <= prefix <= network.max_prefixlen or 1 << (prefix - network.prefixlen) < count:
        raise FunctionError(f"Fn::Cidr: {network} does not hold {count} blocks of {bits} host bits")
    blocks = network.subnets(new_prefix=prefix)
    return [str(next(blocks)) for _ in range(count)]


def find_in_map(operand: Any, mappings: Mapping[str, Any]) -> Any:
    """`Fn::FindInMap`: [map, top-level key, second-level key] and, with AWS::LanguageExtensions, {DefaultValue}."""
    if not isinstance(operand, list) or len(operand) not in (3, 4):
        raise FunctionError(f"Fn::FindInMap wants a map and two keys, found {shown(operand)}")
    found: Any = mappings
    for key in operand[:3]:
        name = text(key, "Fn::FindInMap")
        if not isinstance(found, Mapping) or name not in found:
            if len(operand) == 4 and isinstance(operand[3], Mapping) and "DefaultValue" in operand[3]:
                return operand[3]["DefaultValue"]
            raise FunctionError(f"Fn::FindInMap finds no {'.'.join(str(each) for each in operand[:3])}")
        found = found[name]
    if isinstance(found, Mapping):
        raise FunctionError(f"Fn::FindInMap: {shown(found)} is neither a string nor a list")
    return found


def length(operand: Any) -> int:
    """`Fn::Length` of a list."""
    if not isinstance(operand, list):
        raise FunctionError(f"Fn::Length wants a list, found {shown(operand)}")
    return len(operand)


def to_json_string(operand: Any) -> str:
    """`Fn::ToJsonString` of an object or a list."""
    if not isinstance(operand, dict | list):
        raise FunctionError(f"Fn::ToJsonString wants an object or a list, found {shown(operand)}")
    return json.dumps(operand, separators=(",", ":"))


def sub_operand(operand: Any) -> tuple[str, Mapping[str, Any]]:
    """The template and the variables of `Fn::Sub`."""
    template, variables = operand if isinstance(operand, list) and len(operand) == 2 else (operand, {})
    if not isinstance(template, str) or not isinstance(variables, Mapping):
        raise FunctionError(f"Fn::Sub wants a string, or a string and variables, found {shown(operand)}")
    return template, variables


def placeholders(template: str) -> Iterator[str]:
    """The names in `${name}` of an `Fn::Sub` template, without the literal `${!name}`."""
    for match in _PLACEHOLDER.finditer(template):
        name = match[1]
        if name.startswith("!"):
            continue
        if not _PLACEHOLDER_NAME.fullmatch(name):
            raise FunctionError(f"Fn::Sub: ${{{name}}} is not a name; write ${{!{name}}} for the text itself")
        yield name


def substitute(template: str, value_of: Callable[[str], Any]) -> str:
    """`Fn::Sub` with the value of each placeholder."""

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return f"${{{name[1:]}}}" if name.startswith("!") else text(value_of(name), f"Fn::Sub of ${{{name}}}")

    return _PLACEHOLDER.sub(replace, template)


def attribute_operand(operand: Any) -> tuple[str, Any]:
    """The logical id and the attribute of `Fn::GetAtt`: [id, attribute] or "id.attribute"."""
    parts = operand.split(".", 1) if isinstance(operand, str) else operand
    if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
        raise FunctionError(f"Fn::GetAtt wants a logical id and an attribute, found {shown(operand)}")
    return parts[0], parts[1]


def _pair(operand: Any, function: str, wanted: str) -> tuple[Any, Any]:
    if not isinstance(operand, list) or len(operand) != 2:
        raise FunctionError(f"{function} wants {wanted}, found {shown(operand)}")
    return operand[0], operand[1]
