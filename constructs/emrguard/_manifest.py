"""The tenant manifest: which resource belongs to which tenant, written into the templates as `Metadata.emrguard`.

`emrguard audit` and `emrguard prove` read it; the templates carry it wherever they go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from emrguard._kept import stack_of

TENANT_TAG = "emrguard:tenant"
"""The tag of all that belongs to a tenant, with the tenant's name: costs, budgets and the personas' rights go by it."""

_TAGGED: WeakKeyDictionary[IConstruct, str] = WeakKeyDictionary()
"""The tenant whose tag a construct has, with all below it."""

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
    "state-machine",
    "platform-admin-role",
    "viewer-role",
    "interactive-role",
    "alerts",
    "alerts-key",
    "budget",
    "macie",
    "catalog",
    "organization-trail",
    "table",
    "stream",
    "kafka-cluster",
    "secret",
    "repository",
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
        node = _resource(resource)
        node.add_metadata("emrguard", self._as_metadata(part) | ({"reasons": dict(reasons)} if reasons else {}))

    def declare(self, scope: IConstruct, part: Part, **facts: str) -> None:
        """Say in the template itself what exists outside of it: one entry a part in the template's metadata."""
        _write(scope, part, self._as_metadata(part) | facts)

    def declare_outside(self, scope: IConstruct, arn: str) -> None:
        """Say in the template why tenants share what stands in no template of the app; the owner is everyone."""
        entry = {"shared": self.shared, "arn": arn}
        _write(scope, "outside", [*_written(stack_of(scope)).get("outside", ()), entry])

    def declare_one_of(self, scope: IConstruct, part: Part, **facts: str) -> None:
        """Like `declare`, for parts of which there may be several: the entry carries the name of the construct."""
        _write(scope, f"{part} {cdk.Names.unique_id(scope)}", self._as_metadata(part) | facts)

    def mark_all_below(self, scope: IConstruct, part: Part) -> None:
        """Mark and tag every resource at or below a construct of somebody else's, also those that come later."""
        cdk.Aspects.of(scope).add(_Marker(self, part))
        self.tag(scope)

    def mark_role(self, role: iam.Role, part: Part, within: IConstruct | None = None) -> None:
        """Mark and tag a role. Its inline policies, made with the first grant, count as marked like the role itself.

        A role that is not made here (`iam.Role.customize_roles`) has nothing to mark.
        """
        if (made := role.node.default_child) is not None:
            self.mark(made, part)
        self.tag(role, within)
        stack_of(role, within)

    def tag(self, scope: IConstruct, within: IConstruct | None = None) -> None:
        """Put the tenant's tag on a construct and all below it; what is shared has none.

        `within` is the construct above it: where that has the tag already, it comes from there.
        """
        if self.tenant is None:
            return
        if within is None or _TAGGED.get(within) != self.tenant:
            cdk.Tags.of(scope).add(TENANT_TAG, self.tenant)
        _TAGGED[scope] = self.tenant

    def _as_metadata(self, part: Part) -> dict[str, Any]:
        owner = {"tenant": self.tenant} if self.tenant is not None else {"shared": self.shared}
        return {**owner, "part": part}


def _written(stack: cdk.Stack) -> dict[str, Any]:
    """What the metadata of a template says already."""
    found: dict[str, Any] = (stack.template_options.metadata or {}).get("emrguard", {})
    return found


def _write(scope: IConstruct, name: str, entry: Any) -> None:
    stack = stack_of(scope)
    stack.add_metadata("emrguard", {**_written(stack), name: entry})


def add_reasons(resource: IConstruct, reasons: Mapping[str, str]) -> None:
    """Add reasons to the mark of a resource that is marked already."""
    node = _resource(resource)
    mark: dict[str, Any] = node.get_metadata("emrguard")
    node.add_metadata("emrguard", {**mark, "reasons": {**mark.get("reasons", {}), **reasons}})


def _resource(construct: IConstruct) -> cdk.CfnResource:
    node = construct if isinstance(construct, cdk.CfnResource) else construct.node.default_child
    assert isinstance(node, cdk.CfnResource), construct.node.path
    return node


@jsii.implements(cdk.IAspect)
class _Marker:
    """Marks each resource it visits. CDK calls it for each construct, so that our own constructs do without it."""

    def __init__(self, owner: Owner, part: Part) -> None:
        self._owner = owner
        self._part = part

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, cdk.CfnResource):
            self._owner.mark(node, self._part)
