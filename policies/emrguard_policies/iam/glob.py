"""Sets of texts described by IAM patterns, as automata: does a set of them have a text in common, and which?

A text may hold symbols (see `symbols`): characters that stand for values known only after a deployment. Patterns are
read in one of three modes, which differ only in what they say about symbols:

- `may`: some deployment makes the pattern match. A symbol of the text may be matched by literal text of its shape, a
  symbol of the pattern by any text of its shape. Two different `unique` symbols never match each other, and one in a
  pattern is matched by no literal text: what templates name themselves differs from what AWS generates.
- `must`: every deployment makes the pattern match. A symbol is matched by itself and by wildcards.
- `text`: like `must`, but the pattern describes the texts asked about, so that `?` is any one character or symbol.

Automata are made deterministic while they are read, so that a pattern such as `*a*a*a*` costs no more than its length
times the length of what it is compared with; every search has a budget of steps.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Literal

from emrguard_policies.iam.matching import folded, variable_name
from emrguard_policies.iam.symbols import SymbolTable, is_symbol

Mode = Literal["may", "must", "text"]
Dialect = Literal["exact", "exact-nocase", "glob", "glob-nocase", "arn"]
"""`exact` takes wildcards literally; in `arn` they stay within a segment except in the last one."""

STEPS = 200_000
"""Transitions that one search may take."""

LONGEST = 200_000
"""Characters of the patterns of one set: what is longer takes too much memory."""

# Places in the patterns that count as one more transition.
_WEIGHT = 10
_ARN_COLONS = 5
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_FIRST_VARIABLE = 0x100000
# Characters of witnesses, the ones that read best first.
_PLAIN = "x0ayzbcdefghijklmnopqrstuvw123456789-_/.XYZABCDEFGHIJKLMNOPQRSTUVW:+=@,~!$%&()'#;^|<>[]{} \"\\é"
_LITERAL, _CLASS, _SYMBOL = 0, 1, 2


class Undecided(Exception):
    """The question cannot be decided within the budget or with what is known; the message says why.

    Not an error of the user's: whoever asks turns it into the answer "undecided", which counts as failed.
    """


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a symbol between its prefix and its suffix. `alphabet` None: any characters."""

    alphabet: frozenset[str] | None
    least: int
    most: int | None
    unique: bool
    prefix: str = ""
    suffix: str = ""
    example: str = "x"
    variable: bool = False

    @property
    def crosses_segments(self) -> bool:
        """Whether the value may hold a colon, and so more than one segment of an ARN."""
        return not self.variable and (self.alphabet is None or ":" in self.alphabet)


_ANY = Shape(None, 0, None, False)


@dataclass(frozen=True, slots=True)
class _Class:
    """One character: of `alphabet` (None: any), not a colon if `no_colon`; part of symbol `owner`, if given.

    `whole` says whether it takes a symbol of the text as one character (wildcards do in every mode).
    """

    alphabet: frozenset[str] | None
    no_colon: bool
    owner: str | None
    star: bool

    def holds(self, char: str) -> bool:
        return (self.alphabet is None or char in self.alphabet) and not (self.no_colon and char == ":")


_Edge = tuple[int, str | _Class, int]


