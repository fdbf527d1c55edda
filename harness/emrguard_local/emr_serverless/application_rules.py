"""What an application's settings must satisfy beyond the shapes of the API model.

https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_CreateApplication.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from emrguard_local.emr_serverless.configuration import by_classification
from emrguard_local.emr_serverless.errors import validation
from emrguard_local.emr_serverless.releases import Release, release
from emrguard_local.emr_serverless.sizes import MIB_PER_GB, Size, amount, worker

_CAPACITY_KEYS = {"Spark": {"DRIVER", "EXECUTOR"}, "Hive": {"DRIVER", "HIVE_DRIVER", "TEZ_TASK"}}
_IMAGE_KEYS = {"Spark": {"Driver", "Executor"}, "Hive": {"HiveDriver", "TezTask"}}
_LOG_TYPES = {
    "SPARK_DRIVER": {"STDOUT", "STDERR"},
    "SPARK_EXECUTOR": {"STDOUT", "STDERR"},
    "HIVE_DRIVER": {"STDOUT", "STDERR", "HIVE_LOG", "TEZ_AM"},
    "TEZ_TASK": {"STDOUT", "STDERR", "SYSTEM_LOGS"},
}


def with_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the service's defaults: auto-start, auto-stop after 15 minutes, X86_64, from 7.3 a queue."""
    result = copy.deepcopy(dict(settings))
    result["autoStartConfiguration"] = {"enabled": True} | result.get("autoStartConfiguration", {})
    result["autoStopConfiguration"] = {"enabled": True, "idleTimeoutMinutes": 15} | result.get(
        "autoStopConfiguration", {}
    )
    result.setdefault("architecture", "X86_64")
    if "schedulerConfiguration" in result or release(result["releaseLabel"]).has(7, 3):
        result["schedulerConfiguration"] = {"queueTimeoutMinutes": 360, "maxConcurrentRuns": 15} | result.get(
            "schedulerConfiguration", {}
        )
    return result


def check_settings(engine: str, settings: Mapping[str, Any]) -> None:
    """Check everything that an application may be given.

    Raises:
        ServiceError: ValidationException that names the member, its value and the mend.
    """
    found = release(settings["releaseLabel"])
    _engine(engine, found)
    _scheduler(settings, found)
    _images(engine, settings)
    _capacity(engine, settings)
    by_classification(settings.get("runtimeConfiguration", ()), "runtimeConfiguration")
    check_monitoring(settings.get("monitoringConfiguration", {}))
    interactive = settings.get("interactiveConfiguration", {})
    for member, version in (("studioEnabled", (6, 14)), ("livyEndpointEnabled", (6, 14)), ("sessionEnabled", (7, 13))):
        if interactive.get(member) and not found.has(*version):
            raise _too_old(f"interactiveConfiguration.{member}", found, version)
    if "identityCenterConfiguration" in settings and not found.has(7, 8):
        raise _too_old("identityCenterConfiguration", found, (7, 8))


def check_monitoring(monitoring: Mapping[str, Any]) -> None:
    """Check a monitoring configuration, of an application or a job run.

    Raises:
        ServiceError: ValidationException.
    """
    uri = monitoring.get("s3MonitoringConfiguration", {}).get("logUri")
    if uri is not None:
        scheme, _, rest = uri.partition("://")
        if scheme != "s3" or not rest.split("/")[0]:
            raise validation(f"s3MonitoringConfiguration.logUri is '{uri}'; use s3://<bucket>/<prefix>/")
    for kind, types in monitoring.get("cloudWatchLoggingConfiguration", {}).get("logTypes", {}).items():
        if kind not in _LOG_TYPES:
            raise validation(
                f"cloudWatchLoggingConfiguration.logTypes has the worker type '{kind}'; use {', '.join(_LOG_TYPES)}"
            )
        unknown = [each for each in types if each.upper() not in _LOG_TYPES[kind]]
        if unknown:
            raise validation(
                f"cloudWatchLoggingConfiguration.logTypes.{kind} has '{unknown[0]}'; "
                f"use {', '.join(sorted(_LOG_TYPES[kind]))}"
            )


def _too_old(what: str, found: Release, version: tuple[int, int]) -> Exception:
    return validation(
        f"{what} needs emr-{version[0]}.{version[1]}.0 or later; releaseLabel is {found.label}: choose a later one"
    )


def _engine(engine: str, found: Release) -> None:
    if engine == "Hive" and found.has(8, 0):
        raise validation(f"releaseLabel {found.label} has no Hive; use a release emr-6 or emr-7 for type HIVE")


def _scheduler(settings: Mapping[str, Any], found: Release) -> None:
    scheduler = settings.get("schedulerConfiguration")
    if scheduler is None:
        return
    if not found.has(7, 0):
        raise _too_old("schedulerConfiguration", found, (7, 0))
    for member, low, high in (("maxConcurrentRuns", 1, 1000), ("queueTimeoutMinutes", 15, 720)):
        if not low <= scheduler[member] <= high:
            raise validation(f"schedulerConfiguration.{member} is {scheduler[member]}; use {low} to {high}")


def _images(engine: str, settings: Mapping[str, Any]) -> None:
    specifications = settings.get("workerTypeSpecifications")
    if specifications is None:
        return
    if "imageConfiguration" in settings:
        raise validation("imageConfiguration and workerTypeSpecifications exclude each other; give one of them")
    if set(specifications) != _IMAGE_KEYS[engine]:
        raise validation(
            f"workerTypeSpecifications has the worker types {', '.join(sorted(specifications))}; "
            f"give all of {', '.join(sorted(_IMAGE_KEYS[engine]))} for type {engine.upper()}"
        )


def _capacity(engine: str, settings: Mapping[str, Any]) -> None:
    total = Size(0, 0, 0)
    for key, each in settings.get("initialCapacity", {}).items():
        if key.upper() not in _CAPACITY_KEYS[engine]:
            raise validation(
                f"initialCapacity has the worker type '{key}'; "
                f"use {', '.join(sorted(_CAPACITY_KEYS[engine]))} for type {engine.upper()}"
            )
        asked = each.get("workerConfiguration")
        if asked is None:
            size = Size(4, 16 * MIB_PER_GB, 20) if engine == "Spark" else Size(2, 6 * MIB_PER_GB, 20)
        else:
            size = worker(
                f"initialCapacity.{key}",
                amount(asked["cpu"]),
                amount(asked["memory"]) * MIB_PER_GB,
                amount(asked.get("disk", "20 GB")),
                asked.get("diskType", "STANDARD").upper(),
            )
        total += size * each["workerCount"]
    limits = settings.get("maximumCapacity")
    if limits is None:
        return
    for name, used, limit in (
        ("cpu", total.vcpu, amount(limits["cpu"])),
        ("memory", total.memory_mib / MIB_PER_GB, amount(limits["memory"])),
        ("disk", total.disk_gb, amount(limits.get("disk", f"{max(total.disk_gb, 1)} GB"))),
    ):
        if used > limit:
            raise validation(
                f"maximumCapacity.{name} is '{limits[name]}', but initialCapacity takes {used:g}; "
                "raise the maximum or start fewer workers"
            )
