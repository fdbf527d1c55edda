"""Sizes of workers: vCPU, memory and disk, as the API and as Spark write them.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from emrguard_local.emr_serverless.errors import validation
from emrguard_policies.worker_sizes import MAX_DISK_GB, MEMORY_GB, MIN_DISK_GB

MIB_PER_GB = 1024
# GB below a size that round up to it, by vCPU.
_STEP_GB = {1: 1, 2: 1, 4: 1, 8: 4, 16: 8, 32: 8}
_SPARK_UNITS = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024 * 1024}
_SPARK_SIZE = re.compile(r"(\d+)\s*([kmgt]?)b?", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Size:
    """What a worker, or a number of workers, takes; memory in MiB, disk in GB."""

    vcpu: int
    memory_mib: int
    disk_gb: int

    def __add__(self, other: Size) -> Size:
        return Size(self.vcpu + other.vcpu, self.memory_mib + other.memory_mib, self.disk_gb + other.disk_gb)

    def __sub__(self, other: Size) -> Size:
        return Size(self.vcpu - other.vcpu, self.memory_mib - other.memory_mib, self.disk_gb - other.disk_gb)

    def __mul__(self, count: int) -> Size:
        return Size(self.vcpu * count, self.memory_mib * count, self.disk_gb * count)

    def __str__(self) -> str:
        return f"{self.vcpu} vCPU, {self.memory_mib / MIB_PER_GB:g} GB memory, {self.disk_gb} GB disk"


def spark_mib(name: str, text: str) -> int:
    """A Spark memory size such as `4g` in MiB; MiB is the unit when there is none.

    Raises:
        ServiceError: ValidationException; it is no size.
    """
    found = _SPARK_SIZE.fullmatch(text.strip())
    if found is None:
        raise validation(f"{name} is '{text}', which is no memory size; write it like 4g or 4096m")
    return math.ceil(int(found[1]) * _SPARK_UNITS[found[2].lower() or "m"])


def amount(text: str) -> int:
    """The number in a CpuSize, MemorySize or DiskSize of the API, such as `4 vCPU` or `16 GB`."""
    found = _NUMBER.search(text)
    assert found is not None, "the model's pattern demands a digit"
    return int(found[0])


def worker(role: str, vcpu: int, memory_mib: int, disk_gb: int, disk_type: str = "STANDARD") -> Size:
    """The worker that the service provides for a request: memory is rounded up to the next size of the vCPU's row.

    Raises:
        ServiceError: ValidationException that names the row's limits.
    """
    if vcpu not in MEMORY_GB:
        raise validation(f"{role} asks for {vcpu} vCPU; use {', '.join(map(str, MEMORY_GB))} vCPU")
    step, sizes = _STEP_GB[vcpu], MEMORY_GB[vcpu]
    asked = memory_mib / MIB_PER_GB
    size = next((each for each in sizes if each - step < asked <= each), None)
    if size is None:
        allowed = (
            ", ".join(map(str, sizes)) if vcpu == 32 else f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
        )
        raise validation(
            f"{role} asks for {asked:.4g} GB of memory (overhead included) with {vcpu} vCPU; a worker of {vcpu} vCPU "
            f"has {allowed} GB: change its memory or its cores"
        )
    limit = MAX_DISK_GB[disk_type]
    if not MIN_DISK_GB <= disk_gb <= limit:
        raise validation(
            f"{role} asks for {disk_gb} GB of disk; with disk type {disk_type} it has {MIN_DISK_GB} to {limit} GB"
        )
    return Size(vcpu, size * MIB_PER_GB, disk_gb)
