"""Who may run: the application's queue and capacity, and the machine.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/applications-concurrency-queuing.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from emrguard_local.emr_serverless.applications import Application
from emrguard_local.emr_serverless.errors import quota_exceeded
from emrguard_local.emr_serverless.jobs import JobRun
from emrguard_local.emr_serverless.registry import Registry
from emrguard_local.emr_serverless.settings import Settings
from emrguard_local.emr_serverless.sizes import Size

_LONGEST_QUEUE = 2000


class NotAdmittedError(Exception):
    """The job run will never run; the message is for its stateDetails."""


@dataclass(frozen=True)
class Allocation:
    """What an admitted job run holds until it ends, and how many executors it may grow to."""

    executors: int
    max_executors: int
    size: Size


class Scheduler:
    """Admits job runs, first come first served within an application.

    A job run leaves QUEUED when its application runs fewer than `maxConcurrentRuns`, and PENDING when the
    application's `maximumCapacity` and the machine have room for its driver and an executor.
    """

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._registry = registry
        self._settings = settings
        self._queued: list[JobRun] = []
        self._pending: list[JobRun] = []
        self._admitted: dict[JobRun, Allocation] = {}

    def check_queue(self) -> None:
        """Refuse a job run when the account's queue is full.

        Raises:
            ServiceError: ServiceQuotaExceededException.
        """
        if len(self._queued) >= _LONGEST_QUEUE:
            raise quota_exceeded(f"{_LONGEST_QUEUE} job runs are QUEUED already; wait until some have started")

    def enqueue(self, run: JobRun) -> None:
        """Put a new job run at the end of the queue. Hold the registry's `changed`."""
        self._queued.append(run)

    def admit(self, run: JobRun) -> Allocation | None:
        """Wait until the job run may start; None when it was cancelled meanwhile.

        Raises:
            NotAdmittedError: it waited in the queue for too long, or is larger than the application may ever be.
        """
        changed = self._registry.changed
        with changed:
            try:
                self._wait_in_queue(run)
                self._queued.remove(run)
                self._pending.append(run)
                run.become("PENDING")
                changed.notify_all()
                allocation = self._wait_for_capacity(run)
                if allocation is not None:
                    self._admitted[run] = allocation
                return allocation
            finally:
                for waiting in (self._queued, self._pending):
                    if run in waiting:
                        waiting.remove(run)
                changed.notify_all()

    def release(self, run: JobRun) -> None:
        """The job run has ended: what it held is free. Hold the registry's `changed`."""
        self._admitted.pop(run, None)
        self._registry.changed.notify_all()

    def _wait_in_queue(self, run: JobRun) -> None:
        since = time.monotonic()
        while run.cancellation is None:
            scheduler = run.application.settings.get("schedulerConfiguration")
            if scheduler is None or self._is_next_in_queue(run, scheduler["maxConcurrentRuns"]):
                return
            deadline = since + scheduler["queueTimeoutMinutes"] * self._settings.minute_seconds
            run.queued_milliseconds = int((time.monotonic() - since) * 1000)
            if time.monotonic() >= deadline:
                raise NotAdmittedError(
                    f"Job run timed out in the queue after {scheduler['queueTimeoutMinutes']} minutes: application "
                    f"{run.application.id} runs {scheduler['maxConcurrentRuns']} job runs at once "
                    "(schedulerConfiguration.maxConcurrentRuns)"
                )
            if run.state != "QUEUED":
                run.become(
                    "QUEUED", f"Waiting for one of {scheduler['maxConcurrentRuns']} concurrent runs of the application"
                )
                self._registry.changed.notify_all()
            self._registry.changed.wait(deadline - time.monotonic())
            run.queued_milliseconds = int((time.monotonic() - since) * 1000)

    def _is_next_in_queue(self, run: JobRun, limit: int) -> bool:
        busy = sum(each.application is run.application for each in (*self._pending, *self._admitted))
        first = next(each for each in self._queued if each.application is run.application)
        return first is run and busy < limit

    def _wait_for_capacity(self, run: JobRun) -> Allocation | None:
        while run.cancellation is None:
            application = run.application
            if not _fits(_least(run), application.capacity):
                raise NotAdmittedError(
                    "ApplicationMaxCapacityExceededException: Worker could not be allocated as the application has "
                    f"exceeded maximumCapacity settings: [{application.capacity_text}]. The job run's driver and one "
                    f"executor take {_least(run)}"
                )
            if not self._has_room(run):
                waiting_for = f"Waiting for capacity of the application [{application.capacity_text}]"
            elif len(self._admitted) >= self._settings.concurrent_runs:
                waiting_for = (
                    f"Waiting for the local machine: it executes {self._settings.concurrent_runs} job runs at once"
                )
            elif self._next_pending() is not run:
                waiting_for = "Waiting for an earlier job run to start"
            else:
                return self._allocate(run)
            if run.attempts[-1].state_details != waiting_for:
                run.become("PENDING", waiting_for)
            self._registry.changed.wait()
        return None

    def _next_pending(self) -> JobRun | None:
        full: set[Application] = set()
        for each in self._pending:
            if each.application not in full and self._has_room(each):
                return each
            full.add(each.application)
        return None

    def _free(self, application: Application) -> Size:
        free = application.capacity
        for run, held in self._admitted.items():
            if run.application is application:
                free -= held.size
        return free

    def _has_room(self, run: JobRun) -> bool:
        return _fits(_least(run), self._free(run.application))

    def _allocate(self, run: JobRun) -> Allocation:
        wanted = run.plan.workers
        rest = self._free(run.application) - wanted.driver
        room = min(
            rest.vcpu // wanted.executor.vcpu,
            rest.memory_mib // wanted.executor.memory_mib,
            rest.disk_gb // wanted.executor.disk_gb,
        )
        executors = min(max(wanted.executors, 1), room)
        return Allocation(executors, min(wanted.max_executors, room), wanted.driver + wanted.executor * executors)


def _least(run: JobRun) -> Size:
    return run.plan.workers.driver + run.plan.workers.executor


def _fits(size: Size, free: Size) -> bool:
    return size.vcpu <= free.vcpu and size.memory_mib <= free.memory_mib and size.disk_gb <= free.disk_gb
