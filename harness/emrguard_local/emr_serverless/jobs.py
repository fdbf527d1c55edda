"""Job runs and their attempts: what they are, the state they are in, and how the API shows them.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/job-states.html
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emrguard_local.emr_serverless.applications import ENDED, Application
from emrguard_local.emr_serverless.credentials import RoleSession
from emrguard_local.emr_serverless.job_rules import JobPlan
from emrguard_local.emr_serverless.utilization import Usage, billed, total
from emrguard_local.engines.base import RunningJob

# The model says 256, but the service itself sends longer ones, with the exceptions of the driver in them.
_LONGEST_DETAILS = 1024
_SHOWN_AS_GIVEN = ("name", "executionIamPolicy", "configurationOverrides", "retryPolicy", "flexExecution")


@dataclass(eq=False)
class Attempt:
    """One try to run the job."""

    number: int
    created_at: datetime
    updated_at: datetime
    state: str = "SUBMITTED"
    state_details: str = ""


@dataclass(frozen=True)
class Cancellation:
    """Why a job run is to end, and how long its driver gets to clean up. `deliver_logs` is False when there is no time
    for it, or nobody to take them: they are then kept in the state directory only.
    """

    reason: str
    grace_seconds: float = 0
    deliver_logs: bool = True


@dataclass(eq=False)
class JobRun:
    """A job run. Its state is that of its latest attempt."""

    number: int
    id: str
    application: Application
    plan: JobPlan
    session: RoleSession
    parameters: Mapping[str, Any]
    created_by: str
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str]
    settings: Mapping[str, Any]
    """The application's settings when the job was submitted."""
    on_change: Callable[[JobRun, str], None]
    """Called after each change of state with the state before; `""` before the first."""
    attempts: list[Attempt] = field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    queued_milliseconds: int = 0
    usages: list[Usage] = field(default_factory=list)
    cancellation: Cancellation | None = None
    running: RunningJob | None = None

    @property
    def arn(self) -> str:
        """The job run's ARN."""
        return f"{self.application.arn}/jobruns/{self.id}"

    @property
    def state(self) -> str:
        """The state of the latest attempt."""
        return self.attempts[-1].state

    @property
    def retries(self) -> bool:
        """Whether the job's policy asks for more than one attempt; its log paths then have the attempt's number."""
        return self.plan.max_attempts > 1

    def begin(self, state: str = "SUBMITTED") -> Attempt:
        """Begin the next attempt."""
        now = datetime.now(UTC)
        previous = self.attempts[-1].state if self.attempts else ""
        self.attempts.append(Attempt(len(self.attempts) + 1, now, now, state))
        self.updated_at = now
        self.on_change(self, previous)
        return self.attempts[-1]

    def become(self, state: str, details: str = "") -> None:
        """Enter a state; a job run that is being cancelled can only become CANCELLED."""
        attempt = self.attempts[-1]
        if attempt.state in ENDED or (attempt.state == "CANCELLING" and state != "CANCELLED"):
            return
        now = datetime.now(UTC)
        previous, attempt.state = attempt.state, state
        attempt.state_details = fitted(details)
        attempt.updated_at = self.updated_at = now
        if state == "RUNNING" and self.started_at is None:
            self.started_at = now
        if state in ENDED:
            self.ended_at = now
        if state != previous:
            self.on_change(self, previous)

    def view(self, number: int | None) -> dict[str, Any]:
        """The `JobRun` of GetJobRun for an attempt, by default the latest."""
        attempt = self.attempts[number - 1] if number else self.attempts[-1]
        shown: dict[str, Any] = {
            "applicationId": self.application.id,
            "jobRunId": self.id,
            "arn": self.arn,
            "createdBy": self.created_by,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "executionRole": self.parameters["executionRoleArn"],
            "state": attempt.state,
            "stateDetails": attempt.state_details,
            "releaseLabel": self.settings["releaseLabel"],
            "jobDriver": self.parameters["jobDriver"],
            "tags": self.tags,
            "executionTimeoutMinutes": self.plan.timeout_minutes,
            "mode": self.parameters.get("mode", "BATCH"),
            "attempt": attempt.number,
            "attemptCreatedAt": attempt.created_at,
            "attemptUpdatedAt": attempt.updated_at,
            "queuedDurationMilliseconds": self.queued_milliseconds,
        }
        shown |= {name: self.parameters[name] for name in _SHOWN_AS_GIVEN if name in self.parameters}
        if "networkConfiguration" in self.settings:
            shown["networkConfiguration"] = self.settings["networkConfiguration"]
        if self.started_at:
            shown["startedAt"] = self.started_at
        if self.ended_at:
            shown["endedAt"] = self.ended_at
            begun = self.started_at or self.ended_at
            shown["totalExecutionDurationSeconds"] = math.ceil((self.ended_at - begun).total_seconds())
            shown["totalResourceUtilization"] = total(self.usages)
            shown["billedResourceUtilization"] = billed(self.usages)
        return copy.deepcopy(shown)

    def summary(self) -> dict[str, Any]:
        """The `JobRunSummary` of ListJobRuns."""
        attempt = self.attempts[-1]
        return self._common(attempt) | {
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "attemptCreatedAt": attempt.created_at,
            "attemptUpdatedAt": attempt.updated_at,
        }

    def attempt_summary(self, attempt: Attempt) -> dict[str, Any]:
        """The `JobRunAttemptSummary` of ListJobRunAttempts."""
        return self._common(attempt) | {
            "jobCreatedAt": self.created_at,
            "createdAt": attempt.created_at,
            "updatedAt": attempt.updated_at,
        }

    def _common(self, attempt: Attempt) -> dict[str, Any]:
        shown = {
            "applicationId": self.application.id,
            "id": self.id,
            "arn": self.arn,
            "createdBy": self.created_by,
            "executionRole": self.parameters["executionRoleArn"],
            "state": attempt.state,
            "stateDetails": attempt.state_details,
            "releaseLabel": self.settings["releaseLabel"],
            "type": self.application.engine.upper(),
            "mode": self.parameters.get("mode", "BATCH"),
            "attempt": attempt.number,
        }
        return shown | {name: self.parameters[name] for name in ("name", "flexExecution") if name in self.parameters}


def fitted(details: str) -> str:
    """State details, cut where they are too long to be shown."""
    return details if len(details) <= _LONGEST_DETAILS else f"{details[: _LONGEST_DETAILS - 1]}…"
