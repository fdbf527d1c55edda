"""Statements as boxes: each is true where all its atoms are, and each atom constrains one dimension of a request.

Dimensions are the action, the resource, the principal and every condition key. A grant is read generously (it covers
every request that it may allow), a bar cautiously (it covers only requests that it certainly denies); so an answer
"cannot" holds for every deployment of the templates.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

from emrguard_policies.iam import conditions
from emrguard_policies.iam.glob import Automaton, Dialect, Mode, Space, Undecided, common_text
from emrguard_policies.iam.model import Condition, Policy, Statement

Side = Literal["grant", "bar", "described"]
Values = tuple[str, ...] | None
"""The values of a condition key; None: the key is not in the request."""

_DIALECTS: dict[str, Dialect] = {
    "StringEquals": "exact",
    "StringEqualsIgnoreCase": "exact-nocase",
    "StringLike": "glob",
    "ArnEquals": "arn",
    "ArnLike": "arn",
    "Bool": "exact-nocase",
    "BinaryEquals": "exact",
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnLike",
    "ArnNotLike": "ArnLike",
}
_MODES: dict[Side, tuple[Mode, Mode]] = {
    "grant": ("may", "must"),
    "bar": ("must", "may"),
    "described": ("text", "must"),
}
# Keys that AWS documents with one value; any other key is taken to be able to have several.
_SINGLE = frozenset({
    "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice",
    "aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:securetransport",
    "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:viaawsservice", "aws:resourceaccount",
    "aws:principalorgid", "aws:resourceorgid", "aws:userid", "aws:username", "aws:currenttime", "aws:epochtime",
    "aws:requestedregion", "aws:principalservicename", "aws:calledviafirst", "aws:calledvialast", "aws:referer",
    "aws:useragent", "aws:tokenissuetime", "aws:vpcsourceip", "aws:sourceorgid", "aws:sourceidentity", "s3:prefix",
    "s3:delimiter", "s3:tlsversion", "s3:x-amz-server-side-encryption", "s3:max-keys", "s3:signatureage",
    "s3:x-amz-server-side-encryption-aws-kms-key-id", "kms:viaservice", "kms:calleraccount", "iam:passedtoservice",
    "iam:permissionsboundary", "iam:policyarn", "iam:awsservicename", "sts:externalid", "sts:rolesessionname",
    "kms:grantisforawsresource",
})  # fmt: skip

# Keys whose values are a number, a date or an address in every request.
_TYPED = frozenset({
    "aws:sourceip", "aws:vpcsourceip", "aws:currenttime", "aws:tokenissuetime", "aws:epochtime",
    "aws:multifactorauthage", "s3:max-keys", "s3:signatureage",
})  # fmt: skip
_COMPARED = 1000
"""Numbers, dates and addresses that the conditions on one key may compare; probing takes their square."""


@dataclass(frozen=True, slots=True)
class TextAtom:
    """The text of a dimension is in the set, or, if not `positive`, is not in it."""

    dimension: str
    texts: Automaton
    positive: bool = True

    def negated(self) -> TextAtom:
        """The atom that holds where this one does not."""
        return TextAtom(self.dimension, self.texts, not self.positive)

    def holds(self, value: str) -> bool:
        """Whether the atom holds for a text."""
        return self.texts.accepts(value) is self.positive


@dataclass(frozen=True, slots=True)
class Comparison:
    """A test of numbers, dates or addresses against the values of a condition."""

    operator: str
    values: tuple[str, ...]

    def accepts(self, value: str) -> bool:
        """Whether the test succeeds for one value."""
        probe = Condition(self.operator, "key", self.values)
        return conditions.holds(probe, {"key": (value,)}, variables=False) is True

    def probes(self) -> list[str]:
        """Values between which the test can change its outcome, one of every part of the line that they cut."""
        if self.operator == "IpAddress":
            return _addresses(self.values)
        if self.operator.startswith("Date"):
            return _moments(self.values)
        return _numbers(self.values)


@dataclass(frozen=True, slots=True)
class KeyAtom:
    """What a condition asks of the values of its key.

    `absent` says whether it holds without the key; otherwise every value, or (not `every`) one value, passes the test;
    `positive` False turns the test of a single value around.
    """

    dimension: str
    absent: bool
    every: bool
    test: Automaton | Comparison
    positive: bool = True

    def negated(self) -> KeyAtom:
        """The atom that holds where this one does not."""
        return KeyAtom(self.dimension, not self.absent, not self.every, self.test, not self.positive)

    def passes(self, value: str) -> bool:
        """The outcome for one value."""
        return self.test.accepts(value) is self.positive

    def holds(self, values: Values) -> bool:
        """Whether the atom holds for the values of the key."""
        if not values:
            return self.absent
        outcomes = map(self.passes, values)
        return all(outcomes) if self.every else any(outcomes)


Atom = TextAtom | KeyAtom


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """The requests that a statement covers. `opaque`: its policy is not known, nobody can say what it grants."""

    statement: Statement
    atoms: tuple[Atom, ...]
    opaque: bool = False


def key_dimension(space: Space, key: str) -> str:
    """The dimension of a condition key."""
    space.key_names.setdefault(key.lower(), key)
    return f"key:{key.lower()}"


def box(space: Space, policy: Policy, statement: Statement, side: Side) -> Box | None:
    """The requests that a statement may apply to (`grant`), or certainly applies to (`bar`).

    `described` is a grant whose own symbols stand in the texts asked about. None: a bar of which nothing is certain.
    """
    generous = side != "bar"
    inside, outside = _MODES[side]
    asked = [each.key.lower() for each in statement.conditions]
    atoms: list[Atom] = []
    for dimension, listed, excepted, dialect in (
        ("action", statement.actions, statement.not_actions, "glob-nocase"),
        ("resource", statement.resources, statement.not_resources, "arn"),
    ):
        kind: Dialect = "arn" if dialect == "arn" else "glob-nocase"
        variables = policy.variables and dimension == "resource"
        if listed is not None and "*" not in listed:
            atoms.append(TextAtom(dimension, space.automaton(listed, inside, kind, variables=variables)))
        elif excepted is not None:
            atoms.append(TextAtom(dimension, space.automaton(excepted, outside, kind, variables=variables), False))
    for condition in statement.conditions:
        # Two conditions on one key: a variable in one of them may have a value that the other one writes out.
        several = side == "described" and asked.count(condition.key.lower()) > 1
        atom = _key_atom(space, condition, "may" if several else inside, outside, policy.variables)
        if atom is not None:
            atoms.append(atom)
        elif not generous:
            return None
    return Box(statement, tuple(atoms))


def fixed_key(space: Space, key: str, value: str) -> KeyAtom:
    """The key has this one value in every request asked about."""
    return KeyAtom(key_dimension(space, key), False, True, space.automaton((value,), "text", "exact"))


def absent_key(space: Space, key: str) -> KeyAtom:
    """The key is in none of the requests asked about."""
    return KeyAtom(key_dimension(space, key), True, True, space.automaton((), "text", "exact"))


def _key_atom(space: Space, condition: Condition, inside: Mode, outside: Mode, variables: bool) -> KeyAtom | None:
    """The atom of a condition; None if its values cannot be read."""
    dimension = key_dimension(space, condition.key)
    if condition.operator == "Null":
        wanted = {value.lower() for value in condition.values}
        if not wanted or not conditions.readable(condition):
            return None
        nothing = space.automaton((), "text", "exact")
        if wanted == {"true", "false"}:
            return KeyAtom(dimension, True, True, nothing, False)
        absent = wanted == {"true"}
        return KeyAtom(dimension, absent, absent, nothing, absent)
    positive = condition.operator not in _NEGATED
    operator = _NEGATED.get(condition.operator, condition.operator)
    if condition.quantifier == "ForAllValues" or condition.if_exists:
        absent = True
    else:
        absent = not positive and condition.quantifier != "ForAnyValue"
    every = condition.quantifier == "ForAllValues" or (not positive and condition.quantifier is None)
    test: Automaton | Comparison
    if operator in _DIALECTS:
        if operator == "Bool" and not conditions.readable(condition):
            return None
        expands = variables and operator.startswith(("String", "Arn"))
        mode = inside if positive else outside
        test = space.automaton(condition.values, mode, _DIALECTS[operator], variables=expands)
    else:
        test = Comparison(operator, condition.values)
        if not conditions.readable(condition):
            return None
    return KeyAtom(dimension, absent, every, test, positive)


# Finding values


def text_of(space: Space, atoms: Sequence[TextAtom]) -> str | None:
    """A text for which all atoms of one dimension hold; None if there is none."""
    key = ("text", frozenset(atoms))
    if key not in space.memory:
        wanted = [atom.texts for atom in atoms if atom.positive]
        unwanted = [atom.texts for atom in atoms if not atom.positive]
        space.memory[key] = common_text(wanted, unwanted)
    found = space.memory[key]
    assert found is None or isinstance(found, str)
    return found


def values_of(space: Space, atoms: Sequence[KeyAtom]) -> tuple[bool, Values]:
    """Whether some values of one key (or its absence) satisfy all atoms, and which."""
    key = ("key", frozenset(atoms))
    if key not in space.memory:
        space.memory[key] = _values_of(atoms)
    found = space.memory[key]
    assert isinstance(found, tuple)
    return found


def _values_of(atoms: Sequence[KeyAtom]) -> tuple[bool, Values]:
    if all(atom.absent for atom in atoms):
        return True, None
    every = [atom for atom in atoms if atom.every]
    some = [atom for atom in atoms if not atom.every]
    value = _value([*every, *some])
    if value is not None:
        return True, (value,)
    if not some or atoms[0].dimension.removeprefix("key:") in _SINGLE:
        return False, None
    found = [_value([*every, atom]) for atom in some]
    values = tuple(dict.fromkeys(value for value in found if value is not None))
    return (True, values) if None not in found else (False, None)


def _value(atoms: Sequence[KeyAtom]) -> str | None:
    """One value that passes the test of every atom."""
    automata = [(atom.test, atom.positive) for atom in atoms if isinstance(atom.test, Automaton)]
    wanted = [test for test, positive in automata if positive]
    unwanted = [test for test, positive in automata if not positive]
    comparisons = [atom.test for atom in atoms if isinstance(atom.test, Comparison)]
    if not comparisons:
        return common_text(wanted, unwanted)
    if sum(len(comparison.values) for comparison in comparisons) > _COMPARED:
        raise Undecided(f"more than {_COMPARED} numbers, dates or addresses are compared")
    probes = [probe for comparison in comparisons for probe in comparison.probes()]
    probes += [test.fixed for test in wanted if test.fixed is not None]
    probes += _merged(comparisons)
    if atoms[0].dimension.removeprefix("key:") not in _TYPED:
        # The value of a tag, say, may be no number at all; no comparison succeeds then.
        probes.append("x")
    for probe in probes:
        if all(atom.passes(probe) for atom in atoms):
            return probe
    if automata or len({_family(comparison) for comparison in comparisons}) > 1:
        key = atoms[0].dimension.removeprefix("key:")
        raise Undecided(f"{key} is compared as text and as a number, date or address")
    return None


def _family(comparison: Comparison) -> str:
    return comparison.operator[:4]


def _merged(comparisons: Sequence[Comparison]) -> list[str]:
    """Probes between the values of several conditions on one key."""
    if len(comparisons) < 2 or len({_family(each) for each in comparisons}) > 1:
        return []
    values = tuple(dict.fromkeys(value for each in comparisons for value in each.values))
    return Comparison(comparisons[0].operator, values).probes()


def _numbers(values: Sequence[str]) -> list[str]:
    points = sorted({number for value in values if (number := conditions.number(value)) is not None})
    if not points:
        return ["0"]
    between = [(low + high) / 2 for low, high in pairwise(points)]
    return [f"{point:f}" for point in (points[-1] + 1, *points, *between, points[0] - 1)]


def _moments(values: Sequence[str]) -> list[str]:
    points = sorted({conditions.moment(value) or datetime(2000, 1, 1, tzinfo=UTC) for value in values})
    if not points:
        return ["2000-01-01T00:00:00+00:00"]
    day = timedelta(days=1)
    between = [low + (high - low) / 2 for low, high in pairwise(points)]
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    after = points[-1] + day if points[-1] < last - day else last
    before = points[0] - day if points[0] > first + day else first
    return [point.isoformat() for point in (after, *points, *between, before)]


def _addresses(values: Sequence[str]) -> list[str]:
    probes = ["203.0.113.7", "2001:db8::7"]
    for value in values:
        network = ipaddress.ip_network(value, strict=False)
        low, high = int(network.network_address), int(network.broadcast_address)
        top = (1 << network.max_prefixlen) - 1
        kind = type(network.network_address)
        probes += [str(kind(number)) for number in (low, high, low - 1, high + 1) if 0 <= number <= top]
    return probes
