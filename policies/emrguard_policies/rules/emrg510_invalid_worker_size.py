"""Workers come in sizes of 1, 2, 4, 8, 16 or 32 vCPU, each with its own range of memory. The service refuses others.

CloudFormation's schema does not check them, so the stack fails when it is deployed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies import worker_sizes
from emrguard_policies.rules import sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "InitialCapacity"


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
    allowed = worker_sizes.MEMORY_GB.get(int(vcpus), ()) if vcpus.is_integer() else ()
    if not allowed:
        return f"Cpu is {cpu}; {', '.join(map(str, worker_sizes.MEMORY_GB))} vCPU exist"
    if gigabytes not in allowed:
        return f"Memory is {memory} with {cpu}; {', '.join(map(str, allowed))} GB exist"
    most = worker_sizes.MAX_DISK_GB.get(str(disk_type or "STANDARD").upper())
    if most is None:
        return f"DiskType is {disk_type}; {', '.join(worker_sizes.MAX_DISK_GB)} exist"
    if disk is not None and not worker_sizes.MIN_DISK_GB <= sizes.number(disk) <= most:
        return f"Disk is {disk}; {worker_sizes.MIN_DISK_GB} to {most} GB exist"
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
