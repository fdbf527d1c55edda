"""Does a policy grant nothing beyond another one? An answer with a request that it grants beyond, when it does.

A witness is confirmed by the concrete engine (`decide`); what it does not confirm is "undecided", never a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from emrguard_policies.iam import symbolic
from emrguard_policies.iam.boxes import Atom, Box, Side, TextAtom, box
from emrguard_policies.iam.conditions import readable
from emrguard_policies.iam.decide import Policies, Principal, Request, ResourcePolicy, decide
from emrguard_policies.iam.glob import Dialect, Space, Undecided, common_text
from emrguard_policies.iam.model import Condition, Effect, Policy, PrincipalPattern, Statement, parse

_ACCOUNT = "111122223333"
_ACTION = re.compile(r'"([a-z0-9-]+:[A-Z][A-Za-z0-9]+)"')
_ACTIONS = ("?*:?*",)
# A request is about an ARN, or about no resource in particular, which policies and decisions write as `*`.
_RESOURCES: tuple[tuple[str, Dialect], ...] = (("arn:aws*:?*:*:*:?*", "glob"), ("*", "exact"))
# A principal as one text: its kind, a bar, its name. Only those of kind AWS have an aws:PrincipalArn.
_AWS = ("AWS|arn:aws*:iam::????????????:role/?*", "AWS|arn:aws*:iam::????????????:user/?*")
_OTHERS = ("Service|?*", "Federated|?*", "CanonicalUser|?*")
_PRINCIPAL_KEY = "aws:principalarn"
_TEXT_DIALECTS: dict[str, Dialect] = {
    "StringEquals": "exact", "StringLike": "glob", "ArnEquals": "arn", "ArnLike": "arn",
    "StringEqualsIgnoreCase": "exact-nocase",
}  # fmt: skip
STEPS = 1_000_000
"""Transitions that all searches of one question may take together: a few seconds."""


@dataclass(frozen=True, slots=True)
class Containment:
    """`holds` is true when nothing goes beyond; else `witness` is a request that does, or `undecided` says why."""

    holds: bool
    witness: Mapping[str, Any] | None = None
    undecided: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The answer as the command prints it."""
        return {"holds": self.holds, "witness": self.witness, "undecided": self.undecided}


def contains(candidate: Policy, reference: Policy) -> Containment:
    """Whether every request that `candidate` allows is one that `reference` allows; both of one kind."""
    space = Space()
    space.steps = STEPS
    try:
        return _contains(space, candidate, reference)
    except Undecided as reason:
        return Containment(False, undecided=str(reason))


def _contains(space: Space, candidate: Policy, reference: Policy) -> Containment:
    candidate, reference = _without_the_same(candidate, reference)
    if not any(statement.effect == "Allow" for statement in candidate.statements):
        return Containment(True)
    budget = symbolic.Budget()
    unconfirmed: str | None = None
    for principals in (None,) if candidate.kind == "identity" else (_AWS, _OTHERS):
        granted = _boxes(space, candidate, "Allow", "described", principals)
        denied = _boxes(space, candidate, "Deny", "bar", principals)
        # Beyond is what no Allow of the reference covers, and what one of its Denies covers.
        outside = [*denied, *_boxes(space, reference, "Allow", "bar", principals)]
        barred = _boxes(space, reference, "Deny", "grant", principals)
        for grant in granted:
            for more, bars in (((), outside), *((each.atoms, denied) for each in barred)):
                for resource in _RESOURCES:
                    budget.spend()
                    atoms = [*_universe(space, principals, resource), *grant.atoms, *more]
                    found = symbolic.find(space, atoms, bars, budget)
                    if found is None:
                        continue
                    witness = _witness(space, _nicer(found, atoms, bars))
                    witness["action"] = _spelled(witness["action"], (reference, candidate))
                    if _confirmed(witness, candidate, reference):
                        return Containment(False, witness)
                    unconfirmed = unconfirmed or (
                        f"{grant.statement.label} may allow {witness['action']} on {witness['resource']};"
                        " the concrete engine does not confirm it"
                    )
                    break
    return Containment(False, undecided=unconfirmed) if unconfirmed else Containment(True)


def _without_the_same(candidate: Policy, reference: Policy) -> tuple[Policy, Policy]:
    """Both policies without what plainly does not go beyond.

    That is a Deny of the reference that the candidate has as well, and, when all of them are such, an Allow of the
    candidate of which the reference has a wider one.
    """
    if candidate.variables != reference.variables:
        return candidate, reference
    denied = {_key(each) for each in candidate.statements if each.effect == "Deny"}
    left = [each for each in reference.statements if each.effect == "Allow" or _key(each) not in denied]
    reference = replace(reference, statements=tuple(left))
    if any(each.effect == "Deny" for each in left):
        return candidate, reference
    same = {_key(each) for each in left}
    wider: dict[object, list[Statement]] = {}
    for each in left:
        wider.setdefault(_shape(each), []).append(each)
    kept = [
        each
        for each in candidate.statements
        if each.effect == "Deny"
        or (_key(each) not in same and not any(_plainly_in(each, other) for other in wider.get(_shape(each), ())[:20]))
    ]
    return replace(candidate, statements=tuple(kept)), reference


