"""Sizes of workers, and workers that wait for jobs."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match
from construct_support import Synthesized, acknowledged, new_app, synthesize

from emrguard import (
    ApplicationKey,
    ArgumentError,
    Capacity,
    DataBucket,
    InitialCapacity,
    IsolatedNetwork,
    JobLogs,
    SparkApplication,
    WorkerSize,
)


def _add(stack: cdk.Stack, cidr: str = "10.0.0.0/20", **arguments: Any) -> SparkApplication:
    key = ApplicationKey(stack, "Key", tenant="flights")
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs, cidr=cidr)
    return SparkApplication(stack, "App", tenant="flights", network=network, logs=logs, key=key, **arguments)


def _application(**arguments: Any) -> Synthesized:
    return synthesize(lambda stack: _add(stack, **arguments))


@pytest.mark.parametrize(
    ("cpu", "memory", "disk", "shuffle"),
    [
        (1, 2, 20, False),
        (1, 8, 200, False),
        (4, 30, 2000, True),
        (8, 60, 20, False),
        (16, 112, 20, False),
        (32, 244, 20, False),
    ],
)
def test_sizes_that_exist(cpu: int, memory: int, disk: int, shuffle: bool) -> None:
    """Each row's ends, and the largest disks."""
    size = WorkerSize(cpu=cpu, memory=memory, disk=disk, shuffle_optimized=shuffle)
    assert str(size) == f"{cpu} vCPU, {memory} GB memory, {disk} GB disk"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cpu": 6}, r"cpu is 6; a worker has 1, 2, 4, 8, 16 or 32 vCPU; the nearest: 4 and 8"),
        ({"cpu": 64}, r"cpu is 64; .* the nearest: 32$"),
        ({"cpu": True}, r"cpu is True"),
        ({"cpu": 4, "memory": 32}, r"memory is 32; a worker of 4 vCPU has 8 to 30 GB; the nearest: 30$"),
        ({"cpu": 8, "memory": 50}, r"memory is 50; .* 16 to 60 in steps of 4 GB; the nearest: 48 and 52"),
        ({"cpu": 32, "memory": 100}, r"memory is 100; .* 60, 120 or 244 GB; the nearest: 60 and 120"),
        ({"memory": "16"}, r"memory is '16'; a worker of 4 vCPU has 8 to 30 GB$"),
        ({"disk": 10}, r"disk is 10; a worker of disk type STANDARD has 20 to 200 GB"),
        ({"disk": 300}, r"disk is 300; .* or up to 2000 shuffle-optimized"),
        ({"disk": 2001, "shuffle_optimized": True}, r"disk is 2001; .* SHUFFLE_OPTIMIZED has 20 to 2000 GB$"),
    ],
)
def test_sizes_that_do_not_exist(arguments: dict[str, Any], message: str) -> None:
    """The error names the value, what the row has, and the nearest sizes."""
    with pytest.raises(ArgumentError, match=f"WorkerSize: {message}"):
        WorkerSize(**arguments)


def test_workers_wait_for_jobs() -> None:
    """The template has them by worker type, with the units that CloudFormation demands."""
    found = _application(
        initial_capacity={
            "DRIVER": InitialCapacity(workers=1, size=WorkerSize(cpu=2, memory=8)),
            "EXECUTOR": InitialCapacity(workers=3, size=WorkerSize(disk=60, shuffle_optimized=True)),
        },
        auto_start=False,
    ).one("AWS::EMRServerless::Application")
    assert found["AutoStartConfiguration"] == {"Enabled": False}
    assert found["AutoStopConfiguration"]["Enabled"] is True
    assert found["InitialCapacity"] == [
        {
            "Key": "DRIVER",
            "Value": {
                "WorkerCount": 1,
                "WorkerConfiguration": {"Cpu": "2 vCPU", "Memory": "8 GB", "Disk": "20 GB"},
            },
        },
        {
            "Key": "EXECUTOR",
            "Value": {
                "WorkerCount": 3,
                "WorkerConfiguration": {
                    "Cpu": "4 vCPU",
                    "Memory": "16 GB",
                    "Disk": "60 GB",
                    "DiskType": "SHUFFLE_OPTIMIZED",
                },
            },
        },
    ]


