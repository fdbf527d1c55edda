"""Job runs as data: what to run, and the request of StartJobRun that keeps the guardrails of the application."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from emrguard import _arguments
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.hive_application import HiveApplication
from emrguard.release_label import demand
from emrguard.spark_application import SparkApplication
from emrguard_policies.releases import Feature

_PLACE = re.compile(r"(?:s3://[^/\s]+/|local:///|/)\S+")
_QUERY = re.compile(r"s3://[^/\s]+/\S+")
_NAME = re.compile(r"[A-Za-z0-9._/#-]{1,256}")
_TAG_NAME = re.compile(r"[A-Za-z0-9 /_.:=+@-]{1,128}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_UNSAFE_OPTIONS = ("--conf", "-c", "--properties-file")
_LONGEST_ARGUMENT, _LONGEST_PARAMETERS = 10280, 102400


@dataclass(frozen=True, kw_only=True)
class Job:
    """What jobs of all engines have in common. Not public: `SparkJob` and `HiveJob` are.

    Args:
        name: name of the run, 1 to 256 characters, default none.
        timeout: when the run is cancelled, 1 minute to 7 days, default 1 hour; a streaming job has none by default.
        attempts: how often the run is tried in all, 1 to 10, default 1. Needs emr-7.1.0 for more than one.
        allowed: what this run may do at most, see `ExecutionRole.scoped_down`; it needs the logs, too. Default all that
            the execution role may.
        tags: tags of the run, default none; AWS does not copy those of the application. Whoever submits needs
            `emr-serverless:TagResource` for them.
    """

    name: str | None = None
    timeout: cdk.Duration | None = None
    attempts: int = 1
    allowed: Sequence[iam.PolicyStatement] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SparkJob(Job):
    """A Spark job, as data; `TenantApplication.job_request` makes the request of it.

    ```python
    import aws_cdk as cdk
    from emrguard import SparkJob, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    tenant = Tenant(stack, "Tenant", name="flights")
    delays = SparkJob(
        entry_point=f"s3://{tenant.data.bucket_name}/jobs/delays_by_carrier.py",
        arguments=[f"s3://{tenant.data.bucket_name}/input/", f"s3://{tenant.data.bucket_name}/output/"],
        spark_defaults={"spark.executor.memory": "8g"},
        timeout=cdk.Duration.minutes(30),
    )
    request = tenant.applications["flights"].job_request(delays)
    cdk.CfnOutput(stack, "DelaysRequest", value=stack.to_json_string(request))
    ```

    Args:
        entry_point: `s3://…` URI of a script or jar, or the path of one in the image.
        arguments: of the entry point, default none. Never a secret: whoever may call GetJobRun reads them.
        main_class: main class of a jar, default none.
        submit_options: words of `sparkSubmitParameters` such as `["--py-files", "s3://…"]`, default none. Settings go
            into `spark_defaults`, where those that encrypt the traffic between workers cannot be taken off.
        spark_defaults: properties for this run, beside the application's, default none.
        failed_attempts_an_hour: makes it a streaming job, which is tried again for ever but so many times an hour at
            most, 1 to 10. Needs emr-7.1.0. Default None, a batch job.
        name: name of the run, 1 to 256 characters, default none.
        timeout: when the run is cancelled, 1 minute to 7 days, default 1 hour; a streaming job has none by default.
        attempts: how often a batch job is tried in all, 1 to 10, default 1. Needs emr-7.1.0 for more than one.
        allowed: what this run may do at most, see `ExecutionRole.scoped_down`; it needs the logs, too. Default all that
            the execution role may.
        tags: tags of the run, default none; AWS does not copy those of the application. Whoever submits needs
            `emr-serverless:TagResource` for them.
    """

    entry_point: str
    arguments: Sequence[str] = ()
    main_class: str | None = None
    submit_options: Sequence[str] = ()
    spark_defaults: Mapping[str, str] = field(default_factory=dict)
    failed_attempts_an_hour: int | None = None


@dataclass(frozen=True, kw_only=True)
class HiveJob(Job):
    """A Hive query, as data; `TenantApplication.job_request` makes the request of it.

    ```python
    import aws_cdk as cdk
    from emrguard import HiveJob, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    tenant = Tenant(stack, "Tenant", name="flights")
    why = "public data in the tenant's own subnets"
    sql = tenant.add_hive_application("sql", plaintext_between_workers_because=why)
    query = f"s3://{tenant.data.bucket_name}/jobs/count.sql"
    request = sql.job_request(HiveJob(query=query, variables={"year": "2013"}))
    ```

    Args:
        query: `s3://…` URI of the file with the query.
        init_query_file: `s3://…` URI of a file that runs before it, default none.
        variables: for `${hivevar:…}` in the query, default none. Values have no spaces or quotes.
        hive_site: properties for this run, beside the application's, default none.
        name: name of the run, 1 to 256 characters, default none.
        timeout: when the run is cancelled, 1 minute to 7 days, default 1 hour.
        attempts: how often the run is tried in all, 1 to 10, default 1. Needs emr-7.1.0 for more than one.
        allowed: what this run may do at most, see `ExecutionRole.scoped_down`; it needs the logs, too. Default all that
            the execution role may.
        tags: tags of the run, default none; AWS does not copy those of the application. Whoever submits needs
            `emr-serverless:TagResource` for them.
    """

    query: str
    init_query_file: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    hive_site: Mapping[str, str] = field(default_factory=dict)


def request(
    application: SparkApplication | HiveApplication, execution_role: ExecutionRole, job: SparkJob | HiveJob
) -> dict[str, Any]:
    """The request of StartJobRun for a job, with names as boto3 has them.

    https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html

    Raises:
        ArgumentError: the job is for another engine, or a value is outside of what the service takes.
    """
    path = application.node.path
    wanted = SparkJob if isinstance(application, SparkApplication) else HiveJob
    if not isinstance(job, wanted):
        mend = f"the application is for {application.engine}: write {wanted.__name__}(…)"
        raise ArgumentError(path, "job", type(job).__name__, mend)
    if isinstance(job, SparkJob):
        driver, settings = _spark_driver(path, job), job.spark_defaults
    else:
        driver, settings = _hive_driver(path, job), job.hive_site
    found: dict[str, Any] = {
        "applicationId": application.application_id,
        "executionRoleArn": execution_role.role_arn,
        "jobDriver": driver,
        "configurationOverrides": {"applicationConfiguration": application.job_configuration(settings)},
        **_limits(application, job),
    }
    if job.name is not None:
        _check(path, "name", job.name, _NAME, "write 1 to 256 letters, digits and ._/#-")
        found["name"] = job.name
    if job.allowed:
        found["executionIamPolicy"] = {"policy": execution_role.scoped_down(job.allowed)}
    if job.tags:
        for name in job.tags:
            if name.lower().startswith(("aws:", "emrguard:")):
                raise ArgumentError(path, "tags", name, "choose a name that does not start with 'aws:' or 'emrguard:'")
            _check(path, "tags", name, _TAG_NAME, "write 1 to 128 letters, digits, spaces and /_.:=+@-")
        found["tags"] = dict(job.tags)
    return found


def _spark_driver(path: str, job: SparkJob) -> dict[str, Any]:
    _check(path, "entry_point", job.entry_point, _PLACE, "write s3://<bucket>/<key>, or a path in the image")
    arguments = _words(path, "arguments", job.arguments)
    for value in arguments:
        if not unresolved(value) and not 1 <= len(value) <= _LONGEST_ARGUMENT:
            raise ArgumentError(path, "arguments", value, f"write 1 to {_LONGEST_ARGUMENT} characters")
    options = _words(path, "submit_options", job.submit_options)
    for word in options:
        if word.partition("=")[0] in _UNSAFE_OPTIONS:
            mend = "write spark_defaults={…}: there the settings that encrypt the traffic between workers stay on"
            raise ArgumentError(path, "submit_options", word, mend)
    if job.main_class is not None:
        options = ["--class", job.main_class, *options]
    parameters = _joined(path, "submit_options", options)
    return {
        "sparkSubmit": {
            "entryPoint": job.entry_point,
            **({"entryPointArguments": arguments} if arguments else {}),
            **({"sparkSubmitParameters": parameters} if parameters else {}),
        }
    }


def _hive_driver(path: str, job: HiveJob) -> dict[str, Any]:
    mend = "write s3://<bucket>/<key> of a file"
    _check(path, "query", job.query, _QUERY, mend)
    if job.init_query_file is not None:
        _check(path, "init_query_file", job.init_query_file, _QUERY, mend)
    words = []
    for name, value in job.variables.items():
        _check(path, "variables", name, _VARIABLE, "write letters, digits, '_' and '.', a letter or '_' first")
        words += ["--hivevar", f"{name}={value}"]
    parameters = _joined(path, "variables", words)
    return {
        "hive": {
            "query": job.query,
            **({"initQueryFile": job.init_query_file} if job.init_query_file is not None else {}),
            **({"parameters": parameters} if parameters else {}),
        }
    }


def _limits(application: SparkApplication | HiveApplication, job: SparkJob | HiveJob) -> dict[str, Any]:
    """When a run ends, and how often it is tried."""
    path = application.node.path
    streaming = job.failed_attempts_an_hour if isinstance(job, SparkJob) else None
    found: dict[str, Any] = {}
    if streaming is None or job.timeout is not None:
        timeout = job.timeout or cdk.Duration.hours(1)
        found["executionTimeoutMinutes"] = _arguments.minutes(application, "timeout", timeout, 1, 10080)
    attempts = _arguments.whole_number(application, "attempts", job.attempts, 1, 10, "attempts")
    if streaming is not None:
        if attempts != 1:
            raise ArgumentError(path, "attempts", attempts, "leave it out: a streaming job has failed_attempts_an_hour")
        demand(path, "release_label", application.release, Feature.STREAMING)
        most = _arguments.whole_number(application, "failed_attempts_an_hour", streaming, 1, 10, "attempts")
        return {**found, "mode": "STREAMING", "retryPolicy": {"maxFailedAttemptsPerHour": most}}
    if attempts != 1:
        demand(path, "release_label", application.release, Feature.RETRIES)
        found["retryPolicy"] = {"maxAttempts": attempts}
    return found


def _words(path: str, argument: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(isinstance(word, str) for word in given):
        raise ArgumentError(path, argument, given, "write a list of strings")
    return list(given)


def _joined(path: str, argument: str, words: Sequence[str]) -> str:
    for word in words:
        if not word or (not unresolved(word) and re.search(r"[\s'\"\\]", word)):
            raise ArgumentError(path, argument, word, "write words without spaces, quotes and backslashes")
    text = " ".join(words)
    if len(text) > _LONGEST_PARAMETERS:
        mend = f"StartJobRun takes {_LONGEST_PARAMETERS} characters in all"
        raise ArgumentError(path, argument, f"{len(text)} characters", mend)
    return text


def _check(path: str, argument: str, value: str, pattern: re.Pattern[str], mend: str) -> None:
    if not isinstance(value, str) or (not unresolved(value) and not pattern.fullmatch(value)):
        raise ArgumentError(path, argument, value, mend)
