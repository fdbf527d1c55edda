"""Where the logs of one tenant's jobs go."""

from __future__ import annotations

import re

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from emrguard import _actions, _arguments, _retention, _wildcards
from emrguard._handing_over import HandedOver, check
from emrguard._kept import days, place_of
from emrguard._manifest import Owner
from emrguard._reasons import Reasons
from emrguard.data_bucket import TenantBucket
from emrguard.interfaces import IApplicationKey
from emrguard_policies.nag import acknowledge

_PREFIX = "logs/"
_GROUP = re.compile(r"[A-Za-z0-9_/.#-]{1,512}")


class JobLogs(Construct):
    """A sealed bucket and a CloudWatch log group for the logs of one tenant's jobs, both encrypted with its key.

    Logs lie below `s3://<bucket>/logs/`, and in the log group `/aws/emr-serverless/<tenant>`.

    Args:
        tenant: name of the tenant that owns the logs.
        key: the tenant's key.
        retention: how long CloudWatch keeps the logs, default one year.
        expire_after: how long S3 keeps the logs, default 365 days.
        retention_because: needed where either keeps them for less than 90 days, or CloudWatch for ever: why that is
            right.

    ```python
    import aws_cdk as cdk

    from emrguard import ApplicationKey, JobLogs

    stack = cdk.Stack(cdk.App(), "Flights")
    key = ApplicationKey(stack, "Key", tenant="flights")
    JobLogs(stack, "Logs", tenant="flights", key=key, expire_after=cdk.Duration.days(90))
    ```
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        key: IApplicationKey,
        retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        expire_after: cdk.Duration | None = None,
        retention_because: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        kept = expire_after or days(365)
        reasons = Reasons(self)
        _retention.check(self, reasons, retention, kept, retention_because)
        owner = Owner(tenant=_arguments.tenant_name(self, tenant))
        owner.tag(self, within=scope)
        self.log_group_name = f"/aws/emr-serverless/{tenant}"
        """Name of the log group; plain text."""
        self.bucket: TenantBucket = TenantBucket(
            self,
            "Bucket",
            tenant=tenant,
            part="log-bucket",
            key=key,
            expire_after=kept,
            keep_old_versions_for=days(30),
        )
        """The log bucket."""
        key.allow_log_group(self.log_group_name)
        self.log_group: logs.ILogGroup = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=self.log_group_name,
            encryption_key=key.key,
            retention=retention,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        """The log group."""
        owner.mark(self.log_group, "log-group", reasons.given)
        key.accept_for(self.log_group)

    @staticmethod
    def from_bucket(
        scope: Construct, id: str, bucket: TenantBucket, *, log_group_name: str, because: str
    ) -> ImportedLogs:
        """A bucket and a log group that are there already; see `ImportedLogs` for the arguments."""
        return ImportedLogs(scope, id, bucket=bucket, log_group_name=log_group_name, because=because)

    @property
    def log_uri(self) -> str:
        """The S3 URI below which EMR Serverless writes `applications/<id>/jobs/<id>/…`."""
        return f"s3://{self.bucket.bucket_name}/{_PREFIX}"

    def grant_write(self, role: iam.IRole) -> iam.Grant:
        """Let an execution role write logs: put objects below the prefix, and write to the log group.

        The user guide asks for DescribeLogGroups on all log groups; it tells names, never contents. AssociateKmsKey is
        needed because the application names the key of the log group.
        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html
        """
        own_group = iam.Grant.add_to_principal(
            grantee=role, actions=list(_actions.WRITE_LOG_GROUP), resource_arns=[self.log_group.log_group_arn]
        )
        describe = _wildcards.grant(
            role,
            _actions.DESCRIBE_LOG_GROUPS,
            place_of(self).arn("logs", "log-group:*"),
            "The EMR Serverless guide demands logs:DescribeLogGroups on all log groups; it tells names, never contents",
        )
        return self.bucket.grant_put(role, _PREFIX).combine(own_group).combine(describe)

    def grant_read(self, role: iam.IRole) -> iam.Grant:
        """Let a role read the logs in S3."""
        return self.bucket.grant_read(role, _PREFIX)

    def accept_for(self, application: IConstruct) -> None:
        """Acknowledge on an application what rules say of it because of these logs: of own ones nothing."""


class ImportedLogs(JobLogs):
    """A bucket and a log group that are there already: nothing is created. `JobLogs.from_bucket` makes one.

    Who reads them, and how long they are kept, is not seen from here: the reason stands for that. An application names
    the key that it encrypts both with, so the log group must have that key, and let the application set it.

    ```python
    import aws_cdk as cdk

    from emrguard import DataBucket, ExecutionRole, JobLogs

    stack = cdk.Stack(cdk.App(), "Flights")
    why = "the operations team keeps the logs of all jobs"
    bucket = DataBucket.from_bucket_name(stack, "LogBucket", "operations-flights-logs", because=why)
    logs = JobLogs.from_bucket(stack, "Logs", bucket, log_group_name="/operations/flights", because=why)
    logs.grant_write(ExecutionRole(stack, "ExecutionRole", tenant="flights"))
    cdk.Annotations.of(bucket).acknowledge_warning("emrguard:imported-data-bucket")
    ```

    Args:
        bucket: the bucket; logs go below `logs/`.
        log_group_name: name of the log group, of this account and Region.
        because: why whoever owns them may read what jobs print; goes into the template.

    Raises:
        ArgumentError: it is no name of a log group, or the reason says nothing.
    """

    def __init__(self, scope: Construct, id: str, *, bucket: TenantBucket, log_group_name: str, because: str) -> None:
        check(scope, id, "log_group_name", log_group_name, _GROUP, "write 1 to 512 letters, digits and _/.#-")
        Construct.__init__(self, scope, id)
        self.bucket = bucket
        """The log bucket."""
        self.log_group_name = log_group_name
        """Name of the log group."""
        self.log_group = logs.LogGroup.from_log_group_name(self, "LogGroup", log_group_name)
        """The log group."""
        self._reason = HandedOver(self, "log-group", because, name=log_group_name).reason

    def accept_for(self, application: IConstruct) -> None:
        """Acknowledge on an application that its logs are others', for the reason given."""
        acknowledge(application, "EMRG454", self._reason)
