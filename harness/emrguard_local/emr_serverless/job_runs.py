"""The operations on job runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from emrguard_local.emr_serverless.applications import ENDED, Applications
from emrguard_local.emr_serverless.credentials import CredentialsEndpoint, RoleSession
from emrguard_local.emr_serverless.errors import unsupported, validation
from emrguard_local.emr_serverless.events import Events
from emrguard_local.emr_serverless.job_rules import plan
from emrguard_local.emr_serverless.jobs import Cancellation, JobRun
from emrguard_local.emr_serverless.pages import page
from emrguard_local.emr_serverless.registry import Registry
from emrguard_local.emr_serverless.runner import Runner
from emrguard_local.emr_serverless.scheduler import Scheduler
from emrguard_local.emr_serverless.settings import Settings
from emrguard_local.engines.base import Engine
from emrguard_local.host import Host, ServiceError

_STOP_SECONDS = 30.0


class JobRuns:
    """The operations on job runs, and the threads that run them."""

    def __init__(
        self,
        host: Host,
        engines: Sequence[Engine],
        registry: Registry,
        applications: Applications,
        endpoint: CredentialsEndpoint,
        events: Events,
        settings: Settings,
    ) -> None:
        self._events = events
        self._host = host
        self._engines = engines
        self._registry = registry
        self._applications = applications
        self._scheduler = Scheduler(registry, settings)
        self._runner = Runner(host, registry, self._scheduler, endpoint, settings)
        self._threads: dict[JobRun, threading.Thread] = {}
        self._closed = False

    def start(self, parameters: Mapping[str, Any], caller_arn: str) -> dict[str, Any]:
        """StartJobRun. The role's trust policy is asked here; the caller's permissions have been judged before."""
        with self._registry.changed:
            application = self._registry.application(parameters["applicationId"])
            self._applications.check_takes_jobs(application)
            made = plan(application, parameters, self._engines)
            identifier = self._registry.new_id()
            # A job runs within one subnet.
            subnet = next(iter(application.settings.get("networkConfiguration", {}).get("subnetIds", ())), "")
        role = parameters["executionRoleArn"]
        try:
            session = RoleSession(self._host, role, identifier, made.policies, subnet)
        except ServiceError as error:
            raise validation(
                f"Could not assume runtime role {role} because it doesn't exist or isn't setup with the required trust "
                f"relationship. {error.message}"
            ) from None
        with self._registry.changed:
            if self._closed:
                raise validation("The local cloud is stopping; start it again to submit job runs")
            self._scheduler.check_queue()
            self._applications.start_for_job(application)
            now = datetime.now(UTC)
            run = JobRun(
                number=self._registry.next_number(),
                id=identifier,
                application=application,
                plan=made,
                session=session,
                parameters=dict(parameters),
                created_by=caller_arn,
                created_at=now,
                updated_at=now,
                tags=dict(parameters.get("tags", {})),
                settings=application.settings,
                on_change=self._events.job_run_state_change,
            )
            run.begin()
            application.idle_since = None
            self._registry.job_runs[identifier] = run
            self._scheduler.enqueue(run)
            thread = threading.Thread(target=self._run, args=(run,), name=f"job-run-{identifier}", daemon=True)
            self._threads[run] = thread
            self._registry.changed.notify_all()
            thread.start()
        return {"applicationId": application.id, "jobRunId": identifier, "arn": run.arn}

    def get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetJobRun."""
        with self._registry.changed:
            run = self._find(parameters)
            return {"jobRun": run.view(parameters.get("attempt"))}

    def list(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListJobRuns: the newest first."""
        with self._registry.changed:
            application = self._registry.application(parameters["applicationId"])
            chosen = [each for each in self._registry.runs_of(application) if _wanted(each, parameters)]
            found, more = page(chosen, parameters, f"job runs of {application.id}")
            return {"jobRuns": [each.summary() for each in found], **more}

    def list_attempts(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListJobRunAttempts: the newest first."""
        with self._registry.changed:
            run = self._find(parameters)
            found, more = page(run.attempts, parameters, f"attempts of {run.id}")
            return {"jobRunAttempts": [run.attempt_summary(each) for each in found], **more}

    def cancel(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CancelJobRun; once more for a job run that is being cancelled is ignored, as AWS does."""
        grace = parameters.get("shutdownGracePeriodInSeconds", 0)
        with self._registry.changed:
            run = self._find(parameters)
            if grace and not 15 <= grace <= 1800:
                raise validation(f"shutdownGracePeriodInSeconds is {grace}; use 0, or 15 to 1800")
            if grace and not run.application.release.has(7, 9):
                raise validation(
                    "shutdownGracePeriodInSeconds needs emr-7.9.0 or later; the application has "
                    f"{run.application.release.label}: cancel without it"
                )
            if run.state in ENDED:
                raise validation(f"Job run {run.id} has ended already: its state is {run.state}")
            if run.cancellation is None:
                self._runner.cancel(run, Cancellation("Job run cancelled by CancelJobRun", grace))
        return {"applicationId": run.application.id, "jobRunId": run.id}

    def dashboard(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetDashboardForJobRun: there is none.

        Raises:
            ServiceError: always.
        """
        with self._registry.changed:
            self._find(parameters)
        raise unsupported("GetDashboardForJobRun", "there is no application UI here: read the driver's logs")

    def close(self) -> None:
        """Cancel every job run and wait until their threads have ended."""
        with self._registry.changed:
            self._closed = True
            threads = list(self._threads.values())
            for run in self._threads:
                if run.cancellation is None:
                    self._runner.cancel(run, Cancellation("The local cloud was stopped", deliver_logs=False))
                elif run.cancellation.grace_seconds:
                    self._runner.cancel(run, replace(run.cancellation, grace_seconds=0, deliver_logs=False))
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, run: JobRun) -> None:
        try:
            self._runner.run(run)
        finally:
            with self._registry.changed:
                self._threads.pop(run, None)

    def _find(self, parameters: Mapping[str, Any]) -> JobRun:
        run = self._registry.job_run(parameters["applicationId"], parameters["jobRunId"])
        attempt = parameters.get("attempt", 1)
        if attempt > len(run.attempts):
            raise validation(f"attempt is {attempt}, but job run {run.id} has had {len(run.attempts)} so far")
        return run


def _wanted(run: JobRun, parameters: Mapping[str, Any]) -> bool:
    after, before = _utc(parameters.get("createdAtAfter")), _utc(parameters.get("createdAtBefore"))
    return (
        (not parameters.get("states") or run.state in parameters["states"])
        and run.parameters.get("mode", "BATCH") == parameters.get("mode", "BATCH")
        and (after is None or run.created_at > after)
        and (before is None or run.created_at < before)
    )


def _utc(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
