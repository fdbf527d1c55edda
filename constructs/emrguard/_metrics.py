"""CloudWatch's metrics of an application.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-job-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from emrguard.release_label import ReleaseLabel
from emrguard_policies import releases

NAMESPACE: Final = "AWS/EMRServerless"
_NAMED_SINCE: Final = (7, 10, 0)
_MINUTE: Final = cdk.Duration.minutes(1)


class MetricOptions(TypedDict, total=False):
    """How a metric is read and shown; as in CDK's `cloudwatch.MetricOptions`."""

    statistic: str
    period: cdk.Duration
    label: str
    color: str
    account: str
    region: str


class WithMetrics:
    """What tells the metrics of one application.

    Alarms need every dimension as the service publishes it: from emr-7.10.0 on the id and the name of the application,
    before that the id only.
    """

    application_id: str
    application_name: str
    release: ReleaseLabel

    def metric(
        self, name: str, *, dimensions: Mapping[str, str] | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """A metric of the application, of one minute.

        ```python
        import aws_cdk as cdk
        from aws_cdk import aws_cloudwatch as cloudwatch
        from emrguard import Tenant

        stack = cdk.Stack(cdk.App(), "Flights")
        application = Tenant(stack, "Tenant", name="flights").application
        application.metric_failed_jobs().create_alarm(stack, "Failed", threshold=1, evaluation_periods=1)
        cloudwatch.Dashboard(
            stack, "Dashboard", widgets=[[cloudwatch.GraphWidget(left=[application.metric_running_workers()])]]
        )
        ```

        Args:
            name: such as `MaxCPUAllowed` or `RunningJobs`.
            dimensions: further ones, such as those of a worker type; default none.
            options: `statistic` (default `Sum`), `period` (default one minute), `label`, `color`, `account`, `region`.
        """
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={**self._dimensions(), **(dimensions or {})},
            **({"statistic": cloudwatch.Stats.SUM, "period": _MINUTE} | options),
        )

    def metric_submitted_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that are submitted."""
        return self.metric("SubmittedJobs", **options)

    def metric_pending_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that wait for workers."""
        return self.metric("PendingJobs", **options)

    def metric_scheduled_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that are scheduled."""
        return self.metric("ScheduledJobs", **options)

    def metric_running_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that run."""
        return self.metric("RunningJobs", **options)

    def metric_successful_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that succeeded."""
        return self.metric("SuccessJobs", **options)

    def metric_failed_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that failed."""
        return self.metric("FailedJobs", **options)

    def metric_cancelling_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that are being cancelled."""
        return self.metric("CancellingJobs", **options)

    def metric_cancelled_jobs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Job runs that were cancelled."""
        return self.metric("CancelledJobs", **options)

    def metric_maximum_cpu(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The ceiling of vCPU."""
        return self.metric("MaxCPUAllowed", **options)

    def metric_maximum_memory(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The ceiling of memory, in GB."""
        return self.metric("MaxMemoryAllowed", **options)

    def metric_maximum_storage(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The ceiling of disk, in GB."""
        return self.metric("MaxStorageAllowed", **options)

    def metric_cpu_allocated(
        self,
        worker_type: str | None = None,
        capacity: Literal["PreInitCapacity", "OnDemandCapacity"] | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.IMetric:
        """vCPU that workers have; see `metric_by_workers` for the arguments."""
        return self.metric_by_workers("CPUAllocated", worker_type, capacity, **options)

    def metric_memory_allocated(
        self,
        worker_type: str | None = None,
        capacity: Literal["PreInitCapacity", "OnDemandCapacity"] | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.IMetric:
        """Memory that workers have, in GB; see `metric_by_workers` for the arguments."""
        return self.metric_by_workers("MemoryAllocated", worker_type, capacity, **options)

    def metric_storage_allocated(
        self,
        worker_type: str | None = None,
        capacity: Literal["PreInitCapacity", "OnDemandCapacity"] | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.IMetric:
        """Disk that workers have, in GB; see `metric_by_workers` for the arguments."""
        return self.metric_by_workers("StorageAllocated", worker_type, capacity, **options)

    def metric_running_workers(
        self,
        worker_type: str | None = None,
        capacity: Literal["PreInitCapacity", "OnDemandCapacity"] | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.IMetric:
        """Workers that run; see `metric_by_workers` for the arguments."""
        return self.metric_by_workers("RunningWorkerCount", worker_type, capacity, **options)

    def metric_idle_workers(
        self,
        worker_type: str | None = None,
        capacity: Literal["PreInitCapacity", "OnDemandCapacity"] | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.IMetric:
        """Workers that wait for jobs, which are paid for; see `metric_by_workers` for the arguments."""
        return self.metric_by_workers("IdleWorkerCount", worker_type, capacity, **options)

    def metric_by_workers(
        self,
        name: str,
        worker_type: str | None = None,
        capacity: Literal["PreInitCapacity", "OnDemandCapacity"] | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.IMetric:
        """A metric that the service publishes by worker type and kind of capacity, one or the sum of several.

        A sum is a search, which CloudWatch shows in dashboards and takes in no alarm.

        Args:
            name: such as `TotalWorkerCount` or `PendingCreationWorkerCount`.
            worker_type: as CloudWatch lists it, such as `SPARK_DRIVER`; default the sum of all.
            capacity: `PreInitCapacity` (initial) or `OnDemandCapacity`; default the sum of both.
            options: see `metric`.
        """
        given = {"WorkerType": worker_type, "CapacityAllocationType": capacity}
        wanted = {dimension: value for dimension, value in given.items() if value is not None}
        if len(wanted) == len(given):
            return self.metric(name, dimensions=wanted, **options)
        period = options.get("period", _MINUTE)
        terms = {**self._dimensions(), **wanted}
        query = " ".join(f'{dimension}="{value}"' for dimension, value in terms.items())
        schema = ",".join([NAMESPACE, *self._dimensions(), *given])
        statistic = options.get("statistic", cloudwatch.Stats.SUM)
        return cloudwatch.MathExpression(
            expression=f"SUM(SEARCH('{{{schema}}} MetricName=\"{name}\" {query}', "
            f"'{statistic}', {period.to_seconds()}))",
            using_metrics={},
            label=options.get("label", name),
            color=options.get("color"),
            period=period,
            search_account=options.get("account"),
            search_region=options.get("region"),
        )

    def _dimensions(self) -> dict[str, str]:
        number = releases.version(self.release.label)
        found = {"ApplicationId": self.application_id}
        if number is None or number >= _NAMED_SINCE:
            found["ApplicationName"] = self.application_name
        return found
