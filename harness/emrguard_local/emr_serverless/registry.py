"""The service's state: applications and job runs, in memory, under one lock."""

from __future__ import annotations

import itertools
import secrets
import string
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emrguard_local.emr_serverless.errors import not_found

if TYPE_CHECKING:
    from emrguard_local.emr_serverless.applications import Application
    from emrguard_local.emr_serverless.jobs import JobRun

_ALPHABET = string.digits + string.ascii_lowercase


class Registry:
    """All applications and job runs. Hold `changed` to read or write them; notify it after a change of state."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.applications: dict[str, Application] = {}
        self.job_runs: dict[str, JobRun] = {}
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """A number for the next record: in the order of creation."""
        return next(self._numbers)

    @staticmethod
    def new_id() -> str:
        """An id as the service's own: 16 characters that begin with `00`."""
        return "00" + "".join(secrets.choice(_ALPHABET) for _ in range(14))

    def application(self, application_id: str) -> Application:
        """The application with that id.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        with self.changed:
            found = self.applications.get(application_id)
        if found is None:
            raise not_found(f"Application {application_id} does not exist; ListApplications shows those that do")
        return found

    def job_run(self, application_id: str, job_run_id: str) -> JobRun:
        """The job run with that id on that application.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        application = self.application(application_id)
        with self.changed:
            found = self.job_runs.get(job_run_id)
        if found is None or found.application is not application:
            raise not_found(
                f"Job run {job_run_id} does not exist on application {application_id}; ListJobRuns shows those that do"
            )
        return found

    def runs_of(self, application: Application) -> Iterator[JobRun]:
        """The application's job runs."""
        with self.changed:
            return iter([each for each in self.job_runs.values() if each.application is application])
