"""What the constructs need of each other: their own parts and imported ones have it alike.

The types of the arguments of `SparkApplication`, `IsolatedNetwork` and the others. What `from_…` of a class returns,
and what the class itself makes, can stand for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import IConstruct

from emrguard._endpoints import EndpointService
from emrguard.release_label import ReleaseLabel

if TYPE_CHECKING:
    from emrguard.execution_role import ExecutionRole


class IApplicationKey(Protocol):
    """A key of a tenant: an `ApplicationKey`, or one of `ApplicationKey.from_key_arn`.

    ```python
    import aws_cdk as cdk

    from emrguard import ApplicationKey, DataBucket, IApplicationKey


    def storage(stack: cdk.Stack, key: IApplicationKey) -> DataBucket:
        return DataBucket(stack, "Data", tenant="flights", key=key)


    stack = cdk.Stack(cdk.App(), "Flights")
    storage(stack, ApplicationKey(stack, "Key", tenant="flights"))
    ```
    """

    @property
    def key(self) -> kms.IKey:
        """The key itself."""

    @property
    def key_arn(self) -> str:
        """ARN of the key."""

    def grant_decrypt(self, role: iam.IRole) -> iam.Grant:
        """Let a role decrypt through S3 and EMR Serverless."""

    def grant_encrypt_decrypt(self, role: iam.IRole) -> iam.Grant:
        """Let a role encrypt and decrypt through S3 and EMR Serverless."""

    def grant_disks(self, role: iam.IRole) -> iam.Grant:
        """Let a role submit jobs to workers whose disks the key encrypts."""

    def allow_log_group(self, name: str) -> None:
        """Let CloudWatch Logs use the key for one more log group."""

    def allow_macie(self) -> str:
        """Let Amazon Macie decrypt through S3; returns the ARN of Macie's role."""

    def accept_for(self, resource: IConstruct) -> None:
        """Acknowledge on a resource what rules say of it because of this key."""


class IDataBucket(Protocol):
    """A bucket of a tenant with grants by prefix: a `DataBucket`, or one of `DataBucket.from_bucket_name`.

    ```python
    from aws_cdk import aws_iam as iam

    from emrguard import IDataBucket


    def reference_data(bucket: IDataBucket, role: iam.IRole) -> None:
        bucket.grant_read(role, "airports/")
        bucket.grant_read(role, "airlines/")
    ```
    """

    @property
    def bucket_name(self) -> str:
        """Name of the bucket."""

    @property
    def bucket_arn(self) -> str:
        """ARN of the bucket."""

    def grant_read(self, role: iam.IRole, prefix: str) -> iam.Grant:
        """Let a role read and list the objects below a prefix."""

    def grant_put(self, role: iam.IRole, prefix: str) -> iam.Grant:
        """Let a role upload objects below a prefix."""

    def grant_read_write(self, role: iam.IRole, prefix: str) -> iam.Grant:
        """Let a role read, list, write and delete objects below a prefix."""


class IJobLogs(Protocol):
    """Where logs of jobs go: a `JobLogs`, or one of `JobLogs.from_bucket`.

    ```python
    from aws_cdk import aws_iam as iam

    from emrguard import IJobLogs


    def operators(logs: IJobLogs, role: iam.IRole) -> None:
        logs.grant_read(role)
    ```
    """

    @property
    def bucket(self) -> IDataBucket:
        """The log bucket."""

    @property
    def log_group(self) -> logs.ILogGroup:
        """The log group."""

    @property
    def log_group_name(self) -> str:
        """Name of the log group."""

    @property
    def log_uri(self) -> str:
        """The S3 URI below which EMR Serverless writes."""

    def grant_write(self, role: iam.IRole) -> iam.Grant:
        """Let an execution role write logs."""

    def grant_read(self, role: iam.IRole) -> iam.Grant:
        """Let a role read the logs in S3."""

    def accept_for(self, application: IConstruct) -> None:
        """Acknowledge on an application what rules say of it because of these logs."""


class INetwork(Protocol):
    """Where a tenant's workers run: an `IsolatedNetwork`, or one of `IsolatedNetwork.from_network_attributes`.

    ```python
    import aws_cdk as cdk

    from emrguard import IApplicationKey, IJobLogs, INetwork, SparkApplication


    def application(stack: cdk.Stack, network: INetwork, logs: IJobLogs, key: IApplicationKey) -> SparkApplication:
        return SparkApplication(stack, "Application", tenant=network.tenant, network=network, logs=logs, key=key)
    ```
    """

    @property
    def tenant(self) -> str:
        """Name of the tenant whose workers run there."""

    @property
    def vpc_id(self) -> str:
        """Id of the VPC."""

    @property
    def subnet_ids(self) -> list[str]:
        """Ids of the workers' subnets."""

    @property
    def security_group_id(self) -> str:
        """Id of the workers' security group."""

    @property
    def connections(self) -> ec2.Connections:
        """Lets workers reach data stores in the VPC."""

    @property
    def worker_addresses(self) -> int | None:
        """How many IP addresses there are for workers; None where that is not known."""

    def accept_for(self, application: IConstruct) -> None:
        """Acknowledge on an application what rules say of it because of this network."""

    def allow_service(
        self,
        role: iam.IRole,
        service: EndpointService,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Let requests of a role to a service through the network."""


@runtime_checkable
class IExecutionRole(Protocol):
    """What jobs run as: an `ExecutionRole`, whether made here or named by `ExecutionRole.from_role_arn`.

    ```python
    import aws_cdk as cdk

    from emrguard import IExecutionRole, SubmitterRole


    def pipeline(stack: cdk.Stack, role: IExecutionRole) -> None:
        role.grant_pass_to_emr_serverless(SubmitterRole(stack, "Nightly", tenant="flights"))
    ```
    """

    @property
    def role_arn(self) -> str:
        """ARN of the role."""

    @property
    def network(self) -> INetwork | None:
        """Where its jobs run, if that was said."""

    def grant_pass_to_emr_serverless(self, submitter: iam.IRole) -> iam.Grant:
        """Let a role submit jobs that run as this role."""

    def scoped_down(self, statements: Sequence[iam.PolicyStatement]) -> str:
        """The policy of one job run."""


class IApplication(Protocol):
    """An application: one of this app's, or one of `SparkApplication.from_application_arn`; both have metrics, too.

    ```python
    from aws_cdk import aws_iam as iam

    from emrguard import ExecutionRole, IApplication


    def submitters(application: IApplication, role: iam.IRole, jobs: ExecutionRole) -> None:
        application.grant_submit(role, jobs)
    ```
    """

    @property
    def application_id(self) -> str:
        """Id of the application."""

    @property
    def application_arn(self) -> str:
        """ARN of the application."""

    @property
    def application_name(self) -> str:
        """Name of the application."""

    @property
    def release(self) -> ReleaseLabel:
        """The release."""

    def grant_submit(self, role: iam.IRole, execution_role: ExecutionRole) -> iam.Grant:
        """Let a role run jobs on this application that run as `execution_role`, follow, cancel and inspect them."""
