"""Accepted risks: what the constructs wrote about less safe ways that were chosen with a named argument and a reason.

No rule fires for most of them, and the others are acknowledged, so the reports list them: a reader sees every one.
"""

from __future__ import annotations

from dataclasses import dataclass

from emrguard_policies.assembly import Assembly, Resource


@dataclass(frozen=True)
class AcceptedRisk:
    """One choice: the resource that it is written on, the argument that chose it, and the reason that was given."""

    resource: Resource
    argument: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """The choice as the reports in JSON have it."""
        return {
            "argument": self.argument,
            "reason": self.reason,
            "tenant": self.resource.mark.tenant or "",
            "construct_path": self.resource.construct_path,
            "template": str(self.resource.template.path),
            "logical_id": self.resource.logical_id,
        }

    def __str__(self) -> str:
        return f"{self.resource.construct_path}: {self.argument}, because {self.reason}"


def accepted_risks(assembly: Assembly) -> tuple[AcceptedRisk, ...]:
    """Every accepted risk, in the order of the templates."""
    return tuple(
        AcceptedRisk(resource, argument, reason)
        for resource in assembly.resources()
        for argument, reason in resource.mark.reasons.items()
    )