class Automaton:
    """The union of some patterns. States are numbers; -1 is the state from which nothing is accepted any more."""

    DEAD = -1

    def __init__(self, space: Space, patterns: tuple[str, ...], mode: Mode, dialect: Dialect, variables: bool) -> None:
        self.space = self._space = space
        self._mode = mode
        self._nocase = dialect.endswith("-nocase")
        self._edges: list[list[_Edge]] = []
        self._jumps: list[list[int]] = []
        self._ends: set[int] = set()
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._steps: dict[tuple[int, str], int] = {}
        self._letters: dict[int, tuple[frozenset[str], tuple[_Class, ...]]] = {}
        self._closures: dict[int, frozenset[int]] = {}
        self._accepting: list[bool] = []
        self._first = 0
        self._home: list[int] = []
        self._stars: dict[int, int] = {}
        self._begun: dict[int, str] = {}
        self._source = (patterns, dialect, variables)

    @cached_property
    def start(self) -> int:
        """The state before the first character. Automata are built when they are first read: most never are."""
        patterns, dialect, variables = self._source
        if sum(map(len, patterns)) > LONGEST:
            raise Undecided(f"patterns of more than {LONGEST:,} characters")
        starts = [self._pattern(self._space.tokens(each, variables=variables), dialect) for each in patterns]
        return self._number(frozenset().union(*map(self._closure, starts)))

    @cached_property
    def fixed(self) -> str | None:
        """The one text that is accepted, where the patterns are a single text without wildcards, read as `text`."""
        patterns, dialect, variables = self._source
        if self._mode != "text" or len(patterns) != 1 or self._nocase:
            return None
        tokens = self._space.tokens(patterns[0], variables=variables)
        if dialect != "exact" and (dialect == "arn" or any(wild for wild, _ in tokens)):
            return None
        return self._space.expanded("".join(char for _, char in tokens))

    # Reading

    def accepts(self, text: str) -> bool:
        """Whether a text, with its symbols expanded (see `Space.expanded`), is in the set."""
        state = self.start
        for char in text:
            if state == self.DEAD:
                return False
            state = self.step(state, char)
        return self.accepting(state)

    def accepting(self, state: int) -> bool:
        """Whether a text that ends here is in the set."""
        return state != self.DEAD and self._accepting[state]

    def step(self, state: int, char: str) -> int:
        """The state after one more character."""
        if state == self.DEAD:
            return state
        key = (state, char)
        found = self._steps.get(key)
        if found is None:
            symbol = self._space.is_symbol(char)
            after = self._over_symbol(self._sets[state], char) if symbol else self._over(self._sets[state], char)
            found = self._steps[key] = self._number(after)
        return found

    def letters(self, state: int) -> tuple[frozenset[str], tuple[_Class, ...]]:
        """The characters and classes that this state tells from others."""
        if state == self.DEAD:
            return frozenset(), ()
        if state not in self._letters:
            chars: set[str] = set()
            classes: set[_Class] = set()
            for position in self._sets[state]:
                for kind, what, _ in self._edges[position]:
                    if kind == _CLASS:
                        assert isinstance(what, _Class)
                        if what.no_colon:
                            chars.add(":")
                        if what.alphabet is not None:
                            classes.add(what)
                    else:
                        assert isinstance(what, str)
                        chars.add(what)
                        if self._nocase and kind == _LITERAL:
                            chars.add(what.upper())
            self._letters[state] = (frozenset(chars), tuple(classes))
        return self._letters[state]

    def _over(self, positions: frozenset[int], char: str) -> frozenset[int]:
        read = folded(char) if self._nocase else char
        after: set[int] = set()
        for position in positions:
            for kind, what, target in self._edges[position]:
                if kind == _LITERAL:
                    if what == read:
                        after |= self._closure(target)
                elif kind == _CLASS and isinstance(what, _Class) and what.holds(char) and not self._generated(what):
                    after |= self._closure(target)
        return frozenset(after)

    def _generated(self, what: _Class) -> bool:
        """Whether the class stands for a generated value, which is in no text but as its symbol."""
        return what.owner is not None and self._space.shape(what.owner).unique

    def _over_symbol(self, positions: frozenset[int], symbol: str) -> frozenset[int]:
        shape = self._space.shape(symbol)
        after: set[int] = set()
        for position in positions:
            for kind, what, target in self._edges[position]:
                if kind == _SYMBOL:
                    taken = what == symbol
                elif kind == _CLASS and isinstance(what, _Class) and what.owner is None:
                    taken = self._takes_whole(what, shape)
                else:
                    taken = False
                if taken:
                    after |= self._closure(target)
        if self._mode == "may":
            after |= self._over_shape(positions, symbol, shape)
        return frozenset(after)

    def _takes_whole(self, what: _Class, shape: Shape) -> bool:
        if self._mode == "text":
            return True
        if not what.star and not (shape.least <= 1 and (shape.most is None or shape.most >= 1)):
            return False
        if self._mode == "may":
            return True
        return (what.star or shape.least == shape.most == 1) and not (
            what.no_colon and (shape.alphabet is None or ":" in shape.alphabet)
        )

    def _over_shape(self, positions: frozenset[int], symbol: str, shape: Shape) -> set[int]:
        """Where any value of the symbol may lead, character by character."""
        after: set[int] = set(positions) if shape.least == 0 else set()
        current: frozenset[int] = positions
        seen: set[frozenset[int]] = set()
        length = 0
        while current and (shape.most is None or length < shape.most):
            current = self._over_any_of(current, symbol, shape)
            length += 1
            if length >= shape.least:
                after |= current
                # Once a set of positions comes back, longer values lead nowhere new.
                if current in seen:
                    break
                seen.add(current)
        return after

    def _over_any_of(self, positions: frozenset[int], symbol: str, shape: Shape) -> frozenset[int]:
        after: set[int] = set()
        for position in positions:
            for kind, what, target in self._edges[position]:
                if kind == _LITERAL:
                    assert isinstance(what, str)
                    taken = shape.alphabet is None or what in shape.alphabet
                    taken = taken or (self._nocase and what.upper() in (shape.alphabet or ()))
                    # Another generated value would have to end within this one, or to be the beginning of it.
                    taken = taken and not self._space.differ(self._begun.get(position), symbol)
                elif kind == _CLASS and isinstance(what, _Class):
                    taken = _overlap(what, shape) and not self._space.differ(what.owner, symbol)
                else:
                    taken = False
                if taken:
                    after |= self._closure(target)
        return frozenset(after)

    # Building

    def _pattern(self, tokens: Sequence[tuple[bool, str]], dialect: Dialect) -> int:
        wildcards = not dialect.startswith("exact")
        opaque = dialect == "arn" and any(
            not wild and self._space.is_symbol(char) and self._space.shape(char).crosses_segments
            for wild, char in tokens
        )
        if wildcards:
            star = (True, "*")
            pairs = zip(tokens, (None, *tokens), strict=False)
            tokens = [token for token, before in pairs if not token == before == star]
        everything = dialect == "arn" and tokens == [(True, "*")]
        segmented = dialect == "arn" and not everything
        colons = 0
        self._first = len(self._edges)
        start = position = self._state()
        for wild, char in tokens:
            if wild and wildcards:
                # The segments of an opaque pattern cannot be counted.
                no_colon = self._mode == "must" if opaque else segmented and colons < _ARN_COLONS
                position = self._wildcard(position, char, no_colon)
            elif self._space.is_symbol(char):
                position = self._symbol(position, char, segmented and not opaque and colons < _ARN_COLONS)
            else:
                colons += char == ":"
                position = self._literal(position, char)
        self._ends.add(position)
        if segmented and colons < _ARN_COLONS and not (opaque and self._mode == "must"):
            # Segments that are not written are any.
            missing = 1 if opaque else _ARN_COLONS - colons
            if not opaque:
                self._ends.discard(position)
            for number in range(missing):
                position = self._literal(position, ":")
                position = self._wildcard(position, "*", not opaque and colons + number + 1 < _ARN_COLONS)
            self._ends.add(position)
        return start

    def weight(self, state: int) -> int:
        """What a step from this state costs: the places in the patterns that it stands for."""
        return 0 if state == self.DEAD else len(self._sets[state])

    def _state(self) -> int:
        self._home.append(self._first)
        self._edges.append([])
        self._jumps.append([])
        return len(self._edges) - 1

    def _literal(self, position: int, char: str) -> int:
        after = self._state()
        self._edges[position].append((_LITERAL, folded(char) if self._nocase else char, after))
        return after

    def _wildcard(self, position: int, char: str, no_colon: bool) -> int:
        if char == "*":
            loop = self._state()
            after = self._state()
            if not no_colon:
                self._stars[loop] = self._first
            self._jumps[position].append(loop)
            self._edges[loop].append((_CLASS, _Class(None, no_colon, None, True), loop))
            self._jumps[loop].append(after)
        else:
            after = self._state()
            self._edges[position].append((_CLASS, _Class(None, no_colon, None, False), after))
        return after

    def _symbol(self, position: int, char: str, no_colon: bool) -> int:
        shape = self._space.shape(char)
        for literal in shape.prefix:
            self._begun[position] = char
            position = self._literal(position, literal)
        after = self._state()
        self._edges[position].append((_SYMBOL, char, after))
        if self._mode == "may":
            one = _Class(shape.alphabet, no_colon, char, True)
            for number in range(shape.least if shape.most is None else shape.most):
                if number >= shape.least:
                    self._jumps[position].append(after)
                nearer = self._state()
                self._edges[position].append((_CLASS, one, nearer))
                position = nearer
            if shape.most is None:
                loop = self._state()
                self._jumps[position].append(loop)
                self._edges[loop].append((_CLASS, one, loop))
                position = loop
            self._jumps[position].append(after)
        for literal in shape.suffix:
            after = self._literal(after, literal)
        return after

    def _closure(self, position: int) -> frozenset[int]:
        found = self._closures.get(position)
        if found is None:
            seen = {position}
            todo = [position]
            while todo:
                for target in self._jumps[todo.pop()]:
                    if target not in seen:
                        seen.add(target)
                        todo.append(target)
            found = self._closures[position] = frozenset(seen)
        return found

    def _number(self, positions: frozenset[int]) -> int:
        if not positions:
            return self.DEAD
        positions = self._pruned(positions)
        found = self._numbers.get(positions)
        if found is None:
            found = self._numbers[positions] = len(self._sets)
            self._sets.append(positions)
            self._accepting.append(not self._ends.isdisjoint(positions))
        return found

    def _pruned(self, positions: frozenset[int]) -> frozenset[int]:
        """The positions without those before a `*` of the same pattern: it takes whatever they would have taken."""
        latest: dict[int, int] = {}
        for position in positions:
            first = self._stars.get(position)
            if first is not None and position > latest.get(first, -1):
                latest[first] = position
        if not latest:
            return positions
        return frozenset(each for each in positions if each >= latest.get(self._home[each], -1))


