"""One application of a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emrguard import job as _job
from emrguard.execution_role import ExecutionRole
from emrguard.hive_application import HiveApplication
from emrguard.job import HiveJob, SparkJob
from emrguard.spark_application import SparkApplication
from emrguard.submitter_role import SubmitterRole


@dataclass(frozen=True, kw_only=True)
class TenantApplication:
    """An application of a `Tenant` with the roles that are for it alone.

    Args:
        name: its name within the tenant; the first application has the tenant's.
        application: the application.
        execution_role: what its jobs run as.
        submitter_role: what people and pipelines submit its jobs as.
    """

    name: str
    application: SparkApplication | HiveApplication
    execution_role: ExecutionRole
    submitter_role: SubmitterRole

    def job_request(self, job: SparkJob | HiveJob) -> dict[str, Any]:
        """The request of StartJobRun for a job, for `client.start_job_run(**request)` of boto3.

        It sends the settings of the application again, those that encrypt the traffic between workers among them, since
        what a job sends replaces what the application has. It always has a timeout. Sinks of logs are left out, so that
        the application's stay. It names what only the deployment knows: hand it over with `Stack.to_json_string`.

        Raises:
            ArgumentError: the job is for another engine, or a value is outside of what the service takes.
        """
        return _job.request(self.application, self.execution_role, job)
