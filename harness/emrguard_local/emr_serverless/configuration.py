"""Configuration of a job run: which level wins.

`sparkSubmitParameters` beat the job's applicationConfiguration, which beats the application's runtimeConfiguration:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/default-configs.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from emrguard_local.emr_serverless.errors import validation
from emrguard_local.emr_serverless.releases import Release

Classified = dict[str, dict[str, str]]

_FLAGS = {
    "--driver-memory": "spark.driver.memory",
    "--driver-cores": "spark.driver.cores",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
}


def by_classification(configurations: Sequence[Mapping[str, Any]], where: str, parent: str = "") -> Classified:
    """A ConfigurationList as a mapping; a nested configuration's classification is `outer.inner`.

    Raises:
        ServiceError: ValidationException; a classification occurs twice.
    """
    result: Classified = {}
    for each in configurations:
        name = f"{parent}{each['classification']}"
        if name in result:
            raise validation(f"{where} has the classification '{name}' twice; put its properties into one")
        result[name] = dict(each.get("properties", {}))
        result |= by_classification(each.get("configurations", ()), where, f"{name}.")
    return result


def effective(application: Classified, job: Classified, release: Release) -> Classified:
    """The job's classification replaces the application's; from emr-spark-8.1 on its properties are merged in."""
    result = {name: dict(properties) for name, properties in application.items()}
    for name, properties in job.items():
        result[name] = (result.get(name, {}) | properties) if release.has(8, 1) else dict(properties)
    return result


def monitoring(application: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """The effective monitoring configuration: each type of it comes whole from the job where the job has it."""
    return {**application, **job}


def tokens(parameters: str) -> tuple[str, ...]:
    """The words of `sparkSubmitParameters`.

    Raises:
        ServiceError: ValidationException; a quote is not closed.
    """
    try:
        return tuple(shlex.split(parameters))
    except ValueError as error:
        raise validation(f"sparkSubmitParameters cannot be split into words: {error}; close the quote") from None


def submitted(words: Sequence[str]) -> dict[str, str]:
    """The Spark properties that the words of `sparkSubmitParameters` set; the dedicated flags beat `--conf`.

    Raises:
        ServiceError: ValidationException; a flag has no value, or `--conf` has no `key=value`.
    """
    properties: dict[str, str] = {}
    flags: dict[str, str] = {}
    position = 0
    while position < len(words):
        flag, joined, value = words[position].partition("=")
        position += 1
        if flag not in _FLAGS and flag not in {"--conf", "-c"}:
            continue
        if not joined:
            if position == len(words):
                raise validation(f"sparkSubmitParameters end with {flag}; give it a value")
            value = words[position]
            position += 1
        if flag in _FLAGS:
            flags[_FLAGS[flag]] = value
            continue
        key, equals, setting = value.partition("=")
        if not equals:
            raise validation(f"sparkSubmitParameters have --conf '{value}'; write it as --conf key=value")
        properties[key] = setting
    return properties | flags


def spark_properties(configuration: Classified, words: Sequence[str]) -> dict[str, str]:
    """The job's Spark properties as submitted, before the script's own SparkSession settings."""
    return configuration.get("spark-defaults", {}) | submitted(words)
