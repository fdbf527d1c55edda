"""Finds, for a pattern, the few of many texts that it may match, without comparing it with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from emrguard_policies.iam.glob import Space

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("children", "ends", "open")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.ends: list[T] = []
        self.open: list[T] = []


class Index(Generic[T]):
    """Texts, with or without wildcards, each with a value. What `candidates` leaves out certainly does not match."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._root: _Node[T] = _Node()

    def add(self, text: str, value: T, *, wildcards: bool = True) -> None:
        """Adds a text; what follows its first wildcard may be anything."""
        node = self._root
        for char in self._space.expanded(text):
            if wildcards and char in "*?":
                node.open.append(value)
                return
            node = node.children.setdefault(char, _Node())
        node.ends.append(value)

    def candidates(self, pattern: str, *, wildcards: bool = True, variables: bool = False) -> Iterator[T]:
        """The values whose texts the pattern may match; a value may come more than once."""
        tokens: list[str | None] = []
        for wild, char in self._space.tokens(pattern, variables=variables):
            if wild and wildcards:
                tokens.append(None)
                break
            if not self._space.is_symbol(char):
                tokens.append(char)
                continue
            shape = self._space.shape(char)
            tokens += [*shape.prefix, char, *shape.suffix]
        if wildcards and tokens.count(":") < 5 and None not in tokens:
            # Segments that an ARN pattern does not write are any.
            tokens.append(None)
        yield from self._walk(self._root, tokens, 0)

    def _walk(self, node: _Node[T], tokens: Sequence[str | None], position: int) -> Iterator[T]:
        while True:
            yield from node.open
            if position == len(tokens):
                yield from node.ends
                for char, child in node.children.items():
                    if self._space.is_symbol(char) and self._space.shape(char).least == 0:
                        yield from self._below(child)
                return
            token = tokens[position]
            if token is None or (self._space.is_symbol(token) and self._space.shape(token).variable):
                yield from self._below(node, itself=False)
                yield from node.ends
                return
            for char, child in node.children.items():
                if char != token and self._may_begin(token, char):
                    yield from self._below(child)
            if self._space.is_symbol(token) and self._space.shape(token).least == 0:
                yield from self._below(node, itself=False)
                yield from node.ends
                return
            following = node.children.get(token)
            if following is None:
                return
            node, position = following, position + 1

    def _may_begin(self, token: str, char: str) -> bool:
        """Whether a pattern that goes on with `token` may match a text that goes on with another character."""
        space = self._space
        if space.is_symbol(token):
            if space.is_symbol(char):
                return not space.differ(token, char)
            shape = space.shape(token)
            return not shape.unique and (shape.alphabet is None or char in shape.alphabet)
        if space.is_symbol(char):
            shape = space.shape(char)
            return shape.least == 0 or shape.alphabet is None or token in shape.alphabet
        return False

    def _below(self, node: _Node[T], *, itself: bool = True) -> Iterator[T]:
        todo = [node] if itself else list(node.children.values())
        while todo:
            each = todo.pop()
            yield from each.open
            yield from each.ends
            todo += each.children.values()
