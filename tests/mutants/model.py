"""What a mutant is: one change of one resource of a synthesized template that takes a guardrail away or weakens it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Path = tuple[str | int, ...]
ACCOUNT, REGION = "111122223333", "eu-west-1"
"""Where the apps are that name an account and a Region."""


class _Removed(Enum):
    """A class of its own that stays itself when it goes to another process."""

    REMOVED = "removed"


REMOVED = _Removed.REMOVED
"""In place of a value: the key or the list element is taken out."""
Edit = tuple[Path, Any]
"""A path in the resource (`Properties`, …) and the value that stands there in the mutant, or `REMOVED`."""


@dataclass(frozen=True)
class Change:
    """A change before it is known whether it means anything. `path` is the property that it is about."""

    kind: str
    path: Path
    text: str
    edits: tuple[Edit, ...]

    @property
    def property(self) -> str:
        """The path as the rules write it: dots, and list indexes in brackets."""
        found = ""
        for step in self.path:
            found += f"[{step}]" if isinstance(step, int) else f".{step}"
        return found.removeprefix(".Properties").removeprefix(".")


@dataclass(frozen=True)
class Mutant:
    """A change of a resource of one template of one app; `subject` is the statement that it is about, if it is one."""

    app: str
    template: str
    logical_id: str
    type: str
    part: str
    change: Change
    subject: str = ""
    number: int = 0

    @property
    def id(self) -> str:
        """`M0001` and so on, in the order in which they are made."""
        return f"M{self.number:04}"

    @property
    def likeness(self) -> tuple[str, ...]:
        """Mutants that agree in this are the same one in another app.

        A statement is known by what it says (`subject`), not by its place in the policy.
        """
        where = re.sub(r"(?<=\bStatement)\[\d+\]", "", self.change.property) if self.subject else self.change.property
        return (self.type, self.part, self.change.kind, where, "" if self.subject else self.change.text, self.subject)

    def apply(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The template with the change; the given one stays as it is."""
        resources = dict(body["Resources"])
        if self.change.kind == WITHOUT_RESOURCE:
            del resources[self.logical_id]
            for name, resource in resources.items():
                resources[name] = _without_dependency(resource, self.logical_id)
        else:
            resources[self.logical_id] = edited(resources[self.logical_id], self.change.edits)
        return {**body, "Resources": resources}


WITHOUT_RESOURCE = "resource removed"
LEFT_OPEN = "left to the deployment"


def edited(value: Mapping[str, Any], edits: Iterable[Edit]) -> dict[str, Any]:
    """A copy with the edits done, in order.

    Raises:
        KeyError, IndexError: a path leads nowhere.
    """
    result: dict[str, Any] = copy.deepcopy(dict(value))
    for path, new in edits:
        at: Any = result
        for step in path[:-1]:
            at = at[step]
        if new is REMOVED:
            del at[path[-1]]
        elif isinstance(at, list) and path[-1] == len(at):
            at.append(new)
        else:
            at[path[-1]] = new
    return result


def _without_dependency(resource: dict[str, Any], logical_id: str) -> dict[str, Any]:
    depends = resource.get("DependsOn")
    if depends is None:
        return resource
    kept = [item for item in ([depends] if isinstance(depends, str) else depends) if item != logical_id]
    rest = {key: value for key, value in resource.items() if key != "DependsOn"}
    return {**rest, "DependsOn": kept} if kept else rest
