"""AWS CDK constructs for Amazon EMR Serverless with security guardrails.

`Tenant` composes one sealed tenant; `Platform` holds what tenants share on purpose, such as the `AuditTrail` over all
of them. The parts are constructs of their own.
"""

from emrguard.alerts import Alerts
from emrguard.application_key import ApplicationKey, ImportedKey
from emrguard.audit_trail import AuditTrail
from emrguard.auditor_role import AuditorRole
from emrguard.budget import Budget
from emrguard.capacity import Capacity
from emrguard.data_bucket import DataBucket, ImportedBucket, TenantBucket
from emrguard.exceptions import ArgumentError, SettingsError
from emrguard.execution_role import ExecutionRole
from emrguard.existing_vpc import ExistingEndpoint, ExistingVpc
from emrguard.hive_application import HiveApplication
from emrguard.imported_application import ImportedApplication
from emrguard.initial_capacity import InitialCapacity
from emrguard.interactive import Interactive
from emrguard.interactive_user_role import InteractiveUserRole
from emrguard.interfaces import IApplication, IApplicationKey, IDataBucket, IExecutionRole, IJobLogs, INetwork
from emrguard.isolated_network import ImportedNetwork, IsolatedNetwork
from emrguard.job import HiveJob, SparkJob
from emrguard.job_logs import ImportedLogs, JobLogs
from emrguard.job_state_machine import JobStateMachine
from emrguard.lifecycle import Lifecycle
from emrguard.macie import Macie
from emrguard.macie_job import MacieJob
from emrguard.monitoring import Monitoring
from emrguard.object_lock import ObjectLock
from emrguard.organization_trail import OrganizationTrail
from emrguard.platform import Platform
from emrguard.platform_admin_role import PlatformAdminRole
from emrguard.release_label import ReleaseLabel
from emrguard.runtime_configuration import RuntimeConfiguration
from emrguard.spark_application import SparkApplication
from emrguard.submitter_role import SubmitterRole
from emrguard.tenant import Tenant
from emrguard.tenant_application import TenantApplication
from emrguard.tenants_file import TenantSettings, load_tenants
from emrguard.viewer_role import ViewerRole
from emrguard.worker_image import WorkerImage
from emrguard.worker_size import WorkerSize
from emrguard_policies.releases import Feature

__all__ = [
    "Alerts",
    "ApplicationKey",
    "ArgumentError",
    "AuditTrail",
    "AuditorRole",
    "Budget",
    "Capacity",
    "DataBucket",
    "ExecutionRole",
    "ExistingEndpoint",
    "ExistingVpc",
    "Feature",
    "HiveApplication",
    "HiveJob",
    "IApplication",
    "IApplicationKey",
    "IDataBucket",
    "IExecutionRole",
    "IJobLogs",
    "INetwork",
    "ImportedApplication",
    "ImportedBucket",
    "ImportedKey",
    "ImportedLogs",
    "ImportedNetwork",
    "InitialCapacity",
    "Interactive",
    "InteractiveUserRole",
    "IsolatedNetwork",
    "JobLogs",
    "JobStateMachine",
    "Lifecycle",
    "Macie",
    "MacieJob",
    "Monitoring",
    "ObjectLock",
    "OrganizationTrail",
    "Platform",
    "PlatformAdminRole",
    "ReleaseLabel",
    "RuntimeConfiguration",
    "SettingsError",
    "SparkApplication",
    "SparkJob",
    "SubmitterRole",
    "Tenant",
    "TenantApplication",
    "TenantBucket",
    "TenantSettings",
    "ViewerRole",
    "WorkerImage",
    "WorkerSize",
    "load_tenants",
]
