"""AWS CDK constructs for Amazon EMR Serverless with security guardrails.

`Tenant` composes one sealed tenant; `AuditTrail` records what all of them do. The parts are constructs of their own.
"""

from emrguard.alerts import Alerts
from emrguard.application_key import ApplicationKey
from emrguard.audit_trail import AuditTrail
from emrguard.auditor_role import AuditorRole
from emrguard.capacity import Capacity
from emrguard.data_bucket import DataBucket, TenantBucket
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.initial_capacity import InitialCapacity
from emrguard.interactive import Interactive
from emrguard.interactive_user_role import InteractiveUserRole
from emrguard.isolated_network import IsolatedNetwork
from emrguard.job_logs import JobLogs
from emrguard.monitoring import Monitoring
from emrguard.object_lock import ObjectLock
from emrguard.organization_trail import OrganizationTrail
from emrguard.platform_admin_role import PlatformAdminRole
from emrguard.release_label import ReleaseLabel
from emrguard.runtime_configuration import RuntimeConfiguration
from emrguard.spark_application import SparkApplication
from emrguard.submitter_role import SubmitterRole
from emrguard.tenant import Tenant
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
    "Capacity",
    "DataBucket",
    "ExecutionRole",
    "Feature",
    "InitialCapacity",
    "Interactive",
    "InteractiveUserRole",
    "IsolatedNetwork",
    "JobLogs",
    "Monitoring",
    "ObjectLock",
    "OrganizationTrail",
    "PlatformAdminRole",
    "ReleaseLabel",
    "RuntimeConfiguration",
    "SparkApplication",
    "SubmitterRole",
    "Tenant",
    "TenantBucket",
    "ViewerRole",
    "WorkerImage",
    "WorkerSize",
]
