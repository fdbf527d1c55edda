"""Makes all mutants of the apps: those that mean something, and the others with the reason why they mean nothing."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mutants import neutral, properties
from mutants.model import LEFT_OPEN, Change, Mutant
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
        if mutant.likeness in seen:
            continue
        seen.add(mutant.likeness)
        reason = neutral.reason(mutant, body)
        if reason is None:
            kept.append(replace(mutant, number=len(kept) + 1))
        else:
            left_out.setdefault(reason, []).append(mutant)
        if reason is None and mutant.change.path[:1] == ("Properties",):
            pending.append((replace(mutant, change=_left_open(mutant.change.path)), body))
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
            types = {name: resource["Type"] for name, resource in resources.items()}
            twins = _twins(resources)
            for name, resource in resources.items():
                part = str(_mark(resources, name).get("part", ""))
                for change in properties.mutate(resource, Surroundings(types, twins)):
                    yield Mutant(app, template, name, types[name], part, change), body


def _mark(resources: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The mark of a resource; a policy has that of the role, or of the bucket, that it is of."""
    match resources[name]:
        case {"Metadata": {"emrguard": dict(found)}}:
            return found
        case {"Properties": {"Roles": [{"Ref": owner}]}} | {"Properties": {"Bucket": {"Ref": owner}}}:
            return _mark(resources, owner)
    return {}


def _twins(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """For each resource of a tenant the same one of another tenant in the template: by their paths in the CDK tree."""
    by_place: dict[tuple[str, str], dict[str, str]] = {}
    for name, resource in resources.items():
        metadata = resource.get("Metadata", {})
        tenant = _mark(resources, name).get("tenant")
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
