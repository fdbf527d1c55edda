"""The subnets and security groups of clusters of EMR on EC2."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.context import Context

CLUSTER = "AWS::EMR::Cluster"


def subnets(context: Context, cluster: Resource) -> Iterator[tuple[str, Resource | None]]:
    """Property path and subnet of each subnet of a cluster; None for one outside of the assembly."""
    yield from _named(context, cluster, ("Instances.Ec2SubnetId", "Instances.Ec2SubnetIds"))


def security_groups(context: Context, cluster: Resource) -> Iterator[tuple[str, Resource | None]]:
    """Property path and security group of the primary node of a cluster; None for one outside of the assembly."""
    paths = ("Instances.EmrManagedMasterSecurityGroup", "Instances.AdditionalMasterSecurityGroups")
    yield from _named(context, cluster, paths)


def _named(context: Context, cluster: Resource, paths: tuple[str, ...]) -> Iterator[tuple[str, Resource | None]]:
    for path in paths:
        written = context.raw(cluster, path)
        if isinstance(written, list):
            for index, item in enumerate(written):
                yield f"{path}[{index}]", context.resolver.target(cluster.template, item)
        elif written is not None:
            yield path, context.resolver.target(cluster.template, written)
