"""Who may run: concurrency, capacity and the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from emrguard_local.emr_serverless import scheduler
from emrguard_local.emr_serverless.workers import UNBOUNDED
from emrguard_local.host import ServiceError

SMALL = (
    "--conf spark.driver.cores=1 --conf spark.driver.memory=1g --conf spark.executor.cores=1 "
    "--conf spark.executor.memory=1g --conf spark.executor.instances=1 --conf spark.dynamicAllocation.enabled=false"
)


def test_runs_beyond_the_applications_concurrency_are_queued(cloud: Any) -> None:
    """With maxConcurrentRuns 1 the second job is QUEUED until the first has ended, and the wait is measured."""
    application = cloud.application(schedulerConfiguration={"maxConcurrentRuns": 1})
    first, second = cloud.submit(application), cloud.submit(application)
    cloud.wait(application, first, "RUNNING")
    queued = cloud.wait(application, second, "QUEUED")
    assert "1 concurrent runs" in queued["stateDetails"]
    time.sleep(0.02)
    cloud.driver(1).end()
    running = cloud.wait(application, second, "RUNNING")
    assert running["queuedDurationMilliseconds"] >= 20
    assert cloud.job_run(application, first)["state"] == "SUCCESS"


def test_the_queue_has_a_timeout(make_cloud: Callable[..., Any]) -> None:
    """A job that waits longer than queueTimeoutMinutes FAILS and says so."""
    cloud = make_cloud(minute_seconds=0.005)
    application = cloud.application(schedulerConfiguration={"maxConcurrentRuns": 1, "queueTimeoutMinutes": 15})
    cloud.submit(application, executionTimeoutMinutes=10_000)
    late = cloud.submit(application)
    failed = cloud.wait(application, late, "FAILED")
    assert "timed out in the queue after 15 minutes" in failed["stateDetails"]


def test_a_queued_run_is_cancelled(cloud: Any) -> None:
    """It never runs, and costs nothing."""
    application = cloud.application(schedulerConfiguration={"maxConcurrentRuns": 1})
    cloud.submit(application)
    late = cloud.submit(application)
    cloud.wait(application, late, "QUEUED")
    cloud.call("CancelJobRun", applicationId=application, jobRunId=late)
    cancelled = cloud.wait(application, late, "CANCELLED")
    assert "startedAt" not in cancelled
    assert cancelled["billedResourceUtilization"]["vCPUHour"] == 0


def test_runs_beyond_maximum_capacity_are_pending(make_cloud: Callable[..., Any]) -> None:
    """Capacity is cumulative over the application's job runs; other applications are not held up."""
    cloud = make_cloud(concurrent_runs=5)
    application = cloud.application(maximumCapacity={"cpu": "3 vCPU", "memory": "8 GB", "disk": "100 GB"})
    first, second = cloud.submit(application, SMALL), cloud.submit(application, SMALL)
    cloud.wait(application, first, "RUNNING")
    pending = cloud.wait(application, second, "PENDING")
    assert pending["state"] == "PENDING"
    while "capacity of the application" not in pending["stateDetails"]:
        pending = cloud.job_run(application, second)
        assert pending["state"] == "PENDING"
    assert "cpu: 3 vCPU, memory: 8 GB, disk: 100 GB" in pending["stateDetails"]
    other = cloud.application()
    cloud.wait(other, cloud.submit(other), "RUNNING")
    cloud.driver(1).end()
    cloud.wait(application, second, "RUNNING")


def test_dynamic_allocation_is_bounded_by_maximum_capacity(cloud: Any) -> None:
    """The engine is told how many executors fit beside the driver."""
    application = cloud.application(maximumCapacity={"cpu": "12 vCPU", "memory": "100 GB"})
    run = cloud.submit(application)
    cloud.wait(application, run, "RUNNING")
    assert cloud.driver().spec.max_executors == 2
    cloud.submit(cloud.application())
    assert cloud.driver(2).spec.max_executors == UNBOUNDED


def test_a_job_that_can_never_fit_fails(cloud: Any) -> None:
    """AWS's exception name, the limits and what the job asks for are in stateDetails."""
    application = cloud.application(maximumCapacity={"cpu": "4 vCPU", "memory": "100 GB"})
    failed = cloud.wait(application, cloud.submit(application), "FAILED")
    assert "ApplicationMaxCapacityExceededException" in failed["stateDetails"]
    assert "[cpu: 4 vCPU, memory: 100 GB]" in failed["stateDetails"]
    assert "8 vCPU, 32 GB memory" in failed["stateDetails"]


def test_the_machine_has_a_limit_of_its_own(make_cloud: Callable[..., Any]) -> None:
    """Job runs of all applications share it, and stateDetails say that it is the machine."""
    cloud = make_cloud(concurrent_runs=1)
    one, other = cloud.application(), cloud.application()
    cloud.wait(one, cloud.submit(one), "RUNNING")
    waiting = cloud.submit(other)
    pending = cloud.wait(other, waiting, "PENDING")
    while not pending["stateDetails"]:
        pending = cloud.job_run(other, waiting)
    assert "local machine: it executes 1 job runs at once" in pending["stateDetails"]
    cloud.driver(1).end()
    cloud.wait(other, waiting, "RUNNING")


@pytest.mark.parametrize(("machine", "application_"), [(1, 15), (5, 1)])
def test_job_runs_start_in_the_order_of_submission(
    make_cloud: Callable[..., Any], machine: int, application_: int
) -> None:
    """First come, first served within an application, whichever limit holds job runs back."""
    cloud = make_cloud(concurrent_runs=machine)
    application = cloud.application(schedulerConfiguration={"maxConcurrentRuns": application_})
    runs = [cloud.submit(application) for _ in range(8)]
    for number in range(8):
        cloud.driver(number + 1).end()
    for run in runs:
        cloud.wait(application, run, "SUCCESS")
    assert [each.spec.job_run_id for each in cloud.engine.runs] == runs


def test_the_accounts_queue_is_limited(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 2000 QUEUED job runs StartJobRun is a ServiceQuotaExceededException with AWS's status 402."""
    monkeypatch.setattr(scheduler, "_LONGEST_QUEUE", 1)
    application = cloud.application(schedulerConfiguration={"maxConcurrentRuns": 1})
    cloud.wait(application, cloud.submit(application), "RUNNING")
    cloud.wait(application, cloud.submit(application), "QUEUED")
    with pytest.raises(ServiceError) as caught:
        cloud.submit(application)
    assert (caught.value.code, caught.value.status) == ("ServiceQuotaExceededException", 402)
