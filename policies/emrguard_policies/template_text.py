"""Reads JSON and YAML files strictly: duplicate keys, aliases and absurd nesting are refused, short forms expanded.

YAML follows CloudFormation's subset:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from pathlib import Path
from typing import Any

import yaml

from emrguard_policies.exceptions import InputError

MAX_DEPTH = 100
"""Deepest nesting of objects and lists that is read. A template of CDK has about 15 levels."""

_KEY = r"""["']?([^\s"':]+)["']?[ \t]*:(?:[ \t]|$)"""
_RESOURCES = re.compile(r"""^[ \t]*["']?Resources["']?[ \t]*:(?:[ \t]|$)""", re.MULTILINE)
_ANY_KEY = re.compile(rf"^([ \t]*){_KEY}", re.MULTILINE)


def read(file: Path) -> Any:
    """The content of a JSON or YAML file.

    Raises:
        InputError: the file cannot be read or parsed; the message names it and, where known, the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    try:
        is_json = file.suffix == ".json" or text.lstrip()[:1] in ("{", "[")
        value = _json(text, file) if is_json else _yaml(text, file)
    except RecursionError as error:
        raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels") from error
    if _deeper_than(value, MAX_DEPTH):
        raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels")
    return value


def lines_of(text: str, logical_ids: Container[str]) -> dict[str, int]:
    """The line where each resource begins: a key indented as the first one below `Resources`."""
    section = _RESOURCES.search(text)
    first = _ANY_KEY.search(text, section.end()) if section else None
    if first is None:
        return {}
    found: dict[str, int] = {}
    line, counted = 1, 0
    for match in re.compile(f"^{first[1]}{_KEY}", re.MULTILINE).finditer(text, first.start()):
        if match[1] in logical_ids and match[1] not in found:
            line += text.count("\n", counted, match.start())
            counted = match.start()
            found[match[1]] = line
    return found


def _json(text: str, file: Path) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        body = dict(pairs)
        if len(body) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise InputError(f"{file}: the key {twice!r} stands twice in one object")
        return body

    try:
        return json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}: not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from error


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as CloudFormation reads it: no merges, no timestamps, keys are strings, tags are intrinsic functions."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:  # noqa: ARG002
        body: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is not a string", key_node.start_mark)
            key = key_node.value
            if key in body:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice in one object", key_node.start_mark
                )
            body[key] = self.construct_object(value_node, deep=True)
        return body


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    body: dict[str, Any] = loader.construct_mapping(node, deep=True)
    return body


def _intrinsic(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
# A date in a template, such as a policy's Version, is a string.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)
_Loader.add_multi_constructor("!", _intrinsic)


def _yaml(text: str, file: Path) -> Any:
    try:
        _scan(text, file)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with CloudFormation's short forms
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise InputError(f"{file}: not YAML: {error.problem or error.context}{where}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: not YAML: {' '.join(str(error).split())}") from error


def _scan(text: str, file: Path) -> None:
    """Refuse aliases and deep nesting while they are only events: a bomb never becomes an object."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{file}: the alias *{event.anchor} is not supported in templates{_line(event)}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels{_line(event)}")


def _line(event: Any) -> str:
    return f" (line {event.start_mark.line + 1})" if event.start_mark else ""


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                below += item.values()
            elif type(item) is list:
                below += item
        if not below:
            return False
        level = below
    return any(isinstance(item, (dict, list)) for item in level)
