"""One sealed tenant: everything that one team's jobs need, and nothing that reaches another team's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, Unpack
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from emrguard import _arguments
from emrguard._application import CommonOptions
from emrguard._kept import unresolved
from emrguard._manifest import Owner, Part
from emrguard.application_key import ApplicationKey
from emrguard.capacity import Capacity
from emrguard.data_bucket import DataBucket
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.existing_vpc import ExistingVpc
from emrguard.hive_application import HiveApplication
from emrguard.isolated_network import IsolatedNetwork
from emrguard.job_logs import JobLogs
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel
from emrguard.spark_application import ApplicationOptions, SparkApplication
from emrguard.submitter_role import SubmitterRole
from emrguard.tenant_application import TenantApplication

_CLAIMED: WeakKeyDictionary[cdk.Stage, dict[tuple[str, str, str], str]] = WeakKeyDictionary()
"""Paths of tenants in each app or stage of one, by account, Region and name."""
_APPLICATION = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Tenant(Construct):
    """An application with a key, roles, data and log buckets and a network of its own: one trust domain.

    Its jobs read what submitters upload, write outputs and logs, and reach nothing else. Submitters upload, run jobs
    and read outputs and logs.

    EMR Serverless isolates jobs of different applications from each other, not jobs of one application, so one tenant
    holds what trusts itself.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-best-practices.html

    `add_spark_application` and `add_hive_application` give the tenant further applications. They share its key, buckets
    and network; each has an execution role and a submitter role of its own, because IAM cannot tie a role to an
    application: who may start jobs on two applications could run the role of either in the other.

    All resources carry the tag `emrguard:tenant`, which serves cost allocation.

    ```python
    import aws_cdk as cdk
    from emrguard import Capacity, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    tenant = Tenant(stack, "Tenant", name="flights", maximum_capacity=Capacity(cpu=32, memory=128, disk=640))
    tenant.data.grant_read(tenant.execution_role, "reference/")
    tenant.add_hive_application("sql", plaintext_between_workers_because="public data in the tenant's own subnets")
    tenant.add_outputs()
    ```

    Args:
        name: name of the tenant, unique in the account and Region: up to 32 of a-z, 0-9 and `-`.
        inputs: prefixes of the data bucket that submitters upload to and jobs read, default `jobs/` and `input/`.
        outputs: prefixes that jobs write and read and submitters read, default `output/`.
        submitters: who may assume the submitter role, with MFA; default every principal of the account that is allowed
            to.
        expire_after: how long objects of the data bucket are kept, default for ever.
        expire_because: see `DataBucket`, needed for less than 90 days.
        release_label: see `SparkApplication`, default `emr-7.14.0`.
        architecture: see `SparkApplication`, default `ARM64`.
        maximum_capacity: see `Capacity`, default 16 vCPU.
        spark_defaults: see `SparkApplication`, default none beyond the secure ones.
        cidr: range of the tenant's VPC, default `10.0.0.0/20`. Tenants' VPCs are not connected, so ranges may overlap.
        availability_zones: see `IsolatedNetwork`, default the first two of the Region.
        one_zone_because: see `IsolatedNetwork`, default two zones.
        vpc: a VPC that exists already, see `ExistingVpc`; default one of the tenant's own.
        s3_prefix_list_id: see `IsolatedNetwork`, default from a table.
        dynamodb_prefix_list_id: see `IsolatedNetwork`, default from a table.
        without_application: True for a tenant that has only the applications that are added, such as one for Hive;
            arguments about the application are refused then. Default False.
        permissions_boundary: the most that any role of the tenant can ever do, default none. Submitting jobs, and
            delivering flow logs, must be within it, too; to bound the jobs alone, `emrguard policies boundary` writes
            one for an `ExecutionRole`.
        application: every other argument of `SparkApplication`, by name, such as `idle_timeout` or `image`.

    Raises:
        ArgumentError: an argument is wrong, or another tenant of the account and Region has the name.
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
        expire_after: cdk.Duration | None = None,
        expire_because: str | None = None,
        release_label: ReleaseLabel | str | None = None,
        architecture: Literal["ARM64", "X86_64"] | None = None,
        maximum_capacity: Capacity | None = None,
        spark_defaults: Mapping[str, str] | None = None,
        cidr: str = "10.0.0.0/20",
        availability_zones: Sequence[str] | None = None,
        one_zone_because: str | None = None,
        vpc: ExistingVpc | None = None,
        s3_prefix_list_id: str | None = None,
        dynamodb_prefix_list_id: str | None = None,
        without_application: bool = False,
        permissions_boundary: iam.IManagedPolicy | None = None,
        **application: Unpack[ApplicationOptions],
    ) -> None:
        super().__init__(scope, id)
        self.name = _claim(self, _arguments.tenant_name(self, name))
        """Name of the tenant."""
        Owner(tenant=name).tag(self)
        self.key = ApplicationKey(self, "Key", tenant=name)
        """The key of all that the tenant stores."""
        self.data = DataBucket(
            self, "Data", tenant=name, key=self.key, expire_after=expire_after, expire_because=expire_because
        )
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
            one_zone_because=one_zone_because,
            vpc=vpc,
            s3_prefix_list_id=s3_prefix_list_id,
            dynamodb_prefix_list_id=dynamodb_prefix_list_id,
        )
        """Where workers run."""
        self._inputs = _arguments.prefixes(self, "inputs", inputs)
        self._outputs = _arguments.prefixes(self, "outputs", outputs)
        self._submitters = submitters
        self._applications: dict[str, TenantApplication] = {}
        self._roles_over_all: list[str] = []
        about = {
            "release_label": release_label,
            "architecture": architecture,
            "maximum_capacity": maximum_capacity,
            "spark_defaults": spark_defaults,
            **application,
        }
        if without_application:
            self._refuse(about)
        else:
            first = SparkApplication(
                self,
                "Application",
                tenant=name,
                network=self.network,
                logs=self.logs,
                key=self.key,
                release_label=release_label or DEFAULT_RELEASE,
                architecture=architecture or "ARM64",
                maximum_capacity=maximum_capacity,
                spark_defaults=spark_defaults,
                **application,
            )
            self._equip(self, name, first, self._inputs, self._outputs, submitters)
        if permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)

    @property
    def applications(self) -> Mapping[str, TenantApplication]:
        """Every application by its name within the tenant, in the order in which they were made."""
        return MappingProxyType(self._applications)

    @property
    def application(self) -> SparkApplication:
        """The Spark application that the tenant was made with."""
        found = self._first("application").application
        assert isinstance(found, SparkApplication)
        return found

    @property
    def execution_role(self) -> ExecutionRole:
        """What the jobs of that application run as. What its own methods grant passes the tenant's network, too."""
        return self._first("execution_role").execution_role

    @property
    def submitter_role(self) -> SubmitterRole:
        """What people and pipelines submit jobs to that application as."""
        return self._first("submitter_role").submitter_role

    def add_spark_application(
        self,
        name: str,
        *,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        submitters: iam.PrincipalBase | None = None,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
        architecture: Literal["ARM64", "X86_64"] = "ARM64",
        maximum_capacity: Capacity | None = None,
        spark_defaults: Mapping[str, str] | None = None,
        **application: Unpack[ApplicationOptions],
    ) -> TenantApplication:
        """A further Spark application, with an execution role and a submitter role of its own.

        Args:
            name: its name within the tenant, up to 31 of a-z, 0-9 and `-`; the application is `<tenant>-<name>`.
            inputs: prefixes that its submitters upload to and its jobs read, default the tenant's.
            outputs: prefixes that its jobs write and read and its submitters read, default the tenant's.
            submitters: who may assume its submitter role, with MFA; default who may the tenant's.
            release_label: see `SparkApplication`, default `emr-7.14.0`.
            architecture: see `SparkApplication`, default `ARM64`.
            maximum_capacity: see `Capacity`, default 16 vCPU.
            spark_defaults: see `SparkApplication`, default none beyond the secure ones.
            application: every other argument of `SparkApplication`, by name.

        Raises:
            ArgumentError: an argument is wrong, the name is taken, or a role over all applications was made before.
        """
        scope = self._add(name)
        made = SparkApplication(
            scope,
            "Application",
            tenant=self.name,
            application_name=f"{self.name}-{name}",
            network=self.network,
            logs=self.logs,
            key=self.key,
            release_label=release_label,
            architecture=architecture,
            maximum_capacity=maximum_capacity,
            spark_defaults=spark_defaults,
            **application,
        )
        return self._equip(scope, name, made, inputs, outputs, submitters)

    def add_hive_application(
        self,
        name: str,
        *,
        plaintext_between_workers_because: str,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        submitters: iam.PrincipalBase | None = None,
        working_folder: str | None = None,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
        architecture: Literal["ARM64", "X86_64"] = "ARM64",
        maximum_capacity: Capacity | None = None,
        hive_site: Mapping[str, str] | None = None,
        **application: Unpack[CommonOptions],
    ) -> TenantApplication:
        """A Hive application, with an execution role and a submitter role of its own.

        Args:
            name: its name within the tenant, up to 31 of a-z, 0-9 and `-`; the application is `<tenant>-<name>`.
            plaintext_between_workers_because: see `HiveApplication`.
            inputs: prefixes that its submitters upload to and its jobs read, default the tenant's.
            outputs: prefixes that its jobs write and read and its submitters read, default the tenant's.
            submitters: who may assume its submitter role, with MFA; default who may the tenant's.
            working_folder: folder of Hive's scratch files and its warehouse, default `hive/<name>/`. Submitters read
                the warehouse.
            release_label: see `HiveApplication`, default `emr-7.14.0`.
            architecture: see `HiveApplication`, default `ARM64`.
            maximum_capacity: see `Capacity`, default 16 vCPU.
            hive_site: see `HiveApplication`, default none beyond the folders.
            application: every other argument of `HiveApplication`, by name.

        Raises:
            ArgumentError: an argument is wrong, the name is taken, or a role over all applications was made before.
        """
        scope = self._add(name)
        made = HiveApplication(
            scope,
            "Application",
            tenant=self.name,
            application_name=f"{self.name}-{name}",
            network=self.network,
            data=self.data,
            logs=self.logs,
            key=self.key,
            plaintext_between_workers_because=plaintext_between_workers_because,
            working_folder=f"hive/{name}/" if working_folder is None else working_folder,
            release_label=release_label,
            architecture=architecture,
            maximum_capacity=maximum_capacity,
            hive_site=hive_site,
            **application,
        )
        found = self._equip(scope, name, made, inputs, outputs, submitters)
        made.grant_working_folder(found.execution_role)
        self.data.grant_read(found.submitter_role, f"{made.working_folder}warehouse/")
        return found

    def own(self, construct: IConstruct, part: Part) -> None:
        """Declare that a construct of yours, such as a table, belongs to the tenant, with everything below it.

        The isolation proof then reports whatever of another tenant's reaches it. What is declared to belong to nobody
        may be reached by one tenant alone; see `Platform.share` for what several use.

        Args:
            construct: what belongs to the tenant.
            part: the part it plays, such as `table`, `stream`, `secret` or `catalog`.
        """
        Owner(tenant=self.name).mark_all_below(construct, part)

    def add_outputs(self) -> None:
        """Give the stack the outputs that submitters need: ids and ARNs under plain names such as `ApplicationId`.

        Those of an application that was added have its name in front: `SqlApplicationId`. For a stack that holds one
        tenant, after its applications are added; a second call in the same stack is an error of CDK's.
        """
        stack = cdk.Stack.of(self)
        own = {
            "DataBucketName": self.data.bucket_name,
            "LogBucketName": self.logs.bucket.bucket_name,
            "KeyArn": self.key.key_arn,
            "LogGroupName": self.logs.log_group_name,
        }
        found: dict[str, str] = {}
        for name, each in self._applications.items():
            prefix = "" if name == self.name else "".join(part.capitalize() for part in name.split("-"))
            found[f"{prefix}ApplicationId"] = each.application.application_id
            found[f"{prefix}ExecutionRoleArn"] = each.execution_role.role_arn
            found[f"{prefix}SubmitterRoleArn"] = each.submitter_role.role_arn
            found |= own
        for output, value in (found or own).items():
            cdk.CfnOutput(stack, output, value=value)

    def _add(self, name: str) -> Construct:
        """The scope of a further application."""
        path = self.node.path
        if unresolved(name) or not _APPLICATION.fullmatch(name):
            mend = "write up to 31 of a-z, 0-9 and -, the first one a letter, as plain text"
            raise ArgumentError(path, "name", name, mend)
        if name in self._applications or name == self.name:
            taken = ", ".join([*self._applications] or [self.name])
            raise ArgumentError(path, "name", name, f"choose a name of its own: {taken} is taken")
        if self._roles_over_all:
            mend = f"add it before {self._roles_over_all[0]}, which covers the applications that there are by then"
            raise ArgumentError(path, "name", name, mend)
        scope = Construct(self, name)
        Owner(tenant=self.name).tag(scope, within=self)
        return scope

    def _equip(
        self,
        scope: Construct,
        name: str,
        application: SparkApplication | HiveApplication,
        inputs: Sequence[str] | None,
        outputs: Sequence[str] | None,
        submitters: iam.PrincipalBase | None,
    ) -> TenantApplication:
        """Give an application its roles, and these their rights."""
        execution_role = ExecutionRole(scope, "ExecutionRole", tenant=self.name, network=self.network)
        submitter_role = SubmitterRole(
            scope, "SubmitterRole", tenant=self.name, assumed_by=submitters or self._submitters
        )
        for prefix in self._inputs if inputs is None else _arguments.prefixes(scope, "inputs", inputs):
            self.data.grant_read(execution_role, prefix)
            self.data.grant_put(submitter_role, prefix)
        for prefix in self._outputs if outputs is None else _arguments.prefixes(scope, "outputs", outputs):
            self.data.grant_read_write(execution_role, prefix)
            self.data.grant_read(submitter_role, prefix)
        self.data.confine(execution_role, self.network.vpc_id)
        self.logs.grant_write(execution_role)
        self.logs.grant_read(submitter_role)
        application.grant_submit(submitter_role, execution_role)
        found = TenantApplication(
            name=name, application=application, execution_role=execution_role, submitter_role=submitter_role
        )
        self._applications[name] = found
        return found

    def _first(self, asked: str) -> TenantApplication:
        if self.name not in self._applications:
            names = ", ".join(self._applications) or "none yet"
            mend = f"the tenant was made without one: take it from applications[…], which has {names}"
            raise ArgumentError(self.node.path, asked, None, mend)
        return self._applications[self.name]

    def _refuse(self, about: Mapping[str, object]) -> None:
        for argument, value in about.items():
            if value is not None:
                mend = "leave it out: with without_application each application is added with its own arguments"
                raise ArgumentError(self.node.path, argument, value, mend)


def covered_by(tenant: Tenant, path: str) -> tuple[TenantApplication, ...]:
    """The applications of a tenant, for a role over all of them; more cannot be added from then on.

    Raises:
        ArgumentError: the tenant has no application yet.
    """
    if not tenant.applications:
        mend = "add its applications first"
        raise ArgumentError(path, "tenants", tenant.name, mend)
    tenant._roles_over_all.append(path)
    return tuple(tenant.applications.values())


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
