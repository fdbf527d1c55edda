"""The concrete engine against the symbolic one: seeded policies, requests sampled, answers compared.

The tests run it for a short while, `benchmarks/iam_differential.py` for 100,000 requests and more.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import iam_symbolic_support as support

from emrguard_policies.iam import symbolic
from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.decide import Policies, Principal, Request, ResourcePolicy, decide
from emrguard_policies.iam.glob import Space, Undecided
from emrguard_policies.iam.model import Policy, PolicyKind, parse
from emrguard_policies.iam.symbolic import Held, Subject, Target

ACCOUNT, OTHER = support.ACCOUNT, "444455556666"
_ROLE, _USER, _SERVICE = support.ROLE, f"arn:aws:iam::{ACCOUNT}:user/ana", "s3.amazonaws.com"
_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/flights/s"
_SUBJECTS: tuple[tuple[Subject, Principal], ...] = (
    (Subject("role", _ROLE, ACCOUNT), Principal("role-session", _SESSION, ACCOUNT, _ROLE)),
    (Subject("user", _USER, ACCOUNT), Principal("user", _USER, ACCOUNT)),
    (Subject("service", _SERVICE, ""), Principal("service", _SERVICE, "")),
)
_PRINCIPALS: tuple[Any, ...] = (
    "*", {"AWS": "*"}, {"AWS": _ROLE}, {"AWS": [_USER, _ROLE]}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": ACCOUNT}, {"Service": _SERVICE}, {"AWS": _SESSION}, {"AWS": f"arn:aws:iam::{OTHER}:root"},
    {"AWS": [_SESSION, _ROLE, ACCOUNT]}, {"AWS": f"{_SESSION}2"},
)  # fmt: skip
# What a question is about, and requests of that kind.
_TARGETS: Mapping[str, list[str]] = {
    "arn:aws:s3:::a/?*": ["arn:aws:s3:::a/x", "arn:aws:s3:::a/y/z", "arn:aws:s3:::a/b:c", "arn:aws:s3:::a/*"],
    "arn:aws:s3:::*": ["arn:aws:s3:::a", "arn:aws:s3:::ab/x", "arn:aws:s3:::b/x", "arn:aws:s3:::a/x"],
    "arn:aws:kms:us-east-1:1:key/k": ["arn:aws:kms:us-east-1:1:key/k"],
}
_EVERYTHING = parse({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "everything")


@dataclass
class Result:
    """What a run has found. `unsound` describes the requests that an answer had excluded."""

    points: int = 0
    allowed: int = 0
    reach_no: int = 0
    reach_yes: int = 0
    reach_unconfirmed: int = 0
    contains_yes: int = 0
    contains_no: int = 0
    undecided: int = 0
    unsound: list[str] = field(default_factory=list)


class Differential:
    """One run, reproducible by its seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.result = Result()

    def run(self, rounds: int, points: int) -> Result:
        """So many rounds of one question about reach and one about containment, `points` requests for each."""
        for _ in range(rounds):
            self._reach(points)
            self._contains(points)
        return self.result

    # Generating

    def _some(self, values: list[str], most: int) -> list[str]:
        return self.chance.sample(values, self.chance.randint(1, min(most, len(values))))

    def _condition(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(self.chance.choice([0, 0, 0, 1, 1, 2, 2])):
            key = self.chance.choice(sorted(support.KEYS))
            written = self.chance.choice([key, key.upper(), key])
            if any(written != other and written.lower() == other.lower() for keys in found.values() for other in keys):
                written = key
            if self.chance.random() < 0.15:
                found.setdefault("Null", {})[key] = self.chance.choice(["true", "false", ["true", "false"]])
                continue
            operator = self.chance.choice(support.OPERATORS[key])
            if key == "aws:TagKeys" or self.chance.random() < 0.1:
                operator = self.chance.choice(["", "ForAllValues:", "ForAnyValue:"]) + operator
            operator += self.chance.choice(["", "", "IfExists"])
            values = [*support.VALUES[key], *(["${aws:username, 'x'}", "${*}", ""] if "String" in operator else [])]
            found.setdefault(operator, {})
            if not any(other.lower() == key.lower() for other in found[operator]):
                found[operator][written] = self._some(values, 3)
        return found

    def _statement(self, kind: PolicyKind) -> dict[str, Any]:
        chance = self.chance
        found: dict[str, Any] = {
            "Effect": chance.choice(["Allow", "Allow", "Deny"]),
            chance.choice(["Action"] * 4 + ["NotAction"]): self._some(support.ACTION_PATTERNS, 3),
            chance.choice(["Resource"] * 4 + ["NotResource"]): self._some(support.RESOURCE_PATTERNS, 3),
            "Condition": self._condition(),
        }
        if kind == "resource":
            found[chance.choice(["Principal"] * 4 + ["NotPrincipal"])] = chance.choice(_PRINCIPALS)
        return found

    def _policy(self, name: str, kind: PolicyKind = "identity") -> Policy:
        statements = [self._statement(kind) for _ in range(self.chance.randint(1, 4))]
        version = self.chance.choice(["2012-10-17"] * 5 + ["2008-10-17"])
        return parse({"Version": version, "Statement": statements}, name, kind)

    def _context(self) -> dict[str, str | list[str]]:
        found: dict[str, str | list[str]] = {}
        for key, values in support.KEYS.items():
            if key == "aws:PrincipalArn" or self.chance.random() < 0.4:
                continue
            single = self.chance.choice(values)
            found[key] = self._some(values, 2) if key == "aws:TagKeys" else single
        return found

    # Comparing

    def _reach(self, points: int) -> None:
        chance = self.chance
        subject, principal = chance.choice([*_SUBJECTS, _SUBJECTS[0]])
        identity = [] if subject.kind == "service" else [self._policy(f"p{number}") for number in range(2)]
        boundary = self._policy("boundary") if identity and chance.random() < 0.3 else None
        on = self._policy("resource policy", "resource") if not identity or chance.random() < 0.6 else None
        gate = chance.random() < 0.3
        owner = chance.choice([ACCOUNT, ACCOUNT, ACCOUNT, OTHER])
        action, wanted = chance.choice(support.ACTIONS), chance.choice(list(_TARGETS))
        space = Space()
        held = Held(
            tuple(symbolic.compiled(space, each) for each in identity),
            symbolic.compiled(space, boundary) if boundary else None,
        )
        target = Target((wanted,), owner, (symbolic.compiled(space, on),) if on else (), gate)
        scps = [[self._policy("scp")]] if chance.random() < 0.1 else []
        session = [self._policy("session policy")] if principal.role_arn and chance.random() < 0.2 else None
        policies = Policies(identity, boundary, session, ResourcePolicy(on, gate) if on or gate else None, scps)
        try:
            answer = symbolic.reach(space, subject, held, action, target)
        except Undecided:
            self.result.undecided += 1
            return
        told = f"{subject.arn} {action} {wanted} owner {owner} gate {gate}: {policies}"
        for _ in range(points):
            request = Request(principal, action, chance.choice(_TARGETS[wanted]), self._context(), owner)
            self.result.points += 1
            if decide(request, policies).allowed:
                self.result.allowed += 1
                if answer is None:
                    self.result.unsound.append(f"reach: {request} {told}")
        if answer is None:
            self.result.reach_no += 1
            return
        self.result.reach_yes += 1
        request = Request(principal, answer.action, answer.resource, answer.context, owner)
        full = Policies(identity, boundary, None, policies.resource)
        if not decide(request, full).allowed:
            self.result.reach_unconfirmed += 1

    def _contains(self, points: int) -> None:
        chance = self.chance
        kind: PolicyKind = chance.choice(["identity", "identity", "resource"])
        candidate, reference = self._policy("candidate", kind), self._policy("reference", kind)
        if chance.random() < 0.5:
            # Policies by chance seldom contain each other; parts of one do.
            more = (*reference.statements, *candidate.statements[: chance.randint(0, len(candidate.statements))])
            merged = {"Version": "2012-10-17", "Statement": [*_raw(reference), *_raw(candidate)][: len(more)]}
            reference = parse(merged, "reference", kind)
        answer = contains(candidate, reference)
        if answer.undecided:
            self.result.undecided += 1
            return
        if answer.witness is not None:
            self.result.contains_no += 1
            return
        self.result.contains_yes += 1
        for _ in range(points):
            principal = chance.choice(_SUBJECTS)[1] if kind == "resource" else _SUBJECTS[1][1]
            resource = chance.choice(chance.choice(list(_TARGETS.values())))
            owner = principal.account or ACCOUNT
            request = Request(principal, chance.choice(support.ACTIONS), resource, self._context(), owner)
            self.result.points += 1
            if self._alone(request, candidate):
                self.result.allowed += 1
                if not self._alone(request, reference):
                    self.result.unsound.append(f"contains: {request} {candidate} {reference}")

    @staticmethod
    def _alone(request: Request, policy: Policy) -> bool:
        if policy.kind == "identity":
            return decide(request, Policies([policy])).allowed
        return decide(request, Policies([_EVERYTHING], resource=ResourcePolicy(policy, gate=True))).allowed


def _raw(policy: Policy) -> list[Any]:
    listed: list[Any] = policy.document["Statement"]
    return listed
