"""Acknowledgments in templates, as cdk-nag writes them: `Metadata.cdk_nag.rules_to_suppress`, a list of id and reason.

`WriteNagSuppressionsToCloudFormationAspect` of cdk-nag 3 copies what `Validations.of(x).acknowledge(…)` recorded on a
construct or above it into this place, with the pack's name before the id: `EmrGuard::EMRG201`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource

PACK = "EmrGuard"
"""The name of our cdk-nag pack; an acknowledgment may write the bare id, too."""


def acknowledgments(resource: Resource) -> Mapping[str, str]:
    """Reason by rule id, from `Metadata.cdk_nag.rules_to_suppress`; those without a reason do not count."""
    if "cdk_nag" not in resource.metadata:
        return {}
    return {rule_id: reason for rule_id, reason in written_acknowledgments(resource) if reason}


def written_acknowledgments(resource: Resource) -> Iterator[tuple[str, str]]:
    """Every acknowledgment of one of our rules on a resource, the reason stripped and possibly empty."""
    for pack, rule_id, reason in every_acknowledgment(resource):
        if pack in ("", PACK) and rule_id.startswith("EMRG"):
            yield rule_id, reason


def every_acknowledgment(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """Pack, rule id and reason of every acknowledgment on a resource, whatever pack it is for."""
    block: Any = resource.metadata.get("cdk_nag")
    listed = block.get("rules_to_suppress") if isinstance(block, Mapping) else None
    for item in listed if isinstance(listed, list) else ():
        written = item.get("id") if isinstance(item, Mapping) else None
        if not isinstance(written, str):
            continue
        # cdk-nag's granular ids hold '::' in brackets, too: AwsSolutions::AwsSolutions-IAM5[Resource::*].
        head, bracket, rest = written.partition("[")
        pack, _, rule_id = head.rpartition("::")
        reason = item.get("reason")
        yield pack, f"{rule_id}{bracket}{rest}", reason.strip() if isinstance(reason, str) else ""
