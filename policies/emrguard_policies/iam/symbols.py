"""Values that are known only after a deployment, as characters inside ordinary strings.

A generated bucket name, a key id or the account of an environment-agnostic stack is one private-use Unicode character,
a symbol. Strings with symbols can be joined, split and compared like others; what is known of the value (its shape)
stands in the table. Two different symbols whose `unique` is true never stand for the same text, and neither is a prefix
of the other: generated names end in a random part. The proof prints this assumption.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from emrguard_policies.exceptions import InputError

FIRST, LAST = 0xF0000, 0xFFFFD
_SYMBOL = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One unknown value.

    The value is `prefix`, then `lengths[0]` to `lengths[1]` characters of `alphabet` (None: any characters at all, and
    no upper bound on the length when `lengths[1]` is None), then `suffix`. `example` is one such value, for witnesses
    that people read. `origin` says where it comes from: `Payroll/DataBucket.Ref`.
    """

    char: str
    origin: str
    example: str
    prefix: str = ""
    suffix: str = ""
    alphabet: frozenset[str] | None = None
    lengths: tuple[int, int | None] = (0, None)
    unique: bool = False


@dataclass
class SymbolTable:
    """All symbols of one assembly; the same origin gives the same symbol."""

    by_char: dict[str, Symbol] = field(default_factory=dict)
    _by_origin: dict[str, Symbol] = field(default_factory=dict)

    def symbol(
        self,
        origin: str,
        example: str,
        *,
        prefix: str = "",
        suffix: str = "",
        alphabet: frozenset[str] | None = None,
        lengths: tuple[int, int | None] = (0, None),
        unique: bool = False,
    ) -> Symbol:
        """The symbol of `origin`, made at the first call.

        Raises:
            InputError: the table is full.
        """
        if origin not in self._by_origin:
            if FIRST + len(self._by_origin) > LAST:
                raise InputError(f"more than {LAST - FIRST + 1} values that only the deployment knows; split the app")
            char = chr(FIRST + len(self._by_origin))
            made = Symbol(char, origin, example, prefix, suffix, alphabet, lengths, unique)
            self._by_origin[origin] = self.by_char[char] = made
        return self._by_origin[origin]

    def readable(self, text: str) -> str:
        """`text` with each symbol replaced by its example."""
        return text if text.isascii() else _SYMBOL.sub(self._example, text)

    def _example(self, match: re.Match[str]) -> str:
        symbol = self.by_char.get(match[0])
        return match[0] if symbol is None else symbol.example


def is_symbol(char: str) -> bool:
    """Whether a character is a symbol."""
    return FIRST <= ord(char) <= LAST


def symbols_in(text: str) -> list[str]:
    """The symbols of a text, one by one as they stand in it."""
    # Symbols are outside of ASCII, and nearly all texts that are asked about are within.
    return [] if text.isascii() else _SYMBOL.findall(text)


def pattern_of(text: str, numbers: dict[str, str] | None = None) -> str:
    """A text with its symbols renumbered as they appear: the same for texts that differ in their symbols alone.

    `numbers` has those that are numbered already, in a text before this one, and gets the others.
    """
    known = {} if numbers is None else numbers
    return _SYMBOL.sub(lambda match: known.setdefault(match[0], chr(FIRST + len(known))), text)
