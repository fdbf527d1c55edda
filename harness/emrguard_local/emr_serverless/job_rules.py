"""What StartJobRun checks and works out before a job run exists.

https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emrguard_local.emr_serverless.application_rules import check_monitoring
from emrguard_local.emr_serverless.applications import Application
from emrguard_local.emr_serverless.configuration import (
    Classified,
    by_classification,
    effective,
    monitoring,
    spark_properties,
    tokens,
)
from emrguard_local.emr_serverless.errors import unsupported, validation
from emrguard_local.emr_serverless.releases import Release
from emrguard_local.emr_serverless.workers import Workers, workers
from emrguard_local.engines.base import Engine

DEFAULT_TIMEOUT_MINUTES = 720
_LONGEST_BATCH_MINUTES = 10_080
_MOST_ATTEMPTS = 10
_DRIVER_ENVIRONMENT = "spark.emr-serverless.driverEnv."
_SECRET = "EMR.secret@"  # noqa: S105 - the marker of a reference, not a secret
_LAKE_FORMATION = "spark.emr-serverless.lakeformation.enabled"


@dataclass(frozen=True)
class JobPlan:
    """A valid StartJobRun request, worked out."""

    engine: Engine
    entry_point: str
    arguments: tuple[str, ...]
    words: tuple[str, ...]
    configuration: Classified
    environment: Mapping[str, str]
    workers: Workers
    monitoring: Mapping[str, Any]
    timeout_minutes: int
    max_attempts: int
    policies: tuple[str, ...]


def plan(application: Application, parameters: Mapping[str, Any], engines: Sequence[Engine]) -> JobPlan:
    """Check a StartJobRun request against its application.

    Raises:
        ServiceError: ValidationException that names the member, its value and the mend, or UnsupportedByLocalCloud.
    """
    release = application.release
    submit = _driver(application, parameters)
    overrides = parameters.get("configurationOverrides", {})
    configuration = effective(
        by_classification(application.settings.get("runtimeConfiguration", ()), "runtimeConfiguration"),
        by_classification(overrides.get("applicationConfiguration", ()), "applicationConfiguration"),
        release,
    )
    words = tokens(submit.get("sparkSubmitParameters", ""))
    properties = spark_properties(configuration, words)
    _refuse_unsupported(application, properties)
    check_monitoring(overrides.get("monitoringConfiguration", {}))
    watched = monitoring(
        application.settings.get("monitoringConfiguration", {}), overrides.get("monitoringConfiguration", {})
    )
    if watched.get("prometheusMonitoringConfiguration", {}).get("remoteWriteUrl"):
        raise unsupported(
            "prometheusMonitoringConfiguration",
            "override it in the job run with an empty prometheusMonitoringConfiguration",
        )
    return JobPlan(
        engine=_engine(engines, release),
        entry_point=submit["entryPoint"],
        arguments=tuple(submit.get("entryPointArguments", ())),
        words=words,
        configuration=configuration,
        environment={
            name.removeprefix(_DRIVER_ENVIRONMENT): value
            for name, value in properties.items()
            if name.startswith(_DRIVER_ENVIRONMENT)
        },
        workers=workers(properties, release),
        monitoring=watched,
        timeout_minutes=_timeout(parameters, release),
        max_attempts=_attempts(parameters, release),
        policies=_session_policies(parameters.get("executionIamPolicy", {})),
    )


def _driver(application: Application, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    if parameters.get("mode", "BATCH") == "STREAMING":
        raise unsupported("mode STREAMING", "submit the job with mode BATCH")
    driver = parameters.get("jobDriver")
    if not driver:
        raise validation("jobDriver is missing; give sparkSubmit with an entryPoint")
    kind = "Hive" if "hive" in driver else "Spark"
    if kind != application.engine:
        raise validation(
            f"jobDriver is {next(iter(driver))}, but application {application.id} has type "
            f"{application.engine.upper()}; submit to an application of type {kind.upper()}"
        )
    if kind == "Hive":
        raise unsupported("jobDriver hive", "Hive jobs cannot run here yet: use a Spark application")
    submit: Mapping[str, Any] = driver["sparkSubmit"]
    return submit


def _refuse_unsupported(application: Application, properties: Mapping[str, str]) -> None:
    images = [application.settings.get("imageConfiguration", {})]
    images += [
        each.get("imageConfiguration", {}) for each in application.settings.get("workerTypeSpecifications", {}).values()
    ]
    if any("imageUri" in each for each in images):
        raise unsupported(
            f"The custom image of application {application.id}",
            "give an application without imageConfiguration, with the image's Python packages passed by the job",
        )
    for name, value in properties.items():
        if value.startswith(_SECRET):
            raise unsupported(f"The reference to a secret in {name}", "read the secret in the job's own code")
    if properties.get(_LAKE_FORMATION, "false").lower() == "true":
        raise unsupported(_LAKE_FORMATION, "set it to false for local runs: access would be wider here than in AWS")


def _engine(engines: Sequence[Engine], release: Release) -> Engine:
    for each in engines:
        if each.supports(release.label):
            return each
    raise unsupported(
        f"releaseLabel {release.label}", "no engine runs it: use an application with another release label"
    )


def _timeout(parameters: Mapping[str, Any], release: Release) -> int:
    minutes: int = parameters.get("executionTimeoutMinutes", DEFAULT_TIMEOUT_MINUTES)
    if minutes == 0:
        raise validation("executionTimeoutMinutes is 0, which BATCH job runs do not take any more; give 1 or more")
    if minutes > _LONGEST_BATCH_MINUTES and release.has(7, 11):
        raise validation(
            f"executionTimeoutMinutes is {minutes}; BATCH job runs take at most {_LONGEST_BATCH_MINUTES} "
            f"with {release.label}"
        )
    return minutes


def _attempts(parameters: Mapping[str, Any], release: Release) -> int:
    policy = parameters.get("retryPolicy", {})
    if "maxFailedAttemptsPerHour" in policy:
        raise validation("retryPolicy.maxFailedAttemptsPerHour is for mode STREAMING; give maxAttempts")
    attempts: int = policy.get("maxAttempts", 1)
    if attempts > _MOST_ATTEMPTS:
        raise validation(f"retryPolicy.maxAttempts is {attempts}; use 1 to {_MOST_ATTEMPTS}")
    if attempts > 1 and not release.has(7, 1):
        raise validation(f"retryPolicy needs emr-7.1.0 or later; the application has {release.label}")
    return attempts


def _session_policies(policy: Mapping[str, Any]) -> tuple[str, ...]:
    if policy.get("policyArns"):
        raise unsupported("executionIamPolicy.policyArns", "give the policy itself in executionIamPolicy.policy")
    text = policy.get("policy")
    if text is None:
        return ()
    try:
        document = json.loads(text)
    except ValueError as error:
        raise validation(f"executionIamPolicy.policy is not JSON: {error}") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise validation("executionIamPolicy.policy is no policy document: it has no Statement")
    return (text,)
