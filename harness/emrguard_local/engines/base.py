"""What a job is to an engine, and an engine to the service: the seam between EMR Serverless and Spark or others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Progress = Callable[[str], None]


@dataclass(frozen=True)
class WorkerSize:
    """A worker's size: vCPUs, memory in MiB (heap and overhead together)."""

    vcpu: int
    memory_mib: int


@dataclass(frozen=True)
class JobSpec:
    """One attempt of a job run, as the service hands it to the engine.

    `configuration` is the effective application configuration by classification after AWS's precedence rules;
    `spark_submit_parameters` are the tokens of `sparkSubmitParameters`. The engine gets no credentials: the worker
    fetches those of the execution role from `credentials_uri` with `credentials_token` as the Authorization header
    (the AWS SDKs' container credentials protocol) and sends every AWS request to `endpoint_url`.
    """

    application_id: str
    job_run_id: str
    release_label: str
    entry_point: str
    entry_point_arguments: tuple[str, ...]
    spark_submit_parameters: tuple[str, ...]
    configuration: Mapping[str, Mapping[str, str]]
    driver: WorkerSize
    executor: WorkerSize
    max_executors: int
    region: str
    endpoint_url: str
    credentials_uri: str
    credentials_token: str
    work_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. `reason` is None on success, else the line that explains it to the submitter."""

    exit_code: int
    reason: str | None


class RunningJob(Protocol):
    """An attempt that has been started in an OS process of its own."""

    @property
    def stdout(self) -> Path:
        """The driver's stdout so far."""

    @property
    def stderr(self) -> Path:
        """The driver's stderr so far."""

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """Wait at most `timeout` seconds; None while the job still runs."""

    def cancel(self, grace_seconds: float = 0) -> None:
        """End the job and every process it started; SIGTERM first when a grace period is given."""


class Engine(Protocol):
    """Runs jobs of the release labels it supports."""

    def supports(self, release_label: str) -> bool:
        """Whether this engine runs jobs of that release."""

    def prepare(self, release_label: str, progress: Progress) -> None:
        """Make the engine environment where it is missing (downloads); quick when it is there.

        Raises:
            EngineError: the environment cannot be made; the message says why and what to do.
        """

    def start(self, spec: JobSpec) -> RunningJob:
        """Start the job; returns at once."""
