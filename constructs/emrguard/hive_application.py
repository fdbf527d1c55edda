"""A Hive application on EMR Serverless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _arguments
from emrguard import runtime_configuration as _runtime
from emrguard._application import Application
from emrguard._engine import HIVE
from emrguard._kept import unresolved
from emrguard._reasons import Reasons
from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError
from emrguard.initial_capacity import InitialCapacity
from emrguard.interfaces import IApplicationKey, IDataBucket, IJobLogs, INetwork
from emrguard.lifecycle import Lifecycle
from emrguard.monitoring import Monitoring
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel, demand
from emrguard.runtime_configuration import RuntimeConfiguration
from emrguard.worker_image import WorkerImage
from emrguard_policies.releases import Feature

_SCRATCH = "hive.exec.scratchdir"
_WAREHOUSE = "hive.metastore.warehouse.dir"
_DISK_TYPES = ("hive.driver.disk.type", "hive.tez.disk.type")


class HiveApplication(Application):
    """An EMR Serverless application for Hive on Tez in a closed network, with encrypted logs and a ceiling on cost.

    It starts with the first job and stops when idle. Logs go to S3, to CloudWatch and to the service's managed storage
    (which the Tez UI reads), all encrypted with the tenant's key. Hive's scratch files and its warehouse lie in the
    tenant's bucket. Queries reach the Glue databases that the execution role has rights on, by default none.

    **What Hive lacks:** EMR Serverless encrypts the traffic between the workers of Spark only. What Tez tasks exchange
    of a query's data goes between them in plain text, inside of the tenant's network; calls of AWS services use TLS.
    So each Hive application asks why that is right, and EMRG123 reports it with the reason. Nor has Hive notebooks,
    Livy, Spark Connect, metrics to Prometheus, or identities of IAM Identity Center.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interworker-encryption.html

    Like all settings of an application these are defaults: a job that sends a `hive-site` of its own replaces the one
    here.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-hive.html

    ```python
    import aws_cdk as cdk
    from emrguard import ApplicationKey, DataBucket, HiveApplication, IsolatedNetwork, JobLogs

    stack = cdk.Stack(cdk.App(), "Flights")
    key = ApplicationKey(stack, "Key", tenant="flights")
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
    HiveApplication(
        stack,
        "Application",
        tenant="flights",
        network=network,
        data=data,
        logs=logs,
        key=key,
        plaintext_between_workers_because="public flight data, in subnets of this tenant alone",
    )
    ```

    Args:
        tenant: name of the tenant that owns the application.
        network: where the workers run.
        data: where Hive's scratch files and its warehouse are.
        logs: where the logs go.
        key: the tenant's key.
        plaintext_between_workers_because: why it is right that workers exchange a query's data unencrypted; goes into
            the manifest.
        application_name: name of the application, 1 to 64 characters, default the tenant's.
        working_folder: folder of `data` for `scratch/` and `warehouse/`, default `hive/`. Applications that share a
            bucket each need their own.
        release_label: a `ReleaseLabel` or its label, default `emr-7.14.0` with Hive 3.1.3; at least emr-7.0.0, which
            has the job queue. emr-spark-8 has no Hive.
        architecture: `ARM64` (default: Graviton, about a fifth cheaper) or `X86_64`, for native libraries built for x86
            only.
        maximum_capacity: cumulative ceiling over all workers, default 16 vCPU, 64 GB of memory, 320 GB of disk.
        initial_capacity: workers that wait for jobs, by worker type `DRIVER` and `TEZ_TASK`, default none. They are
            billed while the application is started. `maximum_capacity` must hold them.
        auto_start: start with the first job, default True; if False someone must call StartApplication.
        idle_timeout: stop after so long without a job, 1 minute to 7 days, default 15 minutes.
        never_stop_because: turns auto-stop off, for this reason; default None, auto-stop is on.
        keep_warm_because: needed in addition where initial workers wait in an application that never stops: why they
            are paid for day and night.
        long_idle_because: needed for an `idle_timeout` of more than an hour: why an idle application is paid for.
        max_concurrent_runs: 1 to 1000 job runs at a time, default 15; more are queued.
        queue_timeout: how long a job run may be queued, 15 minutes to 12 hours, default 6 hours.
        hive_site: further properties of `hive-site`, such as `{"hive.tez.container.size": "8192"}`.
        runtime_configuration: further classifications, such as `tez-site`, default none.
        image: the image of all workers, default that of the release.
        worker_images: in place of `image` one for each of `HiveDriver` and `TezTask`, default none.
        monitoring: see `Monitoring`, default logs of the driver to CloudWatch and everything to S3 and managed storage.
        lifecycle: see `Lifecycle`, default a function that sets the key of the disks and stops the application in time.
        tags: further tags of the application, default none. AWS does not copy them to job runs.

    Raises:
        ArgumentError: an argument is outside of what EMR Serverless takes, or the release has no Hive.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        network: INetwork,
        data: IDataBucket,
        logs: IJobLogs,
        key: IApplicationKey,
        plaintext_between_workers_because: str,
        application_name: str | None = None,
        working_folder: str = "hive/",
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
        hive_site: Mapping[str, str] | None = None,
        runtime_configuration: Sequence[RuntimeConfiguration] = (),
        image: WorkerImage | None = None,
        worker_images: Mapping[str, WorkerImage] | None = None,
        monitoring: Monitoring | None = None,
        lifecycle: Lifecycle | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._data = data
        self.working_folder = working_folder
        """The folder of the bucket for Hive's scratch files and its warehouse."""

        def prepare(release: ReleaseLabel, reasons: Reasons) -> None:
            self._demand_hive(release)
            if plaintext_between_workers_because is None:
                mend = "say why: EMR Serverless has no encryption between the workers of Hive"
                raise ArgumentError(self.node.path, "plaintext_between_workers_because", None, mend)
            reasons.take("plaintext_between_workers_because", plaintext_between_workers_because, "EMRG123")

        super().__init__(
            scope,
            id,
            engine=HIVE,
            defaults=self._hive_site,
            given_defaults=hive_site,
            prepare=prepare,
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
            interactive=None,
            identity_center_instance_arn=None,
            tags=tags,
        )

    def grant_working_folder(self, role: iam.IRole) -> iam.Grant:
        """Let an execution role read and write Hive's scratch files and its warehouse, as every query must."""
        return self._data.grant_read_write(role, self.working_folder)

    def _demand_hive(self, release: ReleaseLabel) -> None:
        if unresolved(release.label):
            return
        if release.label.startswith("emr-spark-"):
            mend = f"use a release emr-7 such as {DEFAULT_RELEASE.label!r}: emr-spark releases have no Hive"
            raise ArgumentError(self.node.path, "release_label", release.label, mend)

    def _hive_site(self, given: Mapping[str, str], release: ReleaseLabel) -> dict[str, str]:
        folder = _arguments.prefix(self, "working_folder", self.working_folder)
        place = f"s3://{self._data.bucket_name}/{folder}"
        own = {_SCRATCH: f"{place}scratch", _WAREHOUSE: f"{place}warehouse"}
        for name in own:
            if name in given:
                mend = "leave it out and write working_folder='…/': the execution role may write there and nowhere else"
                raise ArgumentError(self.node.path, f"hive_site[{name!r}]", given[name], mend)
        _runtime.check_properties(self, "hive_site", {**given, **own})
        if any(given.get(name, "").lower() == "shuffle_optimized" for name in _DISK_TYPES):
            demand(self.node.path, "release_label", release, Feature.SHUFFLE_OPTIMIZED_DISKS)
        return {**given, **own}
