"""Reads YAML as CloudFormation does, more strictly: no duplicate keys, no aliases, no merges.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from emrguard_policies.exceptions import InputError


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


def parse(text: str, file: Path, depth: int) -> Any:
    """The content of a YAML text, in which at most `depth` objects and lists lie in each other.

    Raises:
        InputError: not such YAML; the message names `file` and the line.
    """
    try:
        _scan(text, file, depth)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with CloudFormation's short forms
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise InputError(f"{file}: not YAML: {error.problem or error.context}{where}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: not YAML: {' '.join(str(error).split())}") from error


def _scan(text: str, file: Path, most: int) -> None:
    """Refuse aliases and deep nesting while they are only events: a bomb never becomes an object."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{file}: the alias *{event.anchor} is not supported in templates{_line(event)}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > most:
            raise InputError(f"{file}: nested deeper than {most} levels{_line(event)}")


def _line(event: Any) -> str:
    return f" (line {event.start_mark.line + 1})" if event.start_mark else ""
