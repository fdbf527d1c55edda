"""Capacity of an application as CloudFormation has it, and whether its parts fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emrserverless
from constructs import Construct

from emrguard import _arguments
from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError
from emrguard.initial_capacity import InitialCapacity
from emrguard.isolated_network import IsolatedNetwork
from emrguard.release_label import ReleaseLabel, demand
from emrguard.worker_size import WorkerSize
from emrguard_policies.releases import Feature

# No API limit is documented; a million vCPU is far above any quota and catches bytes taken for GB.
_MOST = 1_000_000


def maximum(scope: Construct, capacity: Capacity) -> emrserverless.CfnApplication.MaximumAllowedResourcesProperty:
    """The ceiling over all workers."""
    cpu, memory, disk = (
        f"{_arguments.whole_number(scope, f'maximum_capacity.{name}', value, 1, _MOST, unit):.0f}"
        for name, value, unit in (
            ("cpu", capacity.cpu, "vCPU"),
            ("memory", capacity.memory, "GB"),
            ("disk", capacity.disk, "GB"),
        )
    )
    return emrserverless.CfnApplication.MaximumAllowedResourcesProperty(
        cpu=f"{cpu} vCPU", memory=f"{memory} GB", disk=f"{disk} GB"
    )


def initial(
    scope: Construct,
    given: Mapping[str, InitialCapacity],
    worker_types: Sequence[str],
    ceiling: Capacity,
    release: ReleaseLabel,
) -> list[emrserverless.CfnApplication.InitialCapacityConfigKeyValuePairProperty]:
    """The workers that wait, after a check that the ceiling holds them."""
    for worker_type, capacity in given.items():
        where = f"initial_capacity[{worker_type!r}]"
        if worker_type not in worker_types:
            raise ArgumentError(scope.node.path, "initial_capacity", worker_type, f"write {' or '.join(worker_types)}")
        if not isinstance(capacity, InitialCapacity):
            raise ArgumentError(
                scope.node.path, where, capacity, "write InitialCapacity(workers=…, size=WorkerSize(…))"
            )
        _arguments.whole_number(scope, f"{where}.workers", capacity.workers, 1, _MOST, "workers")
        if capacity.size.shuffle_optimized:
            demand(scope.node.path, "release_label", release, Feature.SHUFFLE_OPTIMIZED_DISKS)
    for name, limit, unit in (
        ("cpu", ceiling.cpu, "vCPU"),
        ("memory", ceiling.memory, "GB"),
        ("disk", ceiling.disk, "GB"),
    ):
        needed = sum(each.workers * getattr(each.size, name) for each in given.values())
        if needed > limit and not cdk.Token.is_unresolved(limit):
            mend = f"the initial workers need {needed} {unit}: raise it, or let fewer or smaller ones wait"
            raise ArgumentError(scope.node.path, f"maximum_capacity.{name}", limit, mend)
    return [
        emrserverless.CfnApplication.InitialCapacityConfigKeyValuePairProperty(
            key=worker_type,
            value=emrserverless.CfnApplication.InitialCapacityConfigProperty(
                worker_count=each.workers,
                worker_configuration=emrserverless.CfnApplication.WorkerConfigurationProperty(
                    cpu=f"{each.size.cpu} vCPU",
                    memory=f"{each.size.memory} GB",
                    disk=f"{each.size.disk} GB",
                    disk_type="SHUFFLE_OPTIMIZED" if each.size.shuffle_optimized else None,
                ),
            ),
        )
        for worker_type, each in given.items()
    ]


def warn_of_few_addresses(
    scope: Construct, network: IsolatedNetwork, given: Mapping[str, InitialCapacity], ceiling: Capacity
) -> None:
    """A warning of CDK's when the subnets have fewer addresses than workers fit below the ceiling.

    Each worker takes one. The workers counted are the initial ones, and for the rest of the ceiling those of the
    default size.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html
    """
    limits = (ceiling.cpu, ceiling.memory, ceiling.disk)
    if any(cdk.Token.is_unresolved(limit) for limit in limits):
        return
    waiting = sum(each.workers for each in given.values())
    size = WorkerSize()
    left = min(
        (limit - sum(each.workers * getattr(each.size, name) for each in given.values())) // getattr(size, name)
        for name, limit in zip(("cpu", "memory", "disk"), limits, strict=True)
    )
    needed = waiting + left
    if needed > network.worker_addresses:
        cdk.Annotations.of(scope).add_warning_v2(
            "emrguard:worker-addresses",
            f"maximum_capacity holds {needed} workers ({waiting} initial ones, the others of {size}), each with an "
            f"IP address; the subnets have {network.worker_addresses} for workers: give the network a larger cidr, or "
            "lower maximum_capacity",
        )
