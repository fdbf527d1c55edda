"""The size of one worker."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError
from emrguard_policies.worker_sizes import MAX_DISK_GB, MEMORY_GB, MIN_DISK_GB


@dataclass(frozen=True, kw_only=True)
class WorkerSize:
    """vCPU, memory and disk of a worker: one of the combinations that EMR Serverless has.

    The default is what Spark's drivers and executors get when a job asks for nothing: 4 vCPU, 16 GB and 20 GB of disk.
    A job's heap with its overhead (10 %, at least 384 MB) must fit the memory. With 32 vCPU it must also come within
    8 GB of it: 120 GB take an executor memory of 102 to 109 GB, and no less.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html

    Args:
        cpu: 1, 2, 4, 8, 16 or 32 vCPU, default 4.
        memory: GB, default 16. 1 vCPU: 2 to 8; 2: 4 to 16; 4: 8 to 30; 8: 16 to 60 in steps of 4; 16: 32 to 120 in
            steps of 8; 32: 60, 120 or 244.
        disk: GB, default 20, up to 200, or up to 2000 if shuffle-optimized.
        shuffle_optimized: a disk with more throughput for large shuffles, default False. Needs emr-7.1.0.

    Raises:
        ArgumentError: there is no such worker; names the value and the nearest ones that exist.
    """

    cpu: int = 4
    memory: int = 16
    disk: int = MIN_DISK_GB
    shuffle_optimized: bool = False

    def __post_init__(self) -> None:
        _check("cpu", self.cpu, tuple(MEMORY_GB), "a worker", "vCPU")
        _check("memory", self.memory, MEMORY_GB[self.cpu], f"a worker of {self.cpu} vCPU", "GB")
        largest = MAX_DISK_GB[self.disk_type]
        if not isinstance(self.disk, int) or isinstance(self.disk, bool) or not MIN_DISK_GB <= self.disk <= largest:
            hint = "" if self.shuffle_optimized else f", or up to {MAX_DISK_GB['SHUFFLE_OPTIMIZED']} shuffle-optimized"
            mend = f"a worker of disk type {self.disk_type} has {MIN_DISK_GB} to {largest} GB{hint}"
            raise ArgumentError("WorkerSize", "disk", self.disk, mend)

    @property
    def disk_type(self) -> str:
        """`STANDARD` or `SHUFFLE_OPTIMIZED`, as the API has it."""
        return "SHUFFLE_OPTIMIZED" if self.shuffle_optimized else "STANDARD"

    def __str__(self) -> str:
        return f"{self.cpu} vCPU, {self.memory} GB memory, {self.disk} GB disk"


def _check(argument: str, value: int, sizes: Sequence[int], what: str, unit: str) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and value in sizes:
        return
    mend = f"{what} has {_listed(sizes)} {unit}"
    if unresolved(value):
        mend += "; write a plain number, known at synth"
        raise ArgumentError("WorkerSize", argument, "known at deployment only", mend)
    if isinstance(value, (int, float)):
        nearest = [*[size for size in sizes if size < value][-1:], *[size for size in sizes if size > value][:1]]
        mend += f"; the nearest: {' and '.join(map(str, nearest))}"
    raise ArgumentError("WorkerSize", argument, value, mend)


def _listed(sizes: Sequence[int]) -> str:
    steps = {after - before for before, after in itertools.pairwise(sizes)}
    if len(steps) == 1:
        return f"{sizes[0]} to {sizes[-1]}" + (f" in steps of {step}" if (step := steps.pop()) > 1 else "")
    return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"
