"""Whose the resources of a template are, as the constructs wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mark_of(resources: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """The manifest's mark on a resource, of policies that of what they are of; empty if there is none."""
    match resources[name]:
        case {"Metadata": {"emrguard": dict(found)}}:
            return found
        case {"Properties": {"Roles": [{"Ref": owner}]}} | {"Properties": {"Bucket": {"Ref": owner}}}:
            return mark_of(resources, owner)
    return {}