def _key(statement: Statement) -> Statement:
    return replace(statement, policy="", index=0, sid=None)


def _shape(statement: Statement) -> object:
    return (
        statement.principals, statement.not_actions, statement.not_resources, statement.not_principals,
        frozenset(statement.conditions),
    )  # fmt: skip


def _plainly_in(statement: Statement, other: Statement) -> bool:
    """Whether a statement lists only actions and resources that another one, otherwise the same, lists too."""
    actions, resources = set(other.actions or ()), set(other.resources or ())
    return ("*" in actions or actions.issuperset(statement.actions or ())) and (
        "*" in resources or resources.issuperset(statement.resources or ())
    )


def _boxes(space: Space, policy: Policy, effect: Effect, side: Side, principals: Sequence[str] | None) -> list[Box]:
    found = []
    for statement in policy.statements:
        if statement.effect != effect:
            continue
        named: list[Atom] | None = []
        conditions = statement.conditions
        if principals is not None:
            named = _principal_atoms(space, policy, statement, side, principals)
            conditions = tuple(each for each in conditions if each.key.lower() != _PRINCIPAL_KEY)
        if named is None:
            continue
        read = box(space, policy, replace(statement, conditions=conditions), side)
        if read is not None:
            found.append(Box(statement, (*named, *read.atoms)))
    return found


def _principal_atoms(
    space: Space, policy: Policy, statement: Statement, side: Side, principals: Sequence[str]
) -> list[Atom] | None:
    """Whom the statement names, and what it asks of aws:PrincipalArn, as texts; None: nobody of these, for certain.

    Raises:
        Undecided: the statement is about a principal that no such text describes, a role session for instance.
    """
    atoms: list[Atom] = []
    if statement.principals is not None:
        if side != "bar":
            _comparable(space, statement.principals)
        patterns = [text for each in statement.principals for text in _principal_texts(each)]
        atoms.append(TextAtom("principal", space.automaton(patterns, "may", "glob")))
    elif statement.effect == "Allow":
        if side == "bar":
            _comparable(space, statement.not_principals or ())
        patterns = [text for each in statement.not_principals or () for text in _principal_texts(each)]
        atoms.append(TextAtom("principal", space.automaton(patterns, "may", "glob"), False))
    elif side == "bar":
        patterns = [text for each in statement.not_principals or () for text in _principal_texts(each)]
        atoms.append(TextAtom("principal", space.automaton(patterns, "may", "glob"), False))
    # Otherwise a Deny for all but some, of which the exceptions count only where account and session are listed, too.
    for condition in statement.conditions:
        if condition.key.lower() == _PRINCIPAL_KEY:
            more = _arn_atoms(space, policy, condition, side, principals is _AWS)
            if more is None:
                return None
            atoms += more
    return atoms


def _arn_atoms(space: Space, policy: Policy, condition: Condition, side: Side, present: bool) -> list[Atom] | None:
    """What a condition on aws:PrincipalArn asks of the principal; None: it holds for nobody."""
    unknown: list[Atom] | None = None if side == "bar" else []
    if condition.operator == "Null":
        wanted = {value.lower() for value in condition.values}
        if not readable(condition):
            return unknown
        return [] if ("false" if present else "true") in wanted else None
    dialect = _TEXT_DIALECTS.get(condition.operator.replace("Not", ""))
    if dialect is None or (policy.variables and any("${" in value for value in condition.values)):
        return unknown
    positive = "Not" not in condition.operator
    if present:
        texts = [f"AWS|{value}" for value in condition.values]
        return [TextAtom("principal", space.automaton(texts, "may", dialect), positive)]
    if condition.quantifier == "ForAllValues" or condition.if_exists:
        return []
    return None if positive or condition.quantifier == "ForAnyValue" else []


def _comparable(space: Space, principals: Sequence[PrincipalPattern]) -> None:
    known = space.automaton((*_AWS, *_OTHERS), "text", "glob")
    for each in principals:
        if common_text([known, space.automaton(tuple(_principal_texts(each)), "may", "glob")]) is None:
            raise Undecided(f"{each.kind} principal {each.value} is of a form that cannot be compared")


def _principal_texts(pattern: PrincipalPattern) -> Iterator[str]:
    if pattern.kind != "AWS" or pattern.value != "*":
        yield f"{pattern.kind}|{pattern.value}"
    else:
        yield "*"
    account = pattern.value if pattern.value.isdecimal() else None
    if pattern.kind == "AWS" and pattern.value.endswith(":root"):
        account = pattern.value.split(":")[-2]
    if pattern.kind == "AWS" and account:
        yield f"AWS|arn:aws*:iam::{account}:*"


