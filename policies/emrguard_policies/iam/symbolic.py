"""Which requests of a set do some policies allow? Answers with one such request, or that there is none.

A request set is a box (see `boxes`): every dimension is constrained on its own. A grant narrows it to the statement's
box. What the bars (Deny statements) take away is split off lazily: take a request of the set; if a bar covers it, go on
with the parts of the set that lie outside of the bar, one for each of its atoms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from emrguard_policies.iam.boxes import (
    Atom,
    Box,
    KeyAtom,
    TextAtom,
    Values,
    absent_key,
    box,
    fixed_key,
    text_of,
    values_of,
)
from emrguard_policies.iam.glob import Space, Undecided
from emrguard_policies.iam.model import Policy, PrincipalPattern, Statement

SPLITS = 20_000
"""Parts of a request set that one question may look at."""

_FOLLOWING = frozenset({
    "aws:principalisawsservice", "aws:principalservicename", "aws:principalarn", "aws:principalaccount",
    "aws:principaltype", "kms:calleraccount", "aws:resourceaccount",
})  # fmt: skip

How = Literal["session", "principal", "everyone", "account"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks. `arn` is that of the role or user, or the name of the service, whose `account` is empty."""

    kind: Literal["role", "user", "service"]
    arn: str
    account: str


@dataclass(frozen=True, eq=False)
class Compiled:
    """A policy as boxes. `unknown`: the document is not known; it may allow everything and denies nothing."""

    policy: Policy
    grants: tuple[Box, ...]
    bars: tuple[Box, ...]
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Resources asked about, as texts with wildcards (`arn:aws:s3:::<bucket>/?*`), and what is special about them.

    `policy` is the resource's own policy, if it has one; `gate` marks key policies and trust policies, without which
    identity policies count for nothing. `atoms` narrow the requests further, `s3:prefix` for instance. `account` is the
    owner's.
    """

    texts: tuple[str, ...]
    account: str
    policies: tuple[Compiled, ...] = ()
    gate: bool = False
    atoms: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """The policies that a subject carries. `boundary` None: there is none."""

    identity: tuple[Compiled, ...] = ()
    boundary: Compiled | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that is allowed: readable, concrete, with the statements that allow it.

    `opaque` says that only an unknown policy may allow it.
    """

    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    statements: tuple[Statement, ...]
    opaque: bool = False


def compiled(space: Space, policy: Policy) -> Compiled:
    """A policy as boxes over the symbols of `space`."""
    grants = [box(space, policy, each, "grant") for each in policy.statements if each.effect == "Allow"]
    bars = [box(space, policy, each, "bar") for each in policy.statements if each.effect == "Deny"]
    return Compiled(
        policy, tuple(each for each in grants if each is not None), tuple(each for each in bars if each is not None)
    )


def unknown_policy(name: str, kind: Literal["identity", "resource"] = "identity") -> Compiled:
    """A policy of which only the name is known."""
    anyone = (PrincipalPattern("AWS", "*"),) if kind == "resource" else None
    statement = Statement(name, 0, "Allow", actions=("*",), resources=("*",), principals=anyone)
    return Compiled(Policy(name, (statement,), kind), (Box(statement, (), opaque=True),), (), unknown=True)


def left_to(accounts: Sequence[str]) -> Compiled:
    """A policy of something outside of the templates: all is left to what the principals of some accounts carry."""
    name = "a policy outside of the templates"
    principals = tuple(PrincipalPattern("AWS", account) for account in accounts)
    statement = Statement(name, 0, "Allow", actions=("*",), resources=("*",), principals=principals)
    return Compiled(Policy(name, (statement,), "resource"), (Box(statement, ()),), ())


def reach(space: Space, subject: Subject, held: Held, action: str, target: Target) -> Answer | None:
    """A request for `action` on the target that the subject may make; None: there is none in any deployment.

    Raises:
        Undecided: no answer within the budget.
    """
    base = (*_about(space, subject, target), *_asked(space, action, target))
    grants = [each for policy in target.policies for each in policy.grants]
    naming = [(each, how) for each in grants if (how := named(space, each, subject))]
    bars = [each for policy in held.identity for each in policy.bars]
    bars += held.boundary.bars if held.boundary else ()
    bars += [
        each for policy in target.policies for each in policy.bars if certainly_named(space, each.statement, subject)
    ]
    own = [each for policy in held.identity for each in policy.grants]
    direct = [each for each, how in naming if how != "account"]
    unlimited = [each for each, how in naming if how == "session" or (how == "principal" and subject.kind == "user")]
    limit = [list(held.boundary.grants)] if held.boundary else []
    same = subject.account == target.account or not (subject.account.isascii() and target.account.isascii())
    questions: list[list[Sequence[Box]]] = []
    if subject.kind == "service":
        questions.append([direct])
    elif not same:
        questions.append([own, [each for each, _ in naming], *limit])
    else:
        if target.gate:
            questions.append([own, [each for each, how in naming if how == "account"], *limit])
        else:
            questions.append([own, *limit])
        questions.append([direct, *limit])
        questions.append([unlimited])
    opaque: Answer | None = None
    for layers in questions:
        for answer in _answers(space, action, base, layers, bars):
            if not answer.opaque:
                return answer
            opaque = opaque or answer
    return opaque


