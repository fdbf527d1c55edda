"""The Spark properties of a job on this machine: what the job asks for, less what only a cluster has, plus our own."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from emrguard_local.engines.base import JobSpec, WorkerSize
from emrguard_local.engines.spark.options import SubmitOptions
from emrguard_local.exceptions import EngineError

_MIB = 1024 * 1024
_MINIMAL_OVERHEAD_MIB = 384  # EMR Serverless User Guide, "Spark job properties": 10 % of the memory, at least this
_OVERHEAD = 0.1
_SHARE_OF_MACHINE = 0.8
_UNITS = {"b": 1, "k": 1024, "m": _MIB, "g": 1024 * _MIB, "t": 1024 * 1024 * _MIB}
_HADOOP = {"core-site", "hdfs-site", "hive-site", "mapred-site", "yarn-site"}
_OWN_FILE_SYSTEM = "io.emrguard.fs.S3FileSystem"

# Properties that only a cluster can follow, and what becomes of them here.
_REPLACED = (
    (re.compile(r"spark\.master|spark\.submit\.deployMode"), "the job runs in one JVM on this machine"),
    (re.compile(r"spark\.(executor\.instances|cores\.max|dynamicAllocation\..*)"), "there are no separate executors"),
    (re.compile(r"spark\.shuffle\.service\..*"), "there is no external shuffle service"),
    (re.compile(r"spark\.(authenticate.*|network\.crypto\..*|ssl\..*)"), "no data travels between workers"),
    (re.compile(r"spark\.(kubernetes|yarn)\..*"), "there is no cluster manager"),
    (re.compile(r"spark\.emr-serverless\.(?!driverEnv\.).*"), "it is a setting of the service"),
    (re.compile(r"spark\.aws\.serverlessStorage\..*"), "shuffle data stays on the local disk"),
    (re.compile(r"spark\.hadoop\.fs\.(s3|s3a|s3n)\.impl"), "s3:// is served by emrguard's own file system"),
    (re.compile(r"spark\.hadoop\.fs\.s3\.emrguard\..*"), "it is emrguard's own"),
    (re.compile(r"spark\.local\.dir"), "it is the job's own directory"),
)
_DRIVER_VARIABLE = "spark.emr-serverless.driverEnv."
_EXECUTOR_VARIABLE = "spark.executorEnv."
_INTERPRETERS = {"PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"}
_RESERVED_VARIABLES = re.compile(r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|CONTAINER_.*|ENDPOINT_URL.*)")


@dataclass(frozen=True)
class LocalJob:
    """How the job is run here: Spark properties, environment, heap, …; `notes` say what was changed and why."""

    properties: Mapping[str, str]
    variables: Mapping[str, str]
    heap_mib: int
    cores: int
    log_lines: tuple[str, ...]
    hadoop: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass
class _Draft:
    properties: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    log_lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def local_job(spec: JobSpec, options: SubmitOptions) -> LocalJob:
    """Work out the properties; sparkSubmitParameters win over the job's configuration, as on EMR Serverless.

    Raises:
        EngineError: a property has no meaning that this machine could keep.
    """
    draft = _Draft({})
    _take_configuration(draft, spec.configuration)
    draft.properties |= options.properties
    asked = dict(draft.properties)
    _refuse_glue(asked)
    _drop_what_is_a_clusters(draft)
    _take_variables(draft)
    draft.variables |= spec.environment
    _refuse_variables(draft)
    heap = _heap(spec, asked, draft.notes)
    cores = _cores(spec, draft.notes)
    hadoop = _hadoop(spec)
    defaults = {
        "spark.app.name": Path(spec.entry_point).name,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
        "spark.sql.warehouse.dir": (spec.work_dir / "warehouse").as_uri(),
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",  # EMR's default
    }
    own = {
        "spark.master": f"local[{cores},{asked.get('spark.task.maxFailures', '4')}]",  # Spark's default on a cluster
        "spark.submit.deployMode": "client",
        "spark.driver.memory": f"{heap}m",
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
    } | {f"spark.hadoop.{name}": value for name, value in hadoop.items()}
    return LocalJob(
        defaults | draft.properties | own,
        draft.variables,
        heap,
        cores,
        tuple(draft.log_lines),
        hadoop,
        tuple(draft.notes),
    )


def mebibytes(text: str, default_unit: str = "m") -> int:
    """A size as Spark writes it (`14G`, `512m`, `2048`), in MiB, rounded down.

    Raises:
        EngineError: it is no size.
    """
    found = re.fullmatch(r"(\d+)([bkmgt]?)b?", text.strip().lower())
    if not found:
        raise EngineError(f"{text!r} is no memory size: write it like 4g or 4096m")
    return int(found[1]) * _UNITS[found[2] or default_unit] // _MIB


def _take_configuration(draft: _Draft, configuration: Mapping[str, Mapping[str, str]]) -> None:
    for classification, settings in configuration.items():
        if classification == "spark-defaults":
            draft.properties |= settings
        elif classification in _HADOOP:
            draft.properties |= {f"spark.hadoop.{name}": value for name, value in settings.items()}
        elif classification in {"spark-env", "spark-env.export", "export"}:
            draft.variables |= settings
        elif classification == "spark-log4j2":
            draft.log_lines += [f"{name} = {value}" for name, value in settings.items()]
        else:
            draft.notes.append(f"classification {classification} has no effect on the local Spark engine")


def _refuse_glue(properties: Mapping[str, str]) -> None:
    factory = properties.get("spark.hadoop.hive.metastore.client.factory.class", "")
    if "glue" in factory.lower():
        raise EngineError(
            "the AWS Glue Data Catalog is not supported by the local Spark engine: remove "
            "spark.hadoop.hive.metastore.client.factory.class, the job then has a Hive metastore of its own"
        )


def _drop_what_is_a_clusters(draft: _Draft) -> None:
    for name in sorted(draft.properties):
        reason = next((reason for pattern, reason in _REPLACED if pattern.fullmatch(name)), None)
        if reason:
            draft.notes.append(f"{name}={draft.properties.pop(name)} is not used: {reason}")


def _take_variables(draft: _Draft) -> None:
    for name in [each for each in draft.properties if each.startswith((_DRIVER_VARIABLE, _EXECUTOR_VARIABLE))]:
        driver = name.startswith(_DRIVER_VARIABLE)
        variable = name.removeprefix(_DRIVER_VARIABLE if driver else _EXECUTOR_VARIABLE)
        value = draft.properties.pop(name) if driver else draft.properties[name]
        if driver or variable not in draft.variables:
            draft.variables[variable] = value
        if variable in _INTERPRETERS:
            draft.properties.pop(name, None)


def _refuse_variables(draft: _Draft) -> None:
    for name in _INTERPRETERS & draft.variables.keys():
        path = draft.variables.pop(name)
        if path.startswith("."):
            raise EngineError(
                f"{name}={path} is an interpreter out of spark.archives, which the local Spark engine does not unpack "
                "into the working directory: pass the packages with --py-files and remove the variable"
            )
        draft.notes.append(f"{name}={path} is not used: jobs run with the Python of the engine environment")
    for name in [each for each in draft.variables if _RESERVED_VARIABLES.fullmatch(each)]:
        del draft.variables[name]
        draft.notes.append(f"environment variable {name} is not used: the job runs as its execution role")


def _heap(spec: JobSpec, asked: Mapping[str, str], notes: list[str]) -> int:
    """Driver and tasks share one JVM, so its heap is that of the larger worker."""
    driver = _heap_of(spec.driver, asked.get("spark.driver.memory"))
    executor = _heap_of(spec.executor, asked.get("spark.executor.memory"))
    wanted = max(driver, executor)
    limit = int(psutil.virtual_memory().total / _MIB * _SHARE_OF_MACHINE)
    if wanted > limit:
        notes.append(f"the heap is {limit} MiB instead of {wanted} MiB: this machine has no more")
    return min(wanted, limit)


def _heap_of(worker: WorkerSize, asked: str | None) -> int:
    if asked:
        return mebibytes(asked)
    return min(math.floor(worker.memory_mib / (1 + _OVERHEAD)), worker.memory_mib - _MINIMAL_OVERHEAD_MIB)


def _cores(spec: JobSpec, notes: list[str]) -> int:
    wanted = max(1, spec.executor.vcpu * spec.max_executors)
    available = os.cpu_count() or 1
    if wanted > available:
        notes.append(f"tasks run on {available} cores instead of {wanted}: this machine has no more")
    return min(wanted, available)


def _hadoop(spec: JobSpec) -> dict[str, str]:
    schemes = ("s3", "s3a", "s3n")
    return {f"fs.{scheme}.impl": _OWN_FILE_SYSTEM for scheme in schemes} | {
        "fs.s3.emrguard.endpoint": spec.endpoint_url,
        "fs.s3.emrguard.region": spec.region,
    }
