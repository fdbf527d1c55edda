"""Metric filter patterns on JSON log events: `{ ($.errorCode = "AccessDenied*") && ($.eventSource != "s3*") }`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html

Conditions on text and numbers, `EXISTS`, `NOT EXISTS`, `IS NULL`, `IS TRUE`, `IS FALSE`, joined with `&&` and `||`.
Patterns on plain text and regular expressions are not modelled.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Matcher = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<punct>&&|\|\||[(){}])|(?P<field>\$(?:\.[A-Za-z0-9_-]+|\[\d+\])+)|(?P<operator>!=|<=|>=|=|<|>)"""
    r"""|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z0-9_.*+-]+))"""
)
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")
_MISSING = object()


class PatternError(ValueError):
    """A pattern that is not modelled, or no pattern; the message says where."""


@lru_cache(maxsize=256)
def parse(pattern: str) -> Matcher:
    """The predicate of a pattern on a log event.

    Raises:
        PatternError: it cannot be read.
    """
    return _Parser(pattern).whole()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, pattern.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise PatternError(f"{pattern!r}: cannot be read from {text[position : position + 20]!r} on")
            self._tokens.append((found.lastgroup, found.group(found.lastgroup)))
            position = found.end()

    def whole(self) -> Matcher:
        self._take("{")
        matcher = self._any()
        self._take("}")
        if self._tokens:
            raise PatternError(f"{self._pattern!r}: {self._tokens[0][1]!r} stands after the end")
        return matcher

    def _any(self) -> Matcher:
        parts = [self._all()]
        while self._next() == "||":
            self._take("||")
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda event: any(part(event) for part in parts)

    def _all(self) -> Matcher:
        parts = [self._one()]
        while self._next() == "&&":
            self._take("&&")
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda event: all(part(event) for part in parts)

    def _one(self) -> Matcher:
        if self._next() == "(":
            self._take("(")
            matcher = self._any()
            self._take(")")
            return matcher
        path = self._take(kind="field")
        kind, value = self._tokens.pop(0) if self._tokens else ("", "")
        if kind == "operator":
            return _compare(path, value, *self._value())
        return self._state(path, value.upper())

    def _state(self, path: str, word: str) -> Matcher:
        if word == "NOT":
            word = f"NOT {self._take(kind='word').upper()}"
        elif word == "IS":
            word = f"IS {self._take(kind='word').upper()}"
        states: dict[str, Callable[[Any], bool]] = {
            "EXISTS": lambda value: value is not _MISSING,
            "NOT EXISTS": lambda value: value is _MISSING,
            "IS NULL": lambda value: value is None,
            "IS TRUE": lambda value: value is True,
            "IS FALSE": lambda value: value is False,
        }
        if word not in states:
            raise PatternError(f"{self._pattern!r}: {word!r} is no condition on {path}")
        state = states[word]
        return lambda event: state(_at(event, path))

    def _value(self) -> tuple[str, str]:
        kind, value = self._tokens.pop(0) if self._tokens else ("", "")
        if kind not in ("text", "word"):
            raise PatternError(f"{self._pattern!r}: {value!r} is no value")
        return kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value

    def _next(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _take(self, wanted: str | None = None, kind: str | None = None) -> str:
        found_kind, value = self._tokens.pop(0) if self._tokens else ("", "the end")
        if (wanted is not None and value != wanted) or (kind is not None and found_kind != kind):
            raise PatternError(f"{self._pattern!r}: {value!r} stands where {wanted or f'a {kind}'} is expected")
        return value


def _at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for name, index in _STEP.findall(path):
        if name and isinstance(value, Mapping):
            value = value.get(name, _MISSING)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return _MISSING
    return value


def _compare(path: str, operator: str, kind: str, wanted: str) -> Matcher:
    """A number where the value is one without quotes; else text, in which `*` stands for any characters."""
    number = _number(wanted) if kind == "word" else None
    if number is None and operator not in ("=", "!="):
        raise PatternError(f"{path} {operator} {wanted!r}: only numbers are smaller or larger")
    expression = re.compile(fnmatch.translate(wanted.replace("[", "[[]").replace("?", "[?]")))

    def matches(event: Mapping[str, Any]) -> bool:
        value = _at(event, path)
        if value is _MISSING or value is None or isinstance(value, Mapping | list):
            return False
        if number is None:
            same = bool(expression.match(str(value)))
            return same if operator == "=" else not same
        found = None if isinstance(value, bool) else _number(str(value))
        if found is None:
            return operator == "!="
        return {
            "=": found == number,
            "!=": found != number,
            "<": found < number,
            "<=": found <= number,
            ">": found > number,
            ">=": found >= number,
        }[operator]

    return matches


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