def allowed_alone(space: Space, subject: Subject, held: Held, action: str, target: Target) -> Answer | None:
    """Like `reach`, but as if the target had no policy of its own: what the identity policies alone would allow."""
    alone = Target(target.texts, target.account, atoms=target.atoms)
    return reach(space, subject, held, action, alone)


def _answers(
    space: Space, action: str, base: Sequence[Atom], layers: Sequence[Sequence[Box]], bars: Sequence[Box]
) -> Iterator[Answer]:
    """At most one answer with known statements, preceded by at most one that rests on an unknown policy."""
    opaque_seen = False
    budget = Budget()
    for chosen in _choices(layers):
        opaque = any(each.opaque for each in chosen)
        if opaque and opaque_seen:
            continue
        found = find(space, [*base, *(atom for each in chosen for atom in each.atoms)], bars, budget)
        if found is None:
            continue
        statements = tuple(dict.fromkeys(each.statement for each in chosen))
        resource = space.readable(str(found["resource"]))
        yield Answer(action, resource, context_of(space, found), statements, opaque)
        if not opaque:
            return
        opaque_seen = True


def _choices(layers: Sequence[Sequence[Box]]) -> Iterator[tuple[Box, ...]]:
    if not layers:
        yield ()
        return
    for first in layers[0]:
        for rest in _choices(layers[1:]):
            yield (first, *rest)


class Budget:
    """Counts the parts that a question has looked at."""

    def __init__(self, splits: int = SPLITS) -> None:
        self._left = splits

    def spend(self, bars: int = 0) -> None:
        """One more part, held against so many bars.

        Raises:
            Undecided: the budget is used up.
        """
        self._left -= 1 + bars // 100
        if self._left < 0:
            raise Undecided(f"more than {SPLITS} cases")


Found = dict[str, Values | str]


def find(space: Space, atoms: Sequence[Atom], bars: Sequence[Box], budget: Budget) -> Found | None:
    """Values of all constrained dimensions that satisfy the atoms and lie in none of the bars; None if there are none.

    Raises:
        Undecided: no answer within the budget.
    """
    parts: dict[str, tuple[Atom, ...]] = {}
    for atom in atoms:
        if atom not in parts.get(atom.dimension, ()):
            parts[atom.dimension] = (*parts.get(atom.dimension, ()), atom)
    values: Found = {}
    # Dimensions of text first: they are what usually differs.
    for dimension in sorted(parts, key=lambda name: name.startswith("key:")):
        if not _fill(space, values, dimension, parts[dimension]):
            return None
    try:
        return _outside(space, parts, values, bars, budget)
    except RecursionError as error:
        raise Undecided("too many Deny statements overlap") from error


def covers(bar: Box, values: Mapping[str, Values | str]) -> bool:
    """Whether a request lies in a box."""
    return all(_holds(atom, values) for atom in bar.atoms)


def _outside(
    space: Space, parts: Mapping[str, tuple[Atom, ...]], values: Found, bars: Sequence[Box], budget: Budget
) -> Found | None:
    budget.spend(len(bars))
    bar = next((each for each in bars if covers(each, values)), None)
    if bar is None:
        return values
    inside = dict(parts)
    for atom in bar.atoms:
        # Outside of this atom, inside of those before it: the parts do not overlap.
        narrowed = dict(inside)
        narrowed[atom.dimension] = (*inside.get(atom.dimension, ()), atom.negated())
        moved = dict(values)
        if _fill(space, moved, atom.dimension, narrowed[atom.dimension]):
            found = _outside(space, narrowed, moved, bars, budget)
            if found is not None:
                return found
        inside[atom.dimension] = (*inside.get(atom.dimension, ()), atom)
        if not _fill(space, {}, atom.dimension, inside[atom.dimension]):
            return None
    return None


def _fill(space: Space, values: Found, dimension: str, atoms: Sequence[Atom]) -> bool:
    texts = [atom for atom in atoms if isinstance(atom, TextAtom)]
    if texts:
        text = text_of(space, texts)
        values[dimension] = text or ""
        return text is not None
    possible, found = values_of(space, [atom for atom in atoms if isinstance(atom, KeyAtom)])
    values[dimension] = found
    return possible


def _holds(atom: Atom, values: Mapping[str, Values | str]) -> bool:
    value = values.get(atom.dimension)
    if isinstance(atom, TextAtom):
        return atom.holds(value if isinstance(value, str) else "")
    return atom.holds(value if not isinstance(value, str) else (value,))


