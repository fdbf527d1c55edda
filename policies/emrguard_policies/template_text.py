"""Reads JSON and YAML files strictly: duplicate keys, aliases and absurd nesting are refused, short forms expanded."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Container, Iterable
from pathlib import Path
from typing import Any

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
        if is_json:
            value = _json(text, file)
        else:
            # Nearly all templates are JSON, which then need not wait for the parser of YAML to be imported.
            from emrguard_policies import template_yaml

            value = template_yaml.parse(text, file, MAX_DEPTH)
    except RecursionError as error:
        raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels") from error
    if isinstance(value, (dict, list)) and _deeper_than(value, MAX_DEPTH):
        raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels")
    return value


def lines_of(text: str, logical_ids: Collection[str]) -> dict[str, int]:
    """The line where each resource begins: a key indented as the first one below `Resources`."""
    section = _RESOURCES.search(text)
    first = _ANY_KEY.search(text, section.end()) if section else None
    if first is None:
        return {}
    return _json_lines(text, first, logical_ids) or _key_lines(text, first, logical_ids)


def _json_lines(text: str, first: re.Match[str], logical_ids: Iterable[str]) -> dict[str, int] | None:
    """The lines where the keys stand one after the other as tools write JSON; None where they do not."""
    found: dict[str, int] = {}
    line, counted = 1, 0
    for logical_id in logical_ids:
        at = text.find(f'\n{first[1]}"{logical_id}":', max(counted, first.start()) - 1) + 1
        if not at:
            return None
        line += text.count("\n", counted, at)
        counted = at
        found[logical_id] = line
    return found


def _key_lines(text: str, first: re.Match[str], logical_ids: Container[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    line, counted = 1, 0
    # A pattern that begins with the line's end is searched faster than one with ^.
    for match in re.compile(rf"\n{first[1]}{_KEY}", re.MULTILINE).finditer(text, first.start() - 1):
        if match[1] in logical_ids and match[1] not in found:
            line += text.count("\n", counted, match.start() + 1)
            counted = match.start() + 1
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


def _deeper_than(value: dict[str, Any] | list[Any], depth: int) -> bool:
    if depth == 0:
        return True
    for item in value.values() if isinstance(value, dict) else value:
        kind = type(item)
        if (kind is dict or kind is list) and _deeper_than(item, depth - 1):
            return True
    return False
