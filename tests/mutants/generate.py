"""Makes all mutants of the apps: those that mean something, and the others with the reason why they mean nothing."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from mark_support import mark_of
from mutants import neutral, properties
from mutants.model import ACCOUNT, LEFT_OPEN, REGION, Change, Mutant
from mutants.policies import Surroundings


@dataclass(frozen=True)
class Generated:
    """Mutants with their numbers, and those left out by the reason."""

    mutants: tuple[Mutant, ...]
    left_out: Mapping[str, tuple[Mutant, ...]]


def generate(assemblies: Mapping[str, Path]) -> Generated:
    """All mutants of some cloud assemblies by name. What is the same in two of them is made once.

    Whatever a mutant changes is also left to a parameter: who deploys may then choose the worst.
    """
    seen: set[tuple[str, ...]] = set()
    kept: list[Mutant] = []
    left_out: dict[str, list[Mutant]] = {}
    pending = deque(_all(assemblies))
    while pending:
        mutant, body = pending.popleft()
        reason = neutral.reason(mutant, body)
        # What is neutral in one app, such as one place of logs of several, need not be so in the next.
        known = (reason or "", *mutant.likeness)
        if known in seen:
            continue
        seen.add(known)
        if reason is None:
            kept.append(replace(mutant, number=len(kept) + 1))
        else:
            left_out.setdefault(reason, []).append(mutant)
        if reason is None and mutant.change.path[:1] == ("Properties",):
            resources = body["Resources"]
            change = _left_open(mutant.change.path)
            subject = _subject(resources[mutant.logical_id], change, _types(resources))
            pending.append((replace(mutant, change=change, subject=subject), body))
    return Generated(tuple(kept), {reason: tuple(found) for reason, found in left_out.items()})


def _left_open(path: tuple[str | int, ...]) -> Change:
    return Change(LEFT_OPEN, path, "the value of a parameter", ((path, {"Ref": "KnownToTheDeploymentOnly"}),))


def templates(assembly: Path) -> dict[str, dict[str, Any]]:
    """The templates of an assembly by file name."""
    return {
        file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(assembly.glob("*.template.json"))
    }


def _all(assemblies: Mapping[str, Path]) -> Iterator[tuple[Mutant, Mapping[str, Any]]]:
    for app, assembly in assemblies.items():
        for template, body in templates(assembly).items():
            resources: dict[str, dict[str, Any]] = body["Resources"]
            types = _types(resources)
            twins = _twins(resources)
            for name, resource in resources.items():
                part = str(mark_of(resources, name).get("part", ""))
                if types[name] == "AWS::Events::Rule":
                    part = str(resource["Properties"].get("Description"))
                for change in properties.mutate(resource, Surroundings(types, twins)):
                    subject = _subject(resource, change, types)
                    yield Mutant(app, template, name, types[name], part, change, subject), body


def _types(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(resource["Type"]) for name, resource in resources.items()}


def _subject(resource: Mapping[str, Any], change: Change, types: Mapping[str, str]) -> str:
    """The statement that a change is about and what becomes of it, with types for names; empty for anything else."""
    at: Any = resource
    for step in (*change.path, None):
        if isinstance(at, Mapping) and "Effect" in at:
            return json.dumps(_nameless([at, [value for _, value in change.edits]], types), sort_keys=True)
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            break
    return ""


def _nameless(value: Any, types: Mapping[str, str]) -> Any:
    """A value with types for logical ids, and references for the account and the Region of the apps that name them."""
    match value:
        case {"Ref": name} if len(value) == 1:
            return f"<{types.get(name, name)}>"
        case {"Fn::GetAtt": [name, attribute]} if len(value) == 1:
            return f"<{types.get(name, name)}.{attribute}>"
        case {"Fn::Join": ["", [*parts]]} if len(value) == 1:
            shown = [_nameless(part, types) for part in parts]
            return "".join(part if isinstance(part, str) else json.dumps(part, sort_keys=True) for part in shown)
        case Mapping():
            return {key: _nameless(item, types) for key, item in value.items()}
        case list():
            return [_nameless(item, types) for item in value]
        case str():
            return value.replace(ACCOUNT, "<AWS::AccountId>").replace(REGION, "<AWS::Region>")
        case Enum():
            return value.name
    return value


def _twins(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """For each resource of a tenant the same one of another tenant in the template: by their paths in the CDK tree."""
    by_place: dict[tuple[str, str], dict[str, str]] = {}
    for name, resource in resources.items():
        metadata = resource.get("Metadata", {})
        tenant = mark_of(resources, name).get("tenant")
        if tenant is not None:
            place = "/".join(str(metadata["aws:cdk:path"]).split("/")[2:])
            by_place.setdefault((resource["Type"], place), {})[tenant] = name
    found: dict[str, str] = {}
    for named in by_place.values():
        for tenant, name in named.items():
            others = [other for owner, other in named.items() if owner != tenant]
            found.update(dict.fromkeys([name], others[0]) if others else {})
    return found


def sample(mutants: Iterable[Mutant], *, of: int, seed: int) -> tuple[Mutant, ...]:
    """Every `of`-th mutant of a shuffle that the seed decides."""
    shuffled = list(mutants)
    random.Random(seed).shuffle(shuffled)
    return tuple(shuffled[::of])