def context_of(space: Space, found: Found, *, everything: bool = False) -> dict[str, str | list[str]]:
    """The condition keys of a request, readable; those that follow from who asks only with `everything`."""
    context: dict[str, str | list[str]] = {}
    for dimension, values in found.items():
        key = dimension.removeprefix("key:")
        if key == dimension or (key in _FOLLOWING and not everything) or not values or isinstance(values, str):
            continue
        readable = [space.readable(value) for value in values]
        context[space.key_names.get(key, key)] = readable[0] if len(readable) == 1 else readable
    return context


def _asked(space: Space, action: str, target: Target) -> Iterator[Atom]:
    yield TextAtom("action", space.automaton((action.lower(),), "text", "exact"))
    yield TextAtom("resource", space.automaton(target.texts, "text", "glob"))
    yield from target.atoms


def _about(space: Space, subject: Subject, target: Target) -> Iterator[Atom]:
    """The condition keys that follow from who asks whom."""
    key = ("about", subject, target.account)
    found = space.memory.get(key)
    if found is None:
        known = {"aws:PrincipalIsAWSService": "true" if subject.kind == "service" else "false"}
        if subject.kind == "service":
            known["aws:PrincipalServiceName"] = subject.arn
        else:
            known |= {
                "aws:PrincipalArn": subject.arn,
                "aws:PrincipalAccount": subject.account,
                "aws:PrincipalType": "AssumedRole" if subject.kind == "role" else "User",
                "kms:CallerAccount": subject.account,
                "aws:ResourceAccount": target.account,
            }
        atoms = [fixed_key(space, name, value) for name, value in known.items()]
        if subject.kind != "service":
            # AWS documents these keys for calls of service principals only.
            atoms += [absent_key(space, f"aws:PrincipalServiceName{suffix}") for suffix in ("", "sList")]
        found = space.memory[key] = tuple(atoms)
    assert isinstance(found, tuple)
    yield from found


# Principals


def named(space: Space, grant: Box, subject: Subject) -> How | None:
    """How a statement of a resource policy may name the subject, the strongest way; None: it does not."""
    statement = grant.statement
    if statement.not_principals is not None:
        # To except one session of a role leaves its others.
        hows = {_names(space, pattern, subject, "must") for pattern in statement.not_principals}
        return None if hows - {None, "session"} else "everyone"
    found = {_names(space, pattern, subject, "may") for pattern in statement.principals or ()}
    order: tuple[How, ...] = ("session", "principal", "everyone", "account")
    return next((how for how in order if how in found), None)


def certainly_named(space: Space, statement: Statement, subject: Subject) -> bool:
    """Whether a Deny of a resource policy certainly is about the subject."""
    if statement.not_principals is not None:
        # AWS excepts a principal only if its account, too, is listed: to be named in any way is not certain.
        return not any(_names(space, pattern, subject, "may") for pattern in statement.not_principals)
    hows = {_names(space, pattern, subject, "must") for pattern in statement.principals or ()}
    return bool(hows - {None, "session"})


def _names(space: Space, pattern: PrincipalPattern, subject: Subject, mode: Literal["may", "must"]) -> How | None:
    key = ("names", pattern, subject, mode)
    if key not in space.memory:
        space.memory[key] = _named_by(space, pattern, subject, mode)
    return cast("How | None", space.memory[key])


def _named_by(space: Space, pattern: PrincipalPattern, subject: Subject, mode: Literal["may", "must"]) -> How | None:
    value = pattern.value
    if pattern.kind == "Service":
        if subject.kind != "service":
            return None
        return "principal" if value == "*" or _matches(space, value, subject.arn, mode) else None
    if pattern.kind == "CanonicalUser" and subject.kind != "service" and mode == "may":
        # Another name of an account, which templates cannot tell.
        return "account"
    if pattern.kind != "AWS" or (subject.kind == "service" and value != "*"):
        return None
    if value == "*":
        return "everyone"
    if _matches(space, value, subject.arn, mode):
        return "principal"
    parts = subject.arn.split(":")
    partition = parts[1] if len(parts) > 1 else "aws"
    name = subject.arn.rsplit("/", 1)[-1]
    session = f"arn:{partition}:sts::{subject.account}:assumed-role/{name}"
    if subject.kind == "role" and _matches(space, value.rpartition("/")[0], session, mode):
        return "session"
    if _matches(space, value, subject.account, mode) or _matches(
        space, value, f"arn:{partition}:iam::{subject.account}:root", mode
    ):
        return "account"
    return None


def _matches(space: Space, pattern: str, text: str, mode: Literal["may", "must"]) -> bool:
    if pattern == text:
        return True
    if pattern.isascii() and text.isascii():
        return False
    return space.automaton((pattern,), mode, "exact").accepts(space.expanded(text))