def _overlap(what: _Class, shape: Shape) -> bool:
    if what.alphabet is not None and shape.alphabet is not None:
        common: frozenset[str] | None = what.alphabet & shape.alphabet
    else:
        common = what.alphabet if shape.alphabet is None else shape.alphabet
    return common is None or bool(common - {":"} if what.no_colon else common)


class Space:
    """The symbols of one set of questions, and the automata over them, each made once.

    `key_names` has the spelling of each condition key, by its lower case; `memory` keeps what was worked out.
    """

    def __init__(self, table: SymbolTable | None = None) -> None:
        self.table = table or SymbolTable()
        self._shapes: dict[str, Shape] = {}
        self._variables: dict[str, str] = {}
        self._automata: dict[tuple[tuple[str, ...], Mode, Dialect, bool], Automaton] = {}
        self._separate: set[frozenset[str]] = set()
        self.key_names: dict[str, str] = {}
        self.memory: dict[object, object] = {}
        self.steps: int | None = None

    def spend(self, steps: int) -> None:
        """Count transitions of all searches together, where `steps` limits them.

        Raises:
            Undecided: the limit is reached.
        """
        if self.steps is not None:
            self.steps -= steps
            if self.steps < 0:
                raise Undecided("the policies are too large or too entangled to be compared")

    def automaton(self, patterns: Iterable[str], mode: Mode, dialect: Dialect, *, variables: bool = False) -> Automaton:
        """The union of some patterns; `variables` says whether `${…}` in them is a policy variable."""
        key = (tuple(patterns), mode, dialect, variables)
        found = self._automata.get(key)
        if found is None:
            found = self._automata[key] = Automaton(self, *key)
        return found

    def separate(self, one: str, other: str) -> None:
        """Take two symbols to differ."""
        self._separate.add(frozenset((one, other)))

    def is_symbol(self, char: str) -> bool:
        """Whether a character is a symbol or stands for a policy variable."""
        return is_symbol(char) or ord(char) >= _FIRST_VARIABLE

    def shape(self, char: str) -> Shape:
        """What is known of a symbol; of one that no table knows: nothing."""
        found = self._shapes.get(char)
        if found is None:
            symbol = self.table.by_char.get(char)
            if symbol is None:
                found = _ANY
            else:
                end = len(symbol.example) - len(symbol.suffix)
                least, most = symbol.lengths
                found = Shape(
                    symbol.alphabet, least, most, symbol.unique, symbol.prefix, symbol.suffix,
                    symbol.example[len(symbol.prefix) : end],
                )  # fmt: skip
            self._shapes[char] = found
        return found

    def differ(self, one: str | None, other: str) -> bool:
        """Whether two symbols certainly stand for different values, neither the beginning of the other."""
        if one is None or one == other:
            return False
        return (self.shape(one).unique and self.shape(other).unique) or (
            bool(self._separate) and frozenset((one, other)) in self._separate
        )

    def variable(self, key: str) -> str:
        """The symbol that stands for a policy variable (see `variable_name`); the same name gives the same symbol."""
        if key not in self._variables:
            char = self._variables[key] = chr(_FIRST_VARIABLE + len(self._variables))
            self._shapes[char] = Shape(None, 0, None, False, variable=True)
        return self._variables[key]

    def variables_in(self, text: str) -> dict[str, str]:
        """The policy variables whose symbols stand in a text: lower-case key → the example it is rendered with."""
        found = {name: self.shape(char).example for name, char in self._variables.items() if char in text}
        return {name.split(",")[0]: example for name, example in found.items()}

    def tokens(self, pattern: str, *, variables: bool) -> list[tuple[bool, str]]:
        """The characters of a pattern, each with whether it is a wildcard (in dialects that have some)."""
        tokens: list[tuple[bool, str]] = []
        position = 0
        for match in _VARIABLE.finditer(pattern) if variables and "${" in pattern else ():
            tokens += [(char in "*?", char) for char in pattern[position : match.start()]]
            name = match.group(1)
            tokens.append((False, name if name in ("*", "?", "$") else self.variable(variable_name(name))))
            position = match.end()
        tokens += [(char in "*?", char) for char in pattern[position:]]
        return tokens

    def expanded(self, text: str) -> str:
        """A text in which each symbol stands between the prefix and the suffix that are known of it."""
        if text.isascii():
            return text
        parts = []
        for char in text:
            if self.is_symbol(char):
                shape = self.shape(char)
                parts.append(f"{shape.prefix}{char}{shape.suffix}")
            else:
                parts.append(char)
        return "".join(parts)

    def readable(self, text: str) -> str:
        """An expanded text with an example in place of each symbol."""
        if text.isascii():
            return text
        return "".join(self.shape(char).example if self.is_symbol(char) else char for char in text)


