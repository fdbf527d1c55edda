"""What a job run has used and what AWS would bill for it.

Workers are billed by the second from start to stop with a minimum of one minute; the first 20 GB of disk are free:
https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_JobRun.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from emrguard_local.emr_serverless.sizes import MIB_PER_GB, Size

_HOUR = 3600
_MINIMUM_SECONDS = 60
_FREE_DISK_GB = 20


@dataclass(frozen=True)
class Usage:
    """One worker and how long it ran."""

    size: Size
    seconds: float


def _hours(parts: Iterable[tuple[int, float, float, float]]) -> dict[str, float]:
    cpu = memory = storage = 0.0
    for seconds, vcpu, gb, disk in parts:
        cpu += vcpu * seconds / _HOUR
        memory += gb * seconds / _HOUR
        storage += disk * seconds / _HOUR
    return {"vCPUHour": round(cpu, 3), "memoryGBHour": round(memory, 3), "storageGBHour": round(storage, 3)}


def total(usages: Iterable[Usage]) -> dict[str, float]:
    """`totalResourceUtilization`: seconds rounded up, the whole disk counted."""
    return _hours(
        (math.ceil(each.seconds), each.size.vcpu, each.size.memory_mib / MIB_PER_GB, each.size.disk_gb)
        for each in usages
    )


def billed(usages: Iterable[Usage]) -> dict[str, float]:
    """`billedResourceUtilization`: one minute at least for each worker, disk above 20 GB only."""
    return _hours(
        (
            max(_MINIMUM_SECONDS, math.ceil(each.seconds)),
            each.size.vcpu,
            each.size.memory_mib / MIB_PER_GB,
            max(0, each.size.disk_gb - _FREE_DISK_GB),
        )
        for each in usages
    )