_WARM = {"EXECUTOR": InitialCapacity(workers=2)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initial_capacity": {"Driver": InitialCapacity(workers=1)}}, r"is 'Driver'; write DRIVER or EXECUTOR"),
        ({"initial_capacity": {"DRIVER": 3}}, r"initial_capacity\['DRIVER'\] is 3; write InitialCapacity"),
        ({"initial_capacity": {"DRIVER": InitialCapacity(workers=0)}}, r"\['DRIVER'\]\.workers is 0; write a whole"),
        (
            {"initial_capacity": {"EXECUTOR": InitialCapacity(workers=5)}},
            r"maximum_capacity\.cpu is 16; the initial workers need 20 vCPU: raise it",
        ),
        (
            {
                "initial_capacity": {"EXECUTOR": InitialCapacity(workers=1, size=WorkerSize(shuffle_optimized=True))},
                "release_label": "emr-7.0.0",
            },
            r"release_label is 'emr-7\.0\.0'; use emr-7\.1\.0 or newer: shuffle-optimized disks",
        ),
        (
            {"initial_capacity": _WARM, "never_stop_because": "dashboards ask at any time"},
            r"keep_warm_because is None; initial_capacity with auto-stop off is paid for day and night",
        ),
        ({"keep_warm_because": "dashboards ask at any time"}, r"keep_warm_because is .* leave it out"),
        ({"never_stop_because": ""}, r"never_stop_because is ''; say in a few words why"),
        (
            {"never_stop_because": "dashboards ask at any time", "idle_timeout": cdk.Duration.minutes(5)},
            r"idle_timeout is '5 minutes'; leave it out or never_stop_because",
        ),
    ],
)
def test_capacity_that_does_not_fit(arguments: dict[str, Any], message: str) -> None:
    """What the service would refuse, or bill for without end, fails at synth."""
    with pytest.raises(ArgumentError, match=rf"Stack/App: .*{message}"):
        _application(**arguments)


def test_a_warm_pool_that_never_stops_carries_its_reasons() -> None:
    """The rules that would report it are acknowledged, and the manifest says why."""
    given: dict[str, Any] = {
        "initial_capacity": _WARM,
        "never_stop_because": "dashboards ask at any time",
        "keep_warm_because": "nobody waits a minute for a chart",
    }

    def build(stack: cdk.Stack) -> None:
        assert acknowledged(_add(stack, **given)) == {
            "EmrGuard::EMRG503": "dashboards ask at any time",
            "EmrGuard::EMRG504": "nobody waits a minute for a chart",
        }

    found = synthesize(build)
    application = found.one("AWS::EMRServerless::Application")
    assert application["AutoStopConfiguration"] == {"Enabled": False}
    assert found.mark(application["_id"]) == {
        "tenant": "flights",
        "part": "application",
        "reasons": {name: given[name] for name in ("never_stop_because", "keep_warm_because")},
    }


def test_more_workers_than_addresses_give_a_warning() -> None:
    """Two subnets of a /26 have 8 addresses each beside AWS's own and the endpoints'."""
    stack = cdk.Stack(new_app(), "Stack")
    _add(
        stack,
        cidr="10.0.0.0/26",
        maximum_capacity=Capacity(cpu=64, memory=256, disk=1000),
        initial_capacity={"EXECUTOR": InitialCapacity(workers=8, size=WorkerSize(cpu=1, memory=2))},
    )
    Annotations.from_stack(stack).has_warning(
        "/Stack/App",
        Match.string_like_regexp(r"holds 22 workers \(8 initial ones.*the subnets have 16 for workers: give"),
    )


def test_enough_addresses_give_no_warning() -> None:
    """The default network holds far more workers than the default ceiling."""
    stack = cdk.Stack(new_app(), "Stack")
    _add(stack)
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []
