"""Capacity of an application as CloudFormation has it, and whether its parts fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emrserverless
from constructs import Construct

from emrguard import _arguments
from emrguard._engine import Engine
from emrguard._kept import unresolved
from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError
from emrguard.initial_capacity import InitialCapacity
from emrguard.interfaces import INetwork
from emrguard.release_label import ReleaseLabel, demand
from emrguard.worker_size import WorkerSize
from emrguard_policies.releases import Feature

# No API limit is documented; a million vCPU is far above any quota and catches bytes taken for GB.
_MOST = 1_000_000

_CLAIMED: WeakKeyDictionary[INetwork, int] = WeakKeyDictionary()
"""Workers that the applications in a network may have at one time."""


def maximum(scope: Construct, capacity: Capacity) -> emrserverless.CfnApplication.MaximumAllowedResourcesProperty:
    """The ceiling over all workers."""
    cpu, memory, disk = (
        _as_text(_arguments.whole_number(scope, f"maximum_capacity.{name}", value, 1, _MOST, unit))
        for name, value, unit in (
            ("cpu", capacity.cpu, "vCPU"),
            ("memory", capacity.memory, "GB"),
            ("disk", capacity.disk, "GB"),
        )
    )
    return emrserverless.CfnApplication.MaximumAllowedResourcesProperty(
        cpu=f"{cpu} vCPU", memory=f"{memory} GB", disk=f"{disk} GB"
    )


def _as_text(number: float) -> str:
    """A number as the template has it in a text, also one that only the deployment knows."""
    return cdk.Tokenization.stringify_number(number) if unresolved(number) else f"{number:.0f}"


@dataclass(frozen=True)
class Pool:
    """Workers of one type and size that wait for jobs."""

    workers: int
    size: WorkerSize


def pools(
    scope: Construct, given: Mapping[str, InitialCapacity], engine: Engine, release: ReleaseLabel
) -> dict[str, Pool]:
    """The workers that wait, by worker type, each with a size: the engine's own where none is given."""
    found = {}
    for worker_type, capacity in given.items():
        where = f"initial_capacity[{worker_type!r}]"
        if worker_type not in engine.capacity_keys:
            mend = f"write {' or '.join(engine.capacity_keys)}"
            raise ArgumentError(scope.node.path, "initial_capacity", worker_type, mend)
        if not isinstance(capacity, InitialCapacity):
            raise ArgumentError(
                scope.node.path, where, capacity, "write InitialCapacity(workers=…, size=WorkerSize(…))"
            )
        _arguments.whole_number(scope, f"{where}.workers", capacity.workers, 1, _MOST, "workers")
        size = capacity.size or engine.default_size
        if size.shuffle_optimized:
            demand(scope.node.path, "release_label", release, Feature.SHUFFLE_OPTIMIZED_DISKS)
        found[worker_type] = Pool(capacity.workers, size)
    return found


def initial(
    scope: Construct, waiting: Mapping[str, Pool], ceiling: Capacity
) -> list[emrserverless.CfnApplication.InitialCapacityConfigKeyValuePairProperty]:
    """The workers that wait as CloudFormation has them, after a check that the ceiling holds them."""
    for name, limit, unit in (
        ("cpu", ceiling.cpu, "vCPU"),
        ("memory", ceiling.memory, "GB"),
        ("disk", ceiling.disk, "GB"),
    ):
        needed = _taken(waiting, name)
        if needed > limit and not unresolved(limit):
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
        for worker_type, each in waiting.items()
    ]


def warn_of_few_addresses(
    scope: Construct, network: INetwork, waiting: Mapping[str, Pool], ceiling: Capacity, engine: Engine
) -> None:
    """A warning of CDK's when the subnets have fewer addresses than workers fit below the ceilings of their users.

    Each worker takes one. The workers counted are the initial ones, and for the rest of the ceiling those of the
    engine's default size; and those of the applications that were added to the same network before.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html
    """
    limits = (ceiling.cpu, ceiling.memory, ceiling.disk)
    if any(unresolved(each) for each in (*limits, *(pool.workers for pool in waiting.values()))):
        return
    first = sum(each.workers for each in waiting.values())
    size = engine.default_size
    left = min(
        (limit - _taken(waiting, name)) // getattr(size, name)
        for name, limit in zip(("cpu", "memory", "disk"), limits, strict=True)
    )
    others = _CLAIMED.get(network, 0)
    needed = first + left
    _CLAIMED[network] = others + needed
    there = network.worker_addresses
    if there is not None and others + needed > there:
        beside = f", beside {others} of other applications in the network" if others else ""
        cdk.Annotations.of(scope).add_warning_v2(
            "emrguard:worker-addresses",
            f"maximum_capacity holds {needed} workers ({first} initial ones, the others of {size}){beside}, each with "
            f"an IP address; the subnets have {there} for workers: give the network a larger cidr, "
            "or lower maximum_capacity",
        )


def _taken(waiting: Mapping[str, Pool], name: str) -> int:
    """What the workers take, of numbers that only the deployment knows at least that of one worker."""
    return sum(
        (1 if unresolved(each.workers) else each.workers) * int(getattr(each.size, name)) for each in waiting.values()
    )