def common_text(wanted: Sequence[Automaton], unwanted: Sequence[Automaton] = (), steps: int = STEPS) -> str | None:
    """A shortest text in all of `wanted` and in none of `unwanted`, symbols expanded; None if there is none.

    Raises:
        Undecided: no answer within `steps` transitions.
    """
    for automaton in wanted:
        if automaton.fixed is not None:
            text = automaton.fixed
            fits = all(each.accepts(text) for each in wanted) and not any(each.accepts(text) for each in unwanted)
            return text if fits else None
    everyone = (*wanted, *unwanted)
    needed = len(wanted)
    start = tuple(each.start for each in everyone)
    if Automaton.DEAD in start[:needed]:
        return None
    came_from: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None] = {start: None}
    queue = deque([start])
    taken = 0
    space = everyone[0].space
    while queue:
        states = queue.popleft()
        if all(each.accepting(state) for each, state in zip(wanted, states, strict=False)) and not any(
            each.accepting(state) for each, state in zip(unwanted, states[needed:], strict=True)
        ):
            return _lengthened(_spelled(came_from, states), wanted, unwanted)
        weight = 1 + sum(each.weight(state) for each, state in zip(everyone, states, strict=True)) // _WEIGHT
        for char in _choices(everyone, states):
            taken += weight
            space.spend(weight)
            if taken > steps:
                raise Undecided(f"no answer within {steps} steps")
            after = tuple(each.step(state, char) for each, state in zip(everyone, states, strict=True))
            if after not in came_from and Automaton.DEAD not in after[:needed]:
                came_from[after] = (states, char)
                queue.append(after)
    return None


