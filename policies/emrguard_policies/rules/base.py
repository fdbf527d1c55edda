"""What a rule is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from emrguard_policies.assembly import Resource

if TYPE_CHECKING:
    from emrguard_policies.rules.context import Context

Severity = Literal["fatal", "error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("fatal", "error", "warning", "info")
"""Worst first. `fatal` is a rule that crashed: nothing is known, so it cannot be acknowledged."""

UNWRITTEN = "Not written yet:"
"""The beginning of a rationale that `emrguard rules new` leaves to the author; a test of all rules refuses it."""


@dataclass(frozen=True)
class Violation:
    """What a check found: the resource, the property path in it, and a message that names the value found.

    `undecided` marks a value that only a deployment knows. It is reported as a warning, never passed over.
    """

    resource: Resource
    property: str
    message: str
    undecided: bool = False


@dataclass(frozen=True)
class Rule:
    """One rule. `id` is never reused; `name` and `title` are the bad pattern; `mend` says how to repair it.

    `rationale` is the docstring of the rule's module, `source` the document of AWS that the rule rests on.
    `frameworks` maps a framework to its controls, only where the control asks for the same thing.
    """

    id: str
    name: str
    severity: Severity
    title: str
    rationale: str
    mend: str
    source: str
    check: Callable[[Context], Iterable[Violation]] = field(repr=False)
    frameworks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
