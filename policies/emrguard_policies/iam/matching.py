"""Matching of concrete strings against the patterns of a policy: wildcards, ARN segments, policy variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
says that a `*` at the end of "a resource ARN segment" can match beyond colons. That is the last of the six segments:
IAM Access Analyzer finds nothing in common between `arn:aws:ecs:*:*:task-definition/a:*` and `…task-definition/b:*`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

Matcher = Callable[[str], bool]
ARN_SEGMENTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERAL_VARIABLES = {"*": "*", "?": "?", "$": "$"}
_VARIABLE_WITH_DEFAULT = re.compile(r"\s*(?P<key>[^,]+?)\s*,\s*'(?P<default>[^']*)'\s*")
# Stand-ins for `${*}`, `${?}` and for wildcard characters in the values of variables, which are no wildcards.
_ESCAPES = {"*": "\ue000", "?": "\ue001", ":": "\ue002"}
_WILD = re.compile("[*?]")
_WILD_OR_COLON = re.compile(f"[*?{_ESCAPES[':']}]")
_UNESCAPE = {escaped: re.escape(char) for char, escaped in _ESCAPES.items()}


def folded(text: str) -> str:
    """A text for comparisons without regard to case: each character by its own, so that no length changes."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


def _folded(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 and lower.upper() == char else char


def has_variables(pattern: str) -> bool:
    """Whether a pattern holds `${…}`."""
    return "${" in pattern


def variable_name(written: str) -> str:
    """What stands between `${` and `}`, normalised: the key in lower case, with its default if it has one.

    A variable with a default is another one than the same key without it.
    """
    with_default = _VARIABLE_WITH_DEFAULT.fullmatch(written)
    if with_default:
        return f"{with_default['key'].lower()},{with_default['default']}"
    return written.strip().lower()


def expand(pattern: str, context: Mapping[str, Sequence[str]]) -> str | None:
    """The pattern with its variables replaced from the context (lower-case keys); None when one has no value.

    Wildcards inside the values are taken literally. A key with several values cannot be used as a variable.
    """
    missing = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal missing
        name = match.group(1)
        if name in _LITERAL_VARIABLES:
            return _escaped(name)
        with_default = _VARIABLE_WITH_DEFAULT.fullmatch(name)
        values = context.get((with_default["key"] if with_default else name).strip().lower(), ())
        if len(values) == 1:
            return _escaped(values[0])
        if with_default and not values:
            return _escaped(with_default["default"])
        missing = True
        return ""

    text = _VARIABLE.sub(value_of, pattern)
    return None if missing else text


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)


def unescaped(text: str) -> str:
    """An expanded pattern as the plain text it stands for where no wildcards count."""
    for char, escaped in _ESCAPES.items():
        text = text.replace(escaped, char)
    return text


@lru_cache(maxsize=65536)
def glob(pattern: str) -> Matcher:
    """Matcher of a string pattern in which `*` and `?` match any characters: StringLike."""
    wild = _WILD.search(pattern)
    if wild is None:
        return unescaped(pattern).__eq__
    if wild[0] == "*" and wild.end() == len(pattern):
        prefix = unescaped(pattern[:-1])
        return lambda text: text.startswith(prefix)
    return _Wild(pattern)


@lru_cache(maxsize=65536)
def arn(pattern: str) -> Matcher:
    """Matcher of an ARN pattern: wildcards stay within a segment, except in the last one; missing segments are `*`."""
    if pattern and not pattern.strip("*"):
        return lambda _: True
    # A colon inside the value of a variable begins no segment.
    wild = _WILD_OR_COLON.search(pattern)
    if (wild is None or wild.end() == len(pattern)) and pattern.count(":") >= ARN_SEGMENTS - 1:
        if wild is None:
            return unescaped(pattern).__eq__
        if wild[0] == "*":
            prefix = unescaped(pattern[:-1])
            return lambda text: text.startswith(prefix)
    segments = pattern.split(":", ARN_SEGMENTS - 1)
    segments += ["*"] * (ARN_SEGMENTS - len(segments))
    matchers = [glob(segment) for segment in segments]

    def matches(text: str) -> bool:
        found = text.split(":", ARN_SEGMENTS - 1)
        return len(found) == ARN_SEGMENTS and all(match(part) for match, part in zip(matchers, found, strict=True))

    return matches


@lru_cache(maxsize=16384)
def action(pattern: str) -> Matcher:
    """Matcher of an action pattern; give it the action in lower case."""
    return glob(folded(pattern))


class _Wild:
    """A glob with inner wildcards, matched piece by piece: linear in pieces × text, unlike a backtracking regex."""

    def __init__(self, pattern: str) -> None:
        pieces = re.split(r"\*+", pattern)
        self._first, *self._middle = [self._compile(piece) for piece in pieces]
        self._last = self._middle.pop() if self._middle else None

    @staticmethod
    def _compile(piece: str) -> tuple[re.Pattern[str], int]:
        regex = "".join("." if char == "?" else _UNESCAPE.get(char) or re.escape(char) for char in piece)
        return re.compile(regex, re.DOTALL), len(piece)

    def __call__(self, text: str) -> bool:
        head = self._first[0].match(text)
        if head is None:
            return False
        position = head.end()
        if self._last is None:
            return position == len(text)
        for pattern, _ in self._middle:
            found = pattern.search(text, position)
            if found is None:
                return False
            position = found.end()
        pattern, length = self._last
        start = len(text) - length
        return start >= position and pattern.match(text, start) is not None
