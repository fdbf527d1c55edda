"""The answer of a proof: the verdict, its assumptions, and the requests that break the seal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["isolated", "violated", "undecided"]
UNDECIDED = "undecided"
"""The check of what could not be decided, which counts as failed."""
Seal = Literal["sealed", "open", "undecided", "own"]


@dataclass(frozen=True)
class Counterexample:
    """A request that breaks the seal. All texts are readable: generated names are shown as examples.

    `check` is a kind of the matrix, or `audit`, `escalation`, `least-privilege`, `trust`, `confused-deputy`, `unowned`
    or `undecided`. `via` lists the roles that are assumed on the way. `source` and `target` are the tenants, where the
    request has them.
    """

    check: str
    principal: str
    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    via: tuple[str, ...]
    statements: tuple[str, ...]
    mend: str
    source: str | None = None
    target: str | None = None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """The counterexample as `emrguard prove --format json` prints it."""
        return {
            "check": self.check, "principal": self.principal, "action": self.action, "resource": self.resource,
            "context": dict(self.context), "via": list(self.via), "statements": list(self.statements),
            "mend": self.mend,
        }  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """The answer. `checked` counts the questions; `matrix` has source → target → kind → seal."""

    verdict: Verdict
    checked: int
    assumptions: tuple[str, ...]
    tenants: tuple[str, ...]
    counterexamples: tuple[Counterexample, ...]
    matrix: Mapping[str, Mapping[str, Mapping[str, Seal]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The proof as `emrguard prove --format json` prints it."""
        return {
            "version": 1, "verdict": self.verdict, "assumptions": list(self.assumptions),
            "tenants": list(self.tenants), "checked": self.checked,
            "counterexamples": [each.as_json() for each in self.counterexamples],
        }  # fmt: skip
