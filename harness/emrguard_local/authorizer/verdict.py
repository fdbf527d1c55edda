"""What the authorizer answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emrguard_policies.iam.decide import Decision


@dataclass(frozen=True, slots=True)
class Check:
    """One question that was put to the engine, and its decision."""

    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that DeleteObjects must not delete, and why."""

    key: str
    version_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call is allowed.

    `checks` are the questions in order, up to the first that was refused. `message` is AWS's sentence for the refusal.
    `unmapped` says that the call was refused because the authorizer does not know what it needs. `refused` are the
    objects of a DeleteObjects call that may not be deleted: AWS deletes the others and answers 200 with an error for
    each of these; `allowed` is False as soon as there is one.
    """

    allowed: bool
    checks: tuple[Check, ...] = ()
    message: str = ""
    unmapped: bool = False
    refused: tuple[Refused, ...] = ()
