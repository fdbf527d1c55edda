"""Workers come in sizes of 1, 2, 4, 8, 16 or 32 vCPU, each with its own range of memory. The service refuses others.

CloudFormation's schema does not check them, so the stack fails when it is deployed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.rules import sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "InitialCapacity"
_MEMORY: Mapping[int, range | tuple[int, ...]] = {
    1: range(2, 9),
    2: range(4, 17),
    4: range(8, 31),
    8: range(16, 61, 4),
    16: range(32, 121, 8),
    32: (60, 120, 244),
}
_DISK = (20, 200)
_SHUFFLE_DISK = (20, 2000)


def check(context: Context) -> Iterator[Violation]:
    """Pre-initialized workers of a size that does not exist."""
    for application in context.applications:
        capacity = context.get(application, _PROPERTY)
        if context.unknown(capacity):
            yield Violation(application, _PROPERTY, "the capacity depends on the deployment", undecided=True)
        for index, item in enumerate(capacity if isinstance(capacity, list) else ()):
            value = item.get("Value") if isinstance(item, Mapping) else None
            size = value.get("WorkerConfiguration") if isinstance(value, Mapping) else None
            where = f"{_PROPERTY}[{index}].Value.WorkerConfiguration"
            parts = (
                [size.get(name) for name in ("Cpu", "Memory", "Disk", "DiskType")]
                if isinstance(size, Mapping)
                else [size]
            )
            if any(map(context.unknown, [item, value, *parts])):
                yield Violation(application, where, "the size depends on the deployment", undecided=True)
            elif isinstance(size, Mapping):
                found = _wrong(*parts)
                if found:
                    yield Violation(application, where, found)


def _wrong(cpu: Any, memory: Any, disk: Any, disk_type: Any) -> str:
    vcpus, gigabytes = sizes.number(cpu), sizes.number(memory)
    if vcpus not in _MEMORY:
        return f"Cpu is {cpu}; {', '.join(map(str, _MEMORY))} vCPU exist"
    allowed = _MEMORY[int(vcpus)]
    if math.isnan(gigabytes) or gigabytes not in allowed:
        step = allowed.step if isinstance(allowed, range) else 0
        choice = f"{allowed[0]} to {allowed[-1]} in steps of {step}" if step else ", ".join(map(str, allowed))
        return f"Memory is {memory} with {cpu}; {choice} GB exist"
    low, high = _SHUFFLE_DISK if str(disk_type).upper() == "SHUFFLE_OPTIMIZED" else _DISK
    if disk is not None and not low <= sizes.number(disk) <= high:
        return f"Disk is {disk}; {low} to {high} GB exist"
    return ""


RULE = Rule(
    id="EMRG510",
    name="invalid-worker-size",
    severity="error",
    title="Pre-initialized workers of a size that does not exist",
    rationale=__doc__,
    mend="Choose a size from the table of worker configurations.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html",
    check=check,
)
