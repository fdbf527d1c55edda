"""A Spark application on EMR Serverless."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions, _arguments, _wildcards, _workers, worker_image
from emrguard import interactive as _interactive
from emrguard import monitoring as _monitoring
from emrguard import runtime_configuration as _runtime
from emrguard._manifest import Owner
from emrguard._reasons import Reasons
from emrguard.application_key import ApplicationKey
from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.initial_capacity import InitialCapacity
from emrguard.interactive import Interactive
from emrguard.isolated_network import IsolatedNetwork
from emrguard.job_logs import JobLogs
from emrguard.monitoring import Monitoring
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel, demand
from emrguard.release_label import release_label as read_release
from emrguard.runtime_configuration import RuntimeConfiguration
from emrguard.worker_image import WorkerImage
from emrguard_policies.releases import Feature

_IDENTITY_CENTER = re.compile(r"arn:aws[a-z-]*:sso:::instance/(?:sso)?ins-[A-Za-z0-9.-]{16}")
_TAG_NAME = re.compile(r"[A-Za-z0-9 /_.:=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9 /_.:=+@-]{0,256}")

_FEATURES = {
    ("spark.aws.serverlessStorage.enabled", "true"): Feature.SERVERLESS_STORAGE,
    ("spark.emr-serverless.lakeformation.enabled", "true"): Feature.LAKE_FORMATION_FINE_GRAINED,
    ("spark.emr-serverless.driver.disk.type", "shuffle_optimized"): Feature.SHUFFLE_OPTIMIZED_DISKS,
    ("spark.emr-serverless.executor.disk.type", "shuffle_optimized"): Feature.SHUFFLE_OPTIMIZED_DISKS,
}
"""Features that a Spark default switches on, by its name and value in lower case."""

WORKER_TYPES = ("DRIVER", "EXECUTOR")
"""Keys of the initial capacity of a Spark application."""

SECURE_SPARK_DEFAULTS = {
    "spark.ssl.internode.enabled": "true",
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
}
"""Mutual TLS between the workers of a job, and authenticated, encrypted RPC."""


class ApplicationOptions(TypedDict, total=False):
    """What `Tenant` hands on to its `SparkApplication`, beside what it names itself. See there for each."""

    initial_capacity: Mapping[str, InitialCapacity]
    auto_start: bool
    idle_timeout: cdk.Duration
    never_stop_because: str
    keep_warm_because: str
    max_concurrent_runs: int
    queue_timeout: cdk.Duration
    runtime_configuration: Sequence[RuntimeConfiguration]
    image: WorkerImage
    worker_images: Mapping[str, WorkerImage]
    monitoring: Monitoring
    interactive: Interactive
    identity_center_instance_arn: str
    tags: Mapping[str, str]


class SparkApplication(Construct):
    """An EMR Serverless application for Spark in a closed network, with encrypted logs and a ceiling on its cost.

    It starts with the first job and stops when idle. Logs go to S3, to CloudWatch and to the service's managed storage
    (which the Spark UI reads), all encrypted with the tenant's key. Studio, Livy and Spark Connect sessions are off.

    **What an application cannot enforce:** its Spark configuration is a default. A job that sends a `spark-defaults`
    classification of its own replaces the one here, with the encryption between its workers (up to emr-spark-8.0), and
    no IAM condition prevents it; `--conf` in the submit parameters adds to it.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/default-configs.html

    ```python
    import aws_cdk as cdk
    from emrguard import ApplicationKey, DataBucket, IsolatedNetwork, JobLogs, SparkApplication

    stack = cdk.Stack(cdk.App(), "Flights")
    key = ApplicationKey(stack, "Key", tenant="flights")
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
    SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key)
    ```

    Args:
        tenant: name of the tenant that owns the application, and the application's name.
        network: where the workers run.
        logs: where the logs go.
        key: the tenant's key.
        release_label: a `ReleaseLabel` or its label, default `emr-7.14.0`; at least emr-7.0.0, which has the job queue.
        architecture: `ARM64` (default: Graviton, about a fifth cheaper) or `X86_64`, for native libraries built for x86
            only.
        maximum_capacity: cumulative ceiling over all workers, default 16 vCPU, 64 GB of memory, 320 GB of disk.
        initial_capacity: workers that wait for jobs, by worker type `DRIVER` and `EXECUTOR`, default none. They are
            billed while the application is started. `maximum_capacity` must hold them.
        auto_start: start with the first job, default True; if False someone must call StartApplication.
        idle_timeout: stop after so long without a job, 1 minute to 7 days, default 15 minutes.
        never_stop_because: turns auto-stop off, for this reason; default None, auto-stop is on.
        keep_warm_because: needed in addition where initial workers wait in an application that never stops: why they
            are paid for day and night.
        max_concurrent_runs: 1 to 1000 job runs at a time, default 15; more are queued.
        queue_timeout: how long a job run may be queued, 15 minutes to 12 hours, default 6 hours.
        spark_defaults: further `spark-defaults`, such as `{"spark.executor.memory": "8g"}`. Those that encrypt the
            traffic between workers cannot be changed.
        runtime_configuration: further classifications, such as `spark-driver-log4j2`, default none.
        image: the image of all workers, default that of the release.
        worker_images: in place of `image` one for each of `Driver` and `Executor`, default none.
        monitoring: see `Monitoring`, default logs of the driver to CloudWatch and everything to S3 and managed storage.
        interactive: see `Interactive`, default everything off.
        identity_center_instance_arn: IAM Identity Center instance for trusted identity propagation, default none. Needs
            emr-7.8.0.
        tags: further tags of the application, default none. AWS does not copy them to job runs.

    Raises:
        ArgumentError: an argument is outside of what EMR Serverless takes, or a feature is younger than the release.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        network: IsolatedNetwork,
        logs: JobLogs,
        key: ApplicationKey,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
        architecture: Literal["ARM64", "X86_64"] = "ARM64",
        maximum_capacity: Capacity | None = None,
        initial_capacity: Mapping[str, InitialCapacity] | None = None,
        auto_start: bool = True,
        idle_timeout: cdk.Duration | None = None,
        never_stop_because: str | None = None,
        keep_warm_because: str | None = None,
        max_concurrent_runs: int = 15,
        queue_timeout: cdk.Duration | None = None,
        spark_defaults: Mapping[str, str] | None = None,
        runtime_configuration: Sequence[RuntimeConfiguration] = (),
        image: WorkerImage | None = None,
        worker_images: Mapping[str, WorkerImage] | None = None,
        monitoring: Monitoring | None = None,
        interactive: Interactive | None = None,
        identity_center_instance_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        owner = Owner(tenant=_arguments.tenant_name(self, tenant))
        release = read_release(self.node.path, "release_label", release_label)
        demand(self.node.path, "release_label", release, Feature.JOB_QUEUE)
        if architecture not in ("ARM64", "X86_64") and not cdk.Token.is_unresolved(architecture):
            raise ArgumentError(self.node.path, "architecture", architecture, "write 'ARM64' or 'X86_64'")
        reasons = Reasons(self)
        ceiling = maximum_capacity or Capacity()
        maximum = _workers.maximum(self, ceiling)
        initial = _workers.initial(self, initial_capacity or {}, WORKER_TYPES, ceiling, release)
        auto_stop = self._auto_stop(reasons, idle_timeout, never_stop_because, keep_warm_because, bool(initial))
        reasons.take("release_label", release.unknown_because, "EMRG502")
        queue = _arguments.minutes(self, "queue_timeout", queue_timeout or cdk.Duration.hours(6), 15, 720)
        runs = _arguments.whole_number(self, "max_concurrent_runs", max_concurrent_runs, 1, 1000, "job runs")
        one_image, images = worker_image.images(self, image, dict(worker_images or {}), release, reasons)
        application = emrserverless.CfnApplication(
            self,
            "Resource",
            name=tenant,
            type="SPARK",
            release_label=release.label,
            architecture=architecture,
            auto_start_configuration=emrserverless.CfnApplication.AutoStartConfigurationProperty(enabled=auto_start),
            auto_stop_configuration=auto_stop,
            initial_capacity=initial or None,
            maximum_capacity=maximum,
            network_configuration=emrserverless.CfnApplication.NetworkConfigurationProperty(
                subnet_ids=network.subnet_ids, security_group_ids=[network.security_group_id]
            ),
            monitoring_configuration=_monitoring.render(self, monitoring or Monitoring(), logs, key, release, reasons),
            runtime_configuration=[
                emrserverless.CfnApplication.ConfigurationObjectProperty(
                    classification="spark-defaults", properties=self._spark_defaults(spark_defaults or {}, release)
                ),
                *_runtime.render(self, "runtime_configuration", runtime_configuration),
            ],
            scheduler_configuration=emrserverless.CfnApplication.SchedulerConfigurationProperty(
                max_concurrent_runs=runs, queue_timeout_minutes=queue
            ),
            interactive_configuration=_interactive.render(self, interactive or Interactive(), release, reasons),
            image_configuration=one_image,
            worker_type_specifications=images,
            identity_center_configuration=self._identity_center(identity_center_instance_arn, release),
        )
        self._tag(tags or {})
        owner.mark(application, "application", reasons.given)
        _workers.warn_of_few_addresses(self, network, initial_capacity or {}, ceiling)
        self.application_id = application.attr_application_id
        """Id of the application."""
        self.application_arn = application.attr_arn
        """ARN of the application."""

    def grant_submit(self, role: iam.IRole, execution_role: ExecutionRole) -> iam.Grant:
        """Let a role run jobs on this application that run as `execution_role`, follow, cancel and inspect them.

        Includes the right to list applications, which IAM cannot limit to one.
        """
        use = iam.Grant.add_to_principal(
            grantee=role, actions=list(_actions.USE_APPLICATION), resource_arns=[self.application_arn]
        )
        job_runs = _wildcards.grant(
            role,
            _actions.USE_JOB_RUNS,
            f"{self.application_arn}/jobruns/*",
            "All job runs of one application; EMR Serverless makes up their ids",
        )
        listing = _wildcards.grant(
            role,
            _actions.LIST_APPLICATIONS,
            "*",
            "emr-serverless:ListApplications has no resource type; it tells names and states, never contents",
        )
        return use.combine(job_runs).combine(listing).combine(execution_role.grant_pass_to_emr_serverless(role))

    def _auto_stop(
        self,
        reasons: Reasons,
        idle_timeout: cdk.Duration | None,
        never_stop_because: str | None,
        keep_warm_because: str | None,
        warm: bool,
    ) -> emrserverless.CfnApplication.AutoStopConfigurationProperty:
        endless = reasons.take("never_stop_because", never_stop_because, "EMRG503")
        if not endless:
            idle = _arguments.minutes(self, "idle_timeout", idle_timeout or cdk.Duration.minutes(15), 1, 10080)
        elif idle_timeout is not None:
            raise ArgumentError(
                self.node.path,
                "idle_timeout",
                idle_timeout.to_human_string(),
                "leave it out or never_stop_because: one of both",
            )
        if reasons.take("keep_warm_because", keep_warm_because, "EMRG504") != (endless and warm):
            mend = (
                "initial_capacity with auto-stop off is paid for day and night: say why, or let the application stop"
                if endless and warm
                else "leave it out: it is for initial_capacity together with never_stop_because only"
            )
            raise ArgumentError(self.node.path, "keep_warm_because", keep_warm_because, mend)
        if endless:
            return emrserverless.CfnApplication.AutoStopConfigurationProperty(enabled=False)
        return emrserverless.CfnApplication.AutoStopConfigurationProperty(enabled=True, idle_timeout_minutes=idle)

    def _spark_defaults(self, given: Mapping[str, str], release: ReleaseLabel) -> dict[str, str]:
        _runtime.check_properties(self, "spark_defaults", {**given, **SECURE_SPARK_DEFAULTS})
        for name, value in SECURE_SPARK_DEFAULTS.items():
            if given.get(name, value) != value:
                raise ArgumentError(
                    self.node.path,
                    f"spark_defaults[{name!r}]",
                    given[name],
                    f"leave it out: {value!r} keeps the traffic between workers encrypted",
                )
        for name, value in given.items():
            if (feature := _FEATURES.get((name, value.lower()))) is not None:
                demand(self.node.path, "release_label", release, feature)
        return {**given, **SECURE_SPARK_DEFAULTS}

    def _identity_center(
        self, arn: str | None, release: ReleaseLabel
    ) -> emrserverless.CfnApplication.IdentityCenterConfigurationProperty | None:
        if arn is None:
            return None
        if not cdk.Token.is_unresolved(arn) and not _IDENTITY_CENTER.fullmatch(arn):
            mend = "write arn:aws:sso:::instance/ssoins-<16 characters>"
            raise ArgumentError(self.node.path, "identity_center_instance_arn", arn, mend)
        demand(self.node.path, "release_label", release, Feature.IDENTITY_CENTER)
        return emrserverless.CfnApplication.IdentityCenterConfigurationProperty(identity_center_instance_arn=arn)

    def _tag(self, tags: Mapping[str, str]) -> None:
        for name, value in tags.items():
            if not _TAG_NAME.fullmatch(name) or name.lower().startswith(("aws:", "emrguard:")):
                mend = "write 1 to 128 letters, digits, spaces and /_.:=+@-, not starting with 'aws:' or 'emrguard:'"
                raise ArgumentError(self.node.path, "tags", name, mend)
            if not cdk.Token.is_unresolved(value) and not _TAG_VALUE.fullmatch(value):
                mend = "write up to 256 letters, digits, spaces and /_.:=+@-"
                raise ArgumentError(self.node.path, f"tags[{name!r}]", value, mend)
            cdk.Tags.of(self).add(name, value)
