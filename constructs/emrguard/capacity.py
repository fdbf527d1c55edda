"""The most that an application may use at any time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Cumulative maximum over all workers at any time: the only cost ceiling that an application has.

    The default holds one job with Spark's own defaults on EMR Serverless (a driver and three executors with 4 vCPU and
    16 GB each), and is what the default quota of an account allows at one time.

    Args:
        cpu: vCPU, default 16.
        memory: GB, default 64.
        disk: GB, default 320: 20 GB, which cost nothing, for each of up to sixteen workers with 1 vCPU.
    """

    cpu: int = 16
    memory: int = 64
    disk: int = 320
