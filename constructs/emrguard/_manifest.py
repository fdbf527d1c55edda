"""The tenant manifest: which resource belongs to which tenant, written into the templates as `Metadata.emrguard`.

`emrguard audit` and `emrguard prove` read it; the templates carry it wherever they go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aws_cdk as cdk
import jsii
from constructs import IConstruct

Part = Literal[
    "application",
    "execution-role",
    "submitter-role",
    "key",
    "data-bucket",
    "log-bucket",
    "log-group",
    "vpc",
    "subnet",
    "route-table",
    "security-group",
    "vpc-endpoint",
    "flow-log",
    "trail",
    "trail-bucket",
    "trail-key",
    "trail-log-group",
    "trail-role",
    "auditor-role",
    "lifecycle",
    "platform-admin-role",
    "viewer-role",
    "interactive-role",
    "alerts",
    "alerts-key",
    "budget",
    "macie",
    "catalog",
    "organization-trail",
]


@dataclass(frozen=True)
class Owner:
    """Who owns a resource: one tenant, or everyone for a reason. Exactly one of the two is set."""

    tenant: str | None = None
    shared: str | None = None

    def mark(self, resource: IConstruct, part: Part, reasons: Mapping[str, str] | None = None) -> None:
        """Mark a CloudFormation resource, or the one that a construct of CDK wraps.

        `reasons` says, by argument, why something less safe than the default was chosen.
        """
        node = resource if isinstance(resource, cdk.CfnResource) else resource.node.default_child
        assert isinstance(node, cdk.CfnResource), resource.node.path
        node.add_metadata("emrguard", self._as_metadata(part) | ({"reasons": dict(reasons)} if reasons else {}))

    def declare(self, scope: IConstruct, part: Part, **facts: str) -> None:
        """Say in the template itself what exists outside of it: one entry a part in the template's metadata."""
        stack = cdk.Stack.of(scope)
        found: dict[str, Any] = (stack.template_options.metadata or {}).get("emrguard", {})
        stack.add_metadata("emrguard", {**found, part: self._as_metadata(part) | facts})

    def mark_all_below(self, scope: IConstruct, part: Part) -> None:
        """Mark every resource at or below a construct, also those that come later (the policies of a role)."""
        cdk.Aspects.of(scope).add(_Marker(self, part))

    def _as_metadata(self, part: Part) -> dict[str, Any]:
        owner = {"tenant": self.tenant} if self.tenant is not None else {"shared": self.shared}
        return {**owner, "part": part}


@jsii.implements(cdk.IAspect)
class _Marker:
    """Marks each resource it visits.

    An aspect, because CDK makes a role's policies when the first grant comes, and splits large ones at the end.
    """

    def __init__(self, owner: Owner, part: Part) -> None:
        self._owner = owner
        self._part = part

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, cdk.CfnResource):
            self._owner.mark(node, self._part)