def _universe(space: Space, principals: Sequence[str] | None, resource: tuple[str, Dialect]) -> Iterator[Atom]:
    pattern, dialect = resource
    yield TextAtom("action", space.automaton(_ACTIONS, "text", "glob-nocase"))
    yield TextAtom("resource", space.automaton((pattern,), "may", dialect))
    if principals is not None:
        yield TextAtom("principal", space.automaton(principals, "text", "glob"))


def _nicer(found: symbolic.Found, atoms: Sequence[Atom], bars: Sequence[Box]) -> symbolic.Found:
    """The same witness with an existing action, an ARN of its service and an account number, if that is beyond, too."""
    service = str(found["action"]).split(":")[0]
    texts = [atom for atom in atoms if isinstance(atom, TextAtom)]
    choices = [("action", f"{service}:{name}") for name in _known_actions().get(service, ())]
    resource = str(found["resource"])
    if resource.startswith("arn:aws:x:"):
        choices.append(("resource", resource.replace(":x:", f":{service}:", 1)))
    principal = str(found.get("principal", ""))
    if "x" * 12 in principal:
        choices.append(("principal", principal.replace("x" * 12, _ACCOUNT)))
    done: set[str] = set()
    for dimension, text in choices:
        if dimension in done:
            continue
        other = {**found, dimension: text}
        if all(atom.holds(str(other[atom.dimension])) for atom in texts) and not any(
            symbolic.covers(bar, other) for bar in bars
        ):
            found = other
            done.add(dimension)
    return found


@cache
def _known_actions() -> Mapping[str, Mapping[str, Any]]:
    """The actions of each service in lower case, from cfn-lint's action database, which has no other spelling."""
    text = (files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8")
    return {service: found["Actions"] for service, found in json.loads(text).items()}


def _spelled(action: str, policies: Sequence[Policy]) -> str:
    """An action as one of the policies writes it, or else one of those of AWS's that are known offline."""
    written = (
        text
        for policy in policies
        for statement in policy.statements
        for text in (*(statement.actions or ()), *(statement.not_actions or ()))
    )
    return next((text for text in written if text.lower() == action), _spellings().get(action, action))


@cache
def _spellings() -> Mapping[str, str]:
    text = (files("emrguard_policies") / "managed_policies.json").read_text(encoding="utf-8")
    return {each.lower(): each for each in _ACTION.findall(text)}


def _witness(space: Space, found: symbolic.Found) -> dict[str, Any]:
    context = dict(symbolic.context_of(space, found, everything=True))
    for text in found.values():
        for value in (text,) if isinstance(text, str) else text or ():
            for key, example in space.variables_in(value).items():
                context.setdefault(space.key_names.get(key, key), example)
    witness: dict[str, Any] = {
        "action": space.readable(str(found["action"])),
        "resource": space.readable(str(found["resource"])),
        "context": context,
    }
    if "principal" in found:
        witness["principal"] = space.readable(str(found["principal"]))
    return witness


def _confirmed(witness: Mapping[str, Any], candidate: Policy, reference: Policy) -> bool:
    """Whether the concrete engine allows the witness by the candidate and not by the reference.

    It knows no federated and canonical users; there the symbolic answer stands where nothing in it was estimated.
    """
    if str(witness.get("principal", "")).startswith(("Federated|", "CanonicalUser|")):
        return _exact(candidate) and _exact(reference)
    return _decided(witness, candidate) and not _decided(witness, reference)


def _exact(policy: Policy) -> bool:
    """Whether the symbolic reading of a policy estimates nothing: every condition is read, no value is a variable."""
    space = Space()
    plain = not policy.variables or "${" not in json.dumps(dict(policy.document))
    return plain and all(box(space, policy, statement, "bar") is not None for statement in policy.statements)


def _decided(witness: Mapping[str, Any], policy: Policy) -> bool:
    if policy.kind == "identity":
        principal = Principal("user", f"arn:aws:iam::{_ACCOUNT}:user/x", _ACCOUNT)
        policies = Policies(identity=[policy])
    else:
        found = _principal(str(witness["principal"]))
        if found is None:
            return False
        principal = found
        # A grant to an account is one to its principals with an identity policy, so this principal has one.
        policies = Policies(identity=[_EVERYTHING], resource=ResourcePolicy(policy, gate=True))
    owner = principal.account or _ACCOUNT
    request = Request(principal, witness["action"], witness["resource"], witness["context"], owner)
    return decide(request, policies).allowed


def _principal(text: str) -> Principal | None:
    kind, _, name = text.partition("|")
    if kind == "Service":
        return Principal("service", name, "")
    if kind != "AWS":
        return None
    account, what = name.split(":", 5)[4:]
    if what.startswith("role/"):
        session = f"arn:aws:sts::{account}:assumed-role/{what.rsplit('/', 1)[-1]}/session"
        return Principal("role-session", session, account, name)
    return Principal("user", name, account)


_EVERYTHING = parse({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "everything")
