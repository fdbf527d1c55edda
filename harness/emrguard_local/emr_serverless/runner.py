"""The life of one job run, from the queue to its end, in a thread of its own."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path

from emrguard_local.emr_serverless.applications import ENDED
from emrguard_local.emr_serverless.credentials import CredentialsEndpoint, Worker
from emrguard_local.emr_serverless.jobs import Cancellation, JobRun
from emrguard_local.emr_serverless.logs import LogDelivery
from emrguard_local.emr_serverless.registry import Registry
from emrguard_local.emr_serverless.scheduler import Allocation, NotAdmittedError, Scheduler
from emrguard_local.emr_serverless.settings import Settings
from emrguard_local.emr_serverless.utilization import Usage
from emrguard_local.engines.base import JobSpec, Outcome, RunningJob, WorkerSize
from emrguard_local.exceptions import EngineError
from emrguard_local.host import Host

_LOG = logging.getLogger(__name__)
_DRIVER = "SPARK_DRIVER"
_UP_POLL_SECONDS = 0.05


class Runner:
    """Runs job runs; one `run` a thread."""

    def __init__(
        self,
        host: Host,
        registry: Registry,
        scheduler: Scheduler,
        endpoint: CredentialsEndpoint,
        settings: Settings,
    ) -> None:
        self._host = host
        self._registry = registry
        self._scheduler = scheduler
        self._endpoint = endpoint
        self._settings = settings

    def run(self, run: JobRun) -> None:
        """Take the job run to its end; never raises."""
        state, details = "FAILED", ""
        try:
            allocation = self._scheduler.admit(run)
            if allocation is not None:
                state, details = self._attempts(run, allocation)
        except NotAdmittedError as error:
            details = str(error)
        except Exception as error:  # noqa: BLE001 - a job run must end, whatever happens; logged with its traceback
            _LOG.exception("job run %s", run.id)
            details = f"The local cloud failed to run the job: {type(error).__name__}: {error}"
        self._end(run, state, details)

    def cancel(self, run: JobRun, cancellation: Cancellation) -> None:
        """Let the job run end as CANCELLED; returns at once. Hold the registry's `changed`."""
        run.become("CANCELLING", cancellation.reason)
        run.cancellation = cancellation
        self._registry.changed.notify_all()
        if run.running is not None:
            self.kill(run, run.running)

    def kill(self, run: JobRun, running: RunningJob) -> None:
        """End the driver of a job run that is being cancelled; returns at once."""
        assert run.cancellation is not None, "only a cancelled job run is killed"
        threading.Thread(
            target=running.cancel, args=(run.cancellation.grace_seconds,), name=f"cancel-{run.id}", daemon=True
        ).start()

    def _end(self, run: JobRun, state: str, details: str) -> None:
        with self._registry.changed:
            if run.cancellation is not None:
                state, details = "CANCELLED", " ".join(filter(None, (run.cancellation.reason, details)))
            run.running = None
            run.become(state, details)
            self._scheduler.release(run)
            if all(each.state in ENDED for each in self._registry.runs_of(run.application)):
                run.application.idle_since = time.monotonic()
            self._registry.changed.notify_all()

    def _attempts(self, run: JobRun, allocation: Allocation) -> tuple[str, str]:
        """Run attempts until one succeeds or there are no more; the last one's state and details."""
        deadline: float | None = None
        while True:
            attempt = _Attempt(self._host, self._registry, self._endpoint, self._settings, self, run, allocation)
            outcome, undelivered, deadline = attempt.run(deadline)
            with self._registry.changed:
                if run.cancellation is not None:
                    return "CANCELLED", undelivered
                if outcome.reason is None and outcome.exit_code == 0:
                    return "SUCCESS", undelivered
                reason = outcome.reason or f"Job failed with exit code {outcome.exit_code}"
                details = " ".join(filter(None, (reason, undelivered)))
                if not attempt.retryable or len(run.attempts) >= run.plan.max_attempts:
                    return "FAILED", details
                run.attempts[-1].state = "FAILED"
                run.attempts[-1].state_details = details
                run.running = None
                run.begin("PENDING")
                self._registry.changed.notify_all()

    def time_out(self, run: JobRun) -> None:
        """End a job run that has run for longer than its executionTimeoutMinutes."""
        with self._registry.changed:
            if run.cancellation is None:
                minutes = run.plan.timeout_minutes
                self.cancel(run, Cancellation(f"Job run timed out after {minutes} minutes (executionTimeoutMinutes)"))


