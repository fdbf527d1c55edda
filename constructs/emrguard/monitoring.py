"""What an application tells about its jobs, and to whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_emrserverless as emrserverless
from constructs import Construct

from emrguard import _prometheus
from emrguard._engine import Engine
from emrguard._kept import unresolved
from emrguard._reasons import Reasons
from emrguard.exceptions import ArgumentError
from emrguard.interfaces import IApplicationKey, IJobLogs
from emrguard.release_label import ReleaseLabel, demand
from emrguard_policies.releases import Feature

_STREAM_PREFIX = re.compile(r"[^:*]{1,512}")


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """Where logs and metrics go, beside the log bucket, which always gets all logs.

    Like all settings of an application these are defaults that a job can override.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html

    Args:
        log_types: what goes to CloudWatch, by worker type. Spark: `SPARK_DRIVER` and `SPARK_EXECUTOR` have `STDOUT` and
            `STDERR`. Hive: `HIVE_DRIVER` has these and `HIVE_LOG` and `TEZ_AM`, `TEZ_TASK` these and `SYSTEM_LOGS`.
            Default all of the driver.
        log_stream_prefix: before the names of log streams, up to 512 characters without `:` and `*`, default none.
        prometheus_url: remote write URL of an Amazon Managed Service for Prometheus workspace of this account, default
            none. Needs Spark and emr-7.1.0. `grant_submit` of the application lets the execution role write there, and
            the network has a VPC endpoint for it.
        no_managed_logs_because: turns the service's own storage of logs off, for this reason; the Spark UI of finished
            jobs then stays empty. Default None: on, encrypted with the tenant's key.
        no_cloudwatch_because: turns logs in CloudWatch off, for this reason. Default None: on.
    """

    log_types: Mapping[str, Sequence[str]] | None = None
    log_stream_prefix: str | None = None
    prometheus_url: str | None = None
    no_managed_logs_because: str | None = None
    no_cloudwatch_because: str | None = None


def render(
    scope: Construct,
    given: Monitoring,
    engine: Engine,
    logs: IJobLogs,
    key: IApplicationKey,
    release: ReleaseLabel,
    reasons: Reasons,
) -> emrserverless.CfnApplication.MonitoringConfigurationProperty:
    """The monitoring configuration as CloudFormation has it.

    Raises:
        ArgumentError: a value is not one of the service's for the engine, or the release is too old for Prometheus.
    """
    l1 = emrserverless.CfnApplication
    log_types = _log_types(scope, given, engine)
    _check(scope, given, engine)
    if given.prometheus_url is not None:
        demand(scope.node.path, "release_label", release, Feature.PROMETHEUS)
    managed = not reasons.take("monitoring.no_managed_logs_because", given.no_managed_logs_because)
    cloudwatch = not reasons.take("monitoring.no_cloudwatch_because", given.no_cloudwatch_because)
    return l1.MonitoringConfigurationProperty(
        s3_monitoring_configuration=l1.S3MonitoringConfigurationProperty(
            log_uri=logs.log_uri, encryption_key_arn=key.key_arn
        ),
        managed_persistence_monitoring_configuration=l1.ManagedPersistenceMonitoringConfigurationProperty(
            enabled=managed, encryption_key_arn=key.key_arn if managed else None
        ),
        cloud_watch_logging_configuration=l1.CloudWatchLoggingConfigurationProperty(
            enabled=True,
            log_group_name=logs.log_group_name,
            log_stream_name_prefix=given.log_stream_prefix,
            encryption_key_arn=key.key_arn,
            log_type_map=[
                l1.LogTypeMapKeyValuePairProperty(key=worker, value=list(types)) for worker, types in log_types.items()
            ],
        )
        if cloudwatch
        else l1.CloudWatchLoggingConfigurationProperty(enabled=False),
        prometheus_monitoring_configuration=l1.PrometheusMonitoringConfigurationProperty(
            remote_write_url=given.prometheus_url
        )
        if given.prometheus_url is not None
        else None,
    )


def _log_types(scope: Construct, given: Monitoring, engine: Engine) -> Mapping[str, Sequence[str]]:
    known = engine.log_types
    if given.log_types is None:
        driver = next(iter(known))
        return {driver: known[driver]}
    if not given.log_types:
        raise ArgumentError(
            scope.node.path, "monitoring.log_types", {}, "name a worker type, or say no_cloudwatch_because"
        )
    for worker, types in given.log_types.items():
        where = "monitoring.log_types"
        if worker not in known:
            raise ArgumentError(scope.node.path, where, worker, f"write {' or '.join(known)}")
        if isinstance(types, str) or not types or len(set(types)) != len(types) or not set(types) <= set(known[worker]):
            mend = f"list {', '.join(known[worker][:-1])} and {known[worker][-1]}, or one of them, each once"
            raise ArgumentError(scope.node.path, f"{where}[{worker!r}]", types, mend)
    return given.log_types


def _check(scope: Construct, given: Monitoring, engine: Engine) -> None:
    if given.prometheus_url is not None and not engine.prometheus:
        mend = f"leave it out: EMR Serverless sends metrics of Spark to Prometheus, none of {engine.name}"
        raise ArgumentError(scope.node.path, "monitoring.prometheus_url", given.prometheus_url, mend)
    prefix = given.log_stream_prefix
    if prefix is not None and not unresolved(prefix) and not _STREAM_PREFIX.fullmatch(prefix):
        mend = "write up to 512 characters without ':' and '*'"
        raise ArgumentError(scope.node.path, "monitoring.log_stream_prefix", prefix, mend)
    if given.prometheus_url is not None:
        _prometheus.check(scope, given.prometheus_url)