def _spelled(came_from: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None], states: tuple[int, ...]) -> str:
    chars = []
    link = came_from[states]
    while link:
        states, char = link
        chars.append(char)
        link = came_from[states]
    return "".join(reversed(chars))


def _lengthened(text: str, wanted: Sequence[Automaton], unwanted: Sequence[Automaton]) -> str:
    """A text that ends in a separator reads better with something behind it."""
    if text.endswith(("/", ":")):
        longer = f"{text}x"
        if all(each.accepts(longer) for each in wanted) and not any(each.accepts(longer) for each in unwanted):
            return longer
    return text


def _choices(everyone: Sequence[Automaton], states: Sequence[int]) -> list[str]:
    """One character of every kind that the states can tell apart."""
    chars: set[str] = set()
    classes: set[_Class] = set()
    for each, state in zip(everyone, states, strict=True):
        some, kinds = each.letters(state)
        chars |= some
        classes.update(kinds)
    others = []
    seen: set[tuple[bool, ...]] = set()
    named = {char for one in classes for char in one.alphabet or ()}
    # One character more than are told apart is always left.
    left = next(char for char in map(chr, count(0x100)) if char not in chars and char not in named)
    for char in (*_PLAIN, *sorted(named), left):
        if char not in chars:
            kind = tuple(one.holds(char) for one in classes)
            if kind not in seen:
                seen.add(kind)
                others.append(char)
                if not classes:
                    break
    return others + sorted(chars, key=str.swapcase)
