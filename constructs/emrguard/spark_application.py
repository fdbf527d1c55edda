"""A Spark application on EMR Serverless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import aws_cdk as cdk
from constructs import Construct

from emrguard import runtime_configuration as _runtime
from emrguard._application import Application, CommonOptions
from emrguard._engine import SPARK
from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError
from emrguard.initial_capacity import InitialCapacity
from emrguard.interactive import Interactive
from emrguard.interfaces import IApplicationKey, IJobLogs, INetwork
from emrguard.lifecycle import Lifecycle
from emrguard.monitoring import Monitoring
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel, demand
from emrguard.runtime_configuration import RuntimeConfiguration
from emrguard.worker_image import WorkerImage
from emrguard_policies.releases import Feature

_FEATURES = {
    ("spark.aws.serverlessStorage.enabled", "true"): Feature.SERVERLESS_STORAGE,
    ("spark.emr-serverless.lakeformation.enabled", "true"): Feature.LAKE_FORMATION_FINE_GRAINED,
    ("spark.emr-serverless.driver.disk.type", "shuffle_optimized"): Feature.SHUFFLE_OPTIMIZED_DISKS,
    ("spark.emr-serverless.executor.disk.type", "shuffle_optimized"): Feature.SHUFFLE_OPTIMIZED_DISKS,
}
"""Features that a Spark default switches on, by its name and value in lower case."""

SECURE_SPARK_DEFAULTS = {
    "spark.ssl.internode.enabled": "true",
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
}
"""Mutual TLS between the workers of a job, and authenticated, encrypted RPC."""


class ApplicationOptions(CommonOptions, total=False):
    """What `Tenant` hands on to its `SparkApplication`, beside what it names itself. See there for each."""

    interactive: Interactive
    identity_center_instance_arn: str


class SparkApplication(Application):
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
        tenant: name of the tenant that owns the application.
        network: where the workers run.
        logs: where the logs go.
        key: the tenant's key.
        application_name: name of the application, 1 to 64 characters, default the tenant's.
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
        long_idle_because: needed for an `idle_timeout` of more than an hour: why an idle application is paid for.
        max_concurrent_runs: 1 to 1000 job runs at a time, default 15; more are queued.
        queue_timeout: how long a job run may be queued, 15 minutes to 12 hours, default 6 hours.
        spark_defaults: further `spark-defaults`, such as `{"spark.executor.memory": "8g"}`. Those that encrypt the
            traffic between workers cannot be changed.
        runtime_configuration: further classifications, such as `spark-driver-log4j2`, default none.
        image: the image of all workers, default that of the release.
        worker_images: in place of `image` one for each of `Driver` and `Executor`, default none.
        monitoring: see `Monitoring`, default logs of the driver to CloudWatch and everything to S3 and managed storage.
        lifecycle: see `Lifecycle`, default a function that sets the key of the disks and stops the application in time.
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
        network: INetwork,
        logs: IJobLogs,
        key: IApplicationKey,
        application_name: str | None = None,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
        architecture: Literal["ARM64", "X86_64"] = "ARM64",
        maximum_capacity: Capacity | None = None,
        initial_capacity: Mapping[str, InitialCapacity] | None = None,
        auto_start: bool = True,
        idle_timeout: cdk.Duration | None = None,
        never_stop_because: str | None = None,
        keep_warm_because: str | None = None,
        long_idle_because: str | None = None,
        max_concurrent_runs: int = 15,
        queue_timeout: cdk.Duration | None = None,
        spark_defaults: Mapping[str, str] | None = None,
        runtime_configuration: Sequence[RuntimeConfiguration] = (),
        image: WorkerImage | None = None,
        worker_images: Mapping[str, WorkerImage] | None = None,
        monitoring: Monitoring | None = None,
        lifecycle: Lifecycle | None = None,
        interactive: Interactive | None = None,
        identity_center_instance_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            scope,
            id,
            engine=SPARK,
            defaults=self._spark_defaults,
            given_defaults=spark_defaults,
            prepare=None,
            tenant=tenant,
            network=network,
            logs=logs,
            key=key,
            application_name=application_name,
            release_label=release_label,
            architecture=architecture,
            maximum_capacity=maximum_capacity,
            initial_capacity=initial_capacity,
            auto_start=auto_start,
            idle_timeout=idle_timeout,
            never_stop_because=never_stop_because,
            keep_warm_because=keep_warm_because,
            long_idle_because=long_idle_because,
            max_concurrent_runs=max_concurrent_runs,
            queue_timeout=queue_timeout,
            runtime_configuration=runtime_configuration,
            image=image,
            worker_images=worker_images,
            monitoring=monitoring,
            lifecycle=lifecycle,
            interactive=interactive or Interactive(),
            identity_center_instance_arn=identity_center_instance_arn,
            tags=tags,
        )

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
