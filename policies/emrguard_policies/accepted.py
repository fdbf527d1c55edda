"""Accepted risks: what the constructs wrote about less safe ways that were chosen with a named argument and a reason.

No rule fires for most of them, and the others are acknowledged, so the reports list them: a reader sees every one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emrguard_policies.assembly import Assembly, Resource, Template

SHARED = "shared"
"""The argument of what tenants share on purpose; the constructs write it for `because`, `share` and their own parts."""


@dataclass(frozen=True)
class AcceptedRisk:
    """One choice: where it is written, the argument that chose it, and the reason that was given.

    `logical_id` is empty for what a template says as a whole, such as a trail that exists elsewhere.
    """

    template: Template
    construct_path: str
    logical_id: str
    tenant: str
    argument: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """The choice as the reports in JSON have it."""
        return {
            "argument": self.argument,
            "reason": self.reason,
            "tenant": self.tenant,
            "construct_path": self.construct_path,
            "template": str(self.template.path),
            "logical_id": self.logical_id,
        }

    def __str__(self) -> str:
        return f"{self.construct_path}: {self.argument}, because {self.reason}"


def accepted_risks(assembly: Assembly) -> tuple[AcceptedRisk, ...]:
    """Every accepted risk: what was chosen, in the order of the templates, and then what is shared."""
    return (*chosen_risks(assembly), *_shared(assembly))


def chosen_risks(assembly: Assembly) -> tuple[AcceptedRisk, ...]:
    """What was chosen with an argument that takes a reason."""
    return tuple(
        _of(resource, argument, reason)
        for resource in assembly.resources()
        for argument, reason in resource.mark.reasons.items()
    )


def _shared(assembly: Assembly) -> Iterator[AcceptedRisk]:
    """What tenants share, once for each reason: the first resource that has it, or the template that declares it."""
    seen: set[str] = set()
    for resource in assembly.resources():
        reason = resource.mark.shared
        if reason and reason not in seen:
            seen.add(reason)
            yield _of(resource, SHARED, reason)
    for template in assembly.templates:
        for part, reason in declared(template):
            if reason not in seen:
                seen.add(reason)
                name = f"{template.path.name.removesuffix('.template.json')} ({part})"
                yield AcceptedRisk(template, name, "", "", SHARED, reason)


def declared(template: Template) -> Iterator[tuple[str, str]]:
    """The parts that a template says to exist elsewhere, each with its reason; without one it says nothing.

    The constructs write that into the `Metadata` of the template: `{"emrguard": {part: {"shared": reason}}}`, or a list
    of several for the part `outside`.
    """
    metadata = template.body.get("Metadata")
    parts: Any = metadata.get("emrguard") if isinstance(metadata, Mapping) else None
    for part, found in parts.items() if isinstance(parts, Mapping) else ():
        for entry in found if isinstance(found, list) else [found]:
            reason = entry.get("shared") if isinstance(entry, Mapping) else None
            if isinstance(reason, str) and reason.strip():
                yield str(part), reason


def _of(resource: Resource, argument: str, reason: str) -> AcceptedRisk:
    tenant = resource.mark.tenant or ""
    return AcceptedRisk(resource.template, resource.construct_path, resource.logical_id, tenant, argument, reason)
