"""The workers that a Spark job asks for.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from emrguard_local.emr_serverless.errors import validation
from emrguard_local.emr_serverless.releases import Release
from emrguard_local.emr_serverless.sizes import MIB_PER_GB, Size, spark_mib, worker

UNBOUNDED = 2**31 - 1
"""Spark's own `infinity` for dynamicAllocation.maxExecutors."""

_MIN_OVERHEAD_MIB = 384
_DISK = re.compile(r"([1-9]\d*)\s*gb?", re.IGNORECASE)


@dataclass(frozen=True)
class Workers:
    """The driver, and the executors: how many at first, and how many at most, `UNBOUNDED` where nothing limits them."""

    driver: Size
    executor: Size
    executors: int
    max_executors: int


def _count(properties: Mapping[str, str], name: str, default: int) -> int:
    text = properties.get(name)
    if text is None:
        return default
    if text.strip().lower() == "infinity":
        return UNBOUNDED
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise validation(f"{name} is '{text}'; give a whole number")
    return int(text)


def _fraction(properties: Mapping[str, str], name: str, default: float) -> float:
    text = properties.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d*\.?\d+", text.strip()):
        raise validation(f"{name} is '{text}'; give a fraction such as 0.1")
    return float(text)


def _disk(properties: Mapping[str, str], role: str) -> tuple[int, str]:
    name = f"spark.emr-serverless.{role}.disk"
    found = _DISK.fullmatch(properties.get(name, "20G").strip())
    if found is None:
        raise validation(f"{name} is '{properties[name]}'; write it like 20G")
    kind = properties.get(f"{name}.type", "STANDARD").upper()
    if kind not in {"STANDARD", "SHUFFLE_OPTIMIZED"}:
        raise validation(f"{name}.type is '{kind}'; use standard or shuffle_optimized")
    return int(found[1]), kind


def _size(properties: Mapping[str, str], role: str, release: Release) -> Size:
    prefix = f"spark.{role}"
    vcpu = _count(properties, f"{prefix}.cores", 4)
    heap = spark_mib(f"{prefix}.memory", properties.get(f"{prefix}.memory", "109g" if vcpu == 32 else "14g"))
    explicit = properties.get(f"{prefix}.memoryOverhead")
    if explicit is None:
        factor = _fraction(
            properties,
            f"{prefix}.memoryOverheadFactor",
            _fraction(properties, "spark.emr-serverless.memoryOverheadFactor", 0.1),
        )
        overhead = max(_MIN_OVERHEAD_MIB, math.ceil(heap * factor))
    else:
        overhead = spark_mib(f"{prefix}.memoryOverhead", explicit)
    extra = 0
    if role == "executor":
        extra += spark_mib("spark.executor.pyspark.memory", properties.get("spark.executor.pyspark.memory", "0"))
        if properties.get("spark.memory.offHeap.enabled", "false").lower() == "true":
            extra += spark_mib("spark.memory.offHeap.size", properties.get("spark.memory.offHeap.size", "0"))
    disk, kind = _disk(properties, role)
    if kind == "SHUFFLE_OPTIMIZED" and not release.has(7, 1):
        raise validation(f"Shuffle-optimized disks need emr-7.1.0 or later; the application has {release.label}")
    asked = f"{role} (spark.{role}.cores={vcpu}, spark.{role}.memory={heap / MIB_PER_GB:.4g}g)"
    return worker(f"The Spark {asked}", vcpu, heap + overhead + extra, disk, kind)


def workers(properties: Mapping[str, str], release: Release) -> Workers:
    """The workers for a job's Spark properties, with EMR Serverless' defaults: 4 vCPU, 14 GB, three executors.

    Raises:
        ServiceError: ValidationException; a size that the service does not have.
    """
    executors = _count(properties, "spark.executor.instances", 3)
    most = executors
    if properties.get("spark.dynamicAllocation.enabled", "true").strip().lower() != "false":
        most = _count(properties, "spark.dynamicAllocation.maxExecutors", UNBOUNDED if release.has(6, 10) else 100)
        least = _count(properties, "spark.dynamicAllocation.minExecutors", 0)
        initial = _count(properties, "spark.dynamicAllocation.initialExecutors", executors)
        executors = min(max(executors if "spark.executor.instances" in properties else 0, least, initial), most)
    return Workers(
        _size(properties, "driver", release), _size(properties, "executor", release), executors, max(most, 1)
    )
