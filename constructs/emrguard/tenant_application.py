"""One application of a tenant."""

from __future__ import annotations

from dataclasses import dataclass

from emrguard.execution_role import ExecutionRole
from emrguard.hive_application import HiveApplication
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
