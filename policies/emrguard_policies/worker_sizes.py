"""The sizes that a worker of EMR Serverless can have.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEMORY_GB: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {
        1: tuple(range(2, 9)),
        2: tuple(range(4, 17)),
        4: tuple(range(8, 31)),
        8: tuple(range(16, 61, 4)),
        16: tuple(range(32, 121, 8)),
        32: (60, 120, 244),
    }
)
"""The sizes of memory in GB, in rising order, by vCPU."""

MIN_DISK_GB = 20
"""The smallest disk in GB; these first 20 GB of each worker cost nothing."""

MAX_DISK_GB: Mapping[str, int] = MappingProxyType({"STANDARD": 200, "SHUFFLE_OPTIMIZED": 2000})
"""The largest disk in GB by disk type."""
