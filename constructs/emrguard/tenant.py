"""One sealed tenant: everything that one team's Spark jobs need, and nothing that reaches another team's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Unpack
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _arguments
from emrguard.application_key import ApplicationKey
from emrguard.capacity import Capacity
from emrguard.data_bucket import DataBucket
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.isolated_network import IsolatedNetwork
from emrguard.job_logs import JobLogs
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel
from emrguard.spark_application import ApplicationOptions, SparkApplication
from emrguard.submitter_role import SubmitterRole

_CLAIMED: WeakKeyDictionary[cdk.Stage, dict[tuple[str, str, str], str]] = WeakKeyDictionary()
"""Paths of tenants in each app or stage of one, by account, Region and name."""


class Tenant(Construct):
    """An application with a key, roles, data and log buckets and a network of its own: one trust domain.

    Its jobs read what submitters upload, write outputs and logs, and reach nothing else. Submitters upload, run jobs
    and read outputs and logs.

    EMR Serverless isolates jobs of different applications from each other, not jobs of one application, so one tenant
    holds what trusts itself.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-best-practices.html

    All resources carry the tag `emrguard:tenant`, which serves cost allocation.

    ```python
    import aws_cdk as cdk
    from emrguard import Capacity, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    tenant = Tenant(stack, "Tenant", name="flights", maximum_capacity=Capacity(cpu=32, memory=128, disk=640))
    tenant.data.grant_read(tenant.execution_role, "reference/")
    tenant.add_outputs()
    ```

    Args:
        name: name of the tenant, unique in the account and Region: up to 32 of a-z, 0-9 and `-`.
        inputs: prefixes of the data bucket that submitters upload to and jobs read, default `jobs/` and `input/`.
        outputs: prefixes that jobs write and read and submitters read, default `output/`.
        submitters: who may assume the submitter role, with MFA; default every principal of the account that is allowed
            to.
        release_label: see `SparkApplication`, default `emr-7.14.0`.
        architecture: see `SparkApplication`, default `ARM64`.
        maximum_capacity: see `Capacity`, default 16 vCPU.
        spark_defaults: see `SparkApplication`, default none beyond the secure ones.
        cidr: range of the tenant's VPC, default `10.0.0.0/20`. Tenants' VPCs are not connected, so ranges may overlap.
        availability_zones: see `IsolatedNetwork`, default the first two of the Region.
        s3_prefix_list_id: see `IsolatedNetwork`, default from a table.
        application: every other argument of `SparkApplication`, by name, such as `idle_timeout` or `image`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        inputs: Sequence[str] = ("jobs/", "input/"),
        outputs: Sequence[str] = ("output/",),
        submitters: iam.PrincipalBase | None = None,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
        architecture: Literal["ARM64", "X86_64"] = "ARM64",
        maximum_capacity: Capacity | None = None,
        spark_defaults: Mapping[str, str] | None = None,
        cidr: str = "10.0.0.0/20",
        availability_zones: Sequence[str] | None = None,
        s3_prefix_list_id: str | None = None,
        **application: Unpack[ApplicationOptions],
    ) -> None:
        super().__init__(scope, id)
        self.name = _claim(self, _arguments.tenant_name(self, name))
        """Name of the tenant."""
        self.key = ApplicationKey(self, "Key", tenant=name)
        """The key of all that the tenant stores."""
        self.data = DataBucket(self, "Data", tenant=name, key=self.key)
        """The bucket of scripts, inputs and outputs."""
        self.logs = JobLogs(self, "Logs", tenant=name, key=self.key)
        """Where logs go."""
        self.network = IsolatedNetwork(
            self,
            "Network",
            tenant=name,
            key=self.key,
            data=self.data,
            logs=self.logs,
            cidr=cidr,
            availability_zones=availability_zones,
            s3_prefix_list_id=s3_prefix_list_id,
        )
        """Where workers run."""
        self.application = SparkApplication(
            self,
            "Application",
            tenant=name,
            network=self.network,
            logs=self.logs,
            key=self.key,
            release_label=release_label,
            architecture=architecture,
            maximum_capacity=maximum_capacity,
            spark_defaults=spark_defaults,
            **application,
        )
        """The application."""
        self.execution_role = ExecutionRole(self, "ExecutionRole", tenant=name)
        """What jobs run as."""
        self.submitter_role = SubmitterRole(self, "SubmitterRole", tenant=name, assumed_by=submitters)
        """What people and pipelines submit jobs as."""

        for prefix in _arguments.prefixes(self, "inputs", inputs):
            self.data.grant_read(self.execution_role, prefix)
            self.data.grant_put(self.submitter_role, prefix)
        for prefix in _arguments.prefixes(self, "outputs", outputs):
            self.data.grant_read_write(self.execution_role, prefix)
            self.data.grant_read(self.submitter_role, prefix)
        self.logs.grant_write(self.execution_role)
        self.logs.grant_read(self.submitter_role)
        self.application.grant_submit(self.submitter_role, self.execution_role)
        cdk.Tags.of(self).add("emrguard:tenant", name)

    def add_outputs(self) -> None:
        """Give the stack the outputs that submitters need: ids and ARNs under plain names such as `ApplicationId`.

        For a stack that holds one tenant; a second call in the same stack is an error of CDK's.
        """
        stack = cdk.Stack.of(self)
        for output, value in {
            "ApplicationId": self.application.application_id,
            "ExecutionRoleArn": self.execution_role.role_arn,
            "SubmitterRoleArn": self.submitter_role.role_arn,
            "DataBucketName": self.data.bucket_name,
            "LogBucketName": self.logs.bucket.bucket_name,
            "KeyArn": self.key.key_arn,
            "LogGroupName": self.logs.log_group_name,
        }.items():
            cdk.CfnOutput(stack, output, value=value)


def _claim(tenant: Tenant, name: str) -> str:
    """The name, unless another tenant has it: the manifest would take the two for one, with nothing between them."""
    stack, stage = cdk.Stack.of(tenant), cdk.Stage.of(tenant)
    if stage is None:
        return name
    claimed = _CLAIMED.setdefault(stage, {})
    other = claimed.setdefault((stack.account, stack.region, name), tenant.node.path)
    if other != tenant.node.path:
        raise ArgumentError(tenant.node.path, "name", name, f"{other} has this name already: give each tenant its own")
    return name