class _Attempt:
    """One attempt of an admitted job run."""

    def __init__(
        self,
        host: Host,
        registry: Registry,
        endpoint: CredentialsEndpoint,
        settings: Settings,
        runner: Runner,
        run: JobRun,
        allocation: Allocation,
    ) -> None:
        self.retryable = True
        self._host = host
        self._registry = registry
        self._endpoint = endpoint
        self._settings = settings
        self._runner = runner
        self._run = run
        self._allocation = allocation

    def run(self, deadline: float | None) -> tuple[Outcome, str, float | None]:
        """The outcome, what logs could not be delivered, and when the job run times out, once it has been running."""
        self._become("SCHEDULED", "Preparing the engine")
        plan = self._run.plan
        try:
            plan.engine.prepare(self._run.settings["releaseLabel"], lambda line: self._become("SCHEDULED", line))
        except EngineError as error:
            self.retryable = False
            return Outcome(1, str(error)), "", deadline
        home = self._home()
        work = home / "work"
        work.mkdir(parents=True, exist_ok=True)
        worker = self._endpoint.register(self._run.session)
        try:
            with self._registry.changed:
                if self._run.cancellation is not None:
                    return Outcome(1, None), "", deadline
            try:
                running = plan.engine.start(self._spec(work, worker.uri, worker.token))
            except EngineError as error:
                self.retryable = False
                return Outcome(1, str(error)), "", deadline
            deadline = deadline or time.monotonic() + plan.timeout_minutes * self._settings.minute_seconds
            outcome, undelivered = self._supervise(running, worker, home, deadline)
            return outcome, undelivered, deadline
        finally:
            self._endpoint.revoke(worker)
            shutil.rmtree(work, ignore_errors=True)

    def _become(self, state: str, details: str = "") -> None:
        with self._registry.changed:
            self._run.become(state, details)
            self._registry.changed.notify_all()

    def _home(self) -> Path:
        number = self._run.attempts[-1].number
        jobs = self._host.state_dir / "emr-serverless" / "applications" / self._run.application.id / "jobs"
        return jobs / self._run.id / "attempts" / str(number)

    def _log_path(self) -> str:
        path = f"applications/{self._run.application.id}/jobs/{self._run.id}"
        return (
            f"{path}/attempts/{self._run.attempts[-1].number}/{_DRIVER}" if self._run.retries else f"{path}/{_DRIVER}"
        )

    def _spec(self, work: Path, uri: str, token: str) -> JobSpec:
        plan = self._run.plan
        sizes = plan.workers
        return JobSpec(
            application_id=self._run.application.id,
            job_run_id=self._run.id,
            release_label=self._run.settings["releaseLabel"],
            entry_point=plan.entry_point,
            entry_point_arguments=plan.arguments,
            spark_submit_parameters=plan.words,
            configuration=plan.configuration,
            driver=WorkerSize(sizes.driver.vcpu, sizes.driver.memory_mib),
            executor=WorkerSize(sizes.executor.vcpu, sizes.executor.memory_mib),
            max_executors=self._allocation.max_executors,
            region=self._host.region,
            endpoint_url=self._host.endpoint_url,
            credentials_uri=uri,
            credentials_token=token,
            work_dir=work,
            environment=plan.environment,
        )

    def _wait_until_up(self, running: RunningJob, worker: Worker) -> Outcome | None:
        """Wait for the driver to fetch its credentials, its first act; the outcome where it ended before.

        A driver that fetches none, having no use for them, counts as up after a while.
        """
        deadline = time.monotonic() + self._settings.up_seconds
        while not worker.up.is_set() and time.monotonic() < deadline:
            outcome = running.wait(_UP_POLL_SECONDS)
            if outcome is not None:
                return outcome
        return None

    def _supervise(self, running: RunningJob, worker: Worker, home: Path, deadline: float) -> tuple[Outcome, str]:
        begun = time.monotonic()
        with self._registry.changed:
            self._run.running = running
            self._run.become("SCHEDULED", "Starting the driver")
            self._registry.changed.notify_all()
            if self._run.cancellation is not None:
                self._runner.kill(self._run, running)
        outcome = self._wait_until_up(running, worker)
        if outcome is None or outcome.exit_code == 0:
            self._become("RUNNING")
        logs = LogDelivery(
            self._host,
            self._run.session,
            self._run.plan.monitoring,
            self._log_path(),
            home / _DRIVER,
            self._settings.log_seconds,
        )
        files = {"stdout": running.stdout, "stderr": running.stderr}
        timed_out = False
        while outcome is None:
            rest = self._settings.log_seconds if timed_out else max(deadline - time.monotonic(), 0)
            outcome = running.wait(min(self._settings.log_seconds, rest))
            if outcome is not None:
                break
            if not timed_out and time.monotonic() >= deadline:
                timed_out = True
                self._runner.time_out(self._run)
            logs.deliver_if_due(files)
        seconds = time.monotonic() - begun
        sizes = self._run.plan.workers
        with self._registry.changed:
            self._run.running = None
            self._run.usages.append(Usage(sizes.driver, seconds))
            self._run.usages.extend([Usage(sizes.executor, seconds)] * self._allocation.executors)
            deliver = self._run.cancellation is None or self._run.cancellation.deliver_logs
        return outcome, logs.finish(files, deliver=deliver)
