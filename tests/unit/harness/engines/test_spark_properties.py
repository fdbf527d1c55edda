"""What a job's configuration becomes on this machine, and what the job's log says about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from emrguard_local.engines.base import JobSpec, WorkerSize
from emrguard_local.engines.spark.options import SubmitOptions
from emrguard_local.engines.spark.properties import LocalJob, local_job, mebibytes
from emrguard_local.exceptions import EngineError

SMALL = WorkerSize(1, 2048)


def _job(
    *,
    submitted: Mapping[str, str] | None = None,
    configuration: Mapping[str, Mapping[str, str]] | None = None,
    driver: WorkerSize = SMALL,
    executor: WorkerSize = SMALL,
    max_executors: int = 1,
) -> LocalJob:
    spec = JobSpec(
        application_id="00app",
        job_run_id="00run",
        release_label="emr-7.14.0",
        entry_point="s3://b/jobs/main.py",
        entry_point_arguments=(),
        spark_submit_parameters=(),
        configuration=configuration or {},
        driver=driver,
        executor=executor,
        max_executors=max_executors,
        region="eu-west-1",
        endpoint_url="http://127.0.0.1:1",
        credentials_uri="http://127.0.0.1:1/c",
        credentials_token="t",
        work_dir=Path("/w"),
        environment={"FROM_SERVICE": "1"},
    )
    return local_job(spec, SubmitOptions(dict(submitted or {})))


def test_submitted_properties_win_over_configuration() -> None:
    """AWS's precedence: sparkSubmitParameters before spark-defaults, both before the engine's defaults."""
    job = _job(
        submitted={"spark.x": "submitted"},
        configuration={
            "spark-defaults": {"spark.x": "configured", "spark.y": "configured", "spark.ui.enabled": "true"}
        },
    )
    assert job.properties["spark.x"] == "submitted"
    assert job.properties["spark.y"] == "configured"
    assert job.properties["spark.ui.enabled"] == "true"
    assert job.properties["spark.app.name"] == "main.py"


def test_classifications_reach_hadoop_the_environment_and_the_log() -> None:
    """core-site, hive-site, spark-env and spark-log4j2 take effect; one that cannot is said so."""
    job = _job(
        configuration={
            "core-site": {"fs.s3.maxRetries": "7"},
            "hive-site": {"hive.exec.dynamic.partition.mode": "nonstrict"},
            "spark-env.export": {"COLOUR": "red"},
            "spark-log4j2": {"rootLogger.level": "info"},
            "presto-log": {"x": "y"},
        }
    )
    assert job.properties["spark.hadoop.fs.s3.maxRetries"] == "7"
    assert job.properties["spark.hadoop.hive.exec.dynamic.partition.mode"] == "nonstrict"
    assert job.variables == {"COLOUR": "red", "FROM_SERVICE": "1"}
    assert job.log_lines == ("rootLogger.level = info",)
    assert any("presto-log" in note for note in job.notes)


@pytest.mark.parametrize(
    "name",
    [
        "spark.master",
        "spark.submit.deployMode",
        "spark.executor.instances",
        "spark.dynamicAllocation.maxExecutors",
        "spark.emr-serverless.executor.disk",
        "spark.ssl.internode.enabled",
        "spark.authenticate.secret",
        "spark.network.crypto.enabled",
        "spark.kubernetes.namespace",
        "spark.hadoop.fs.s3.impl",
        "spark.local.dir",
    ],
)
def test_settings_of_a_cluster_are_replaced_and_said(name: str) -> None:
    """What only a cluster can follow does not break the job, and the log names it."""
    job = _job(submitted={name: "asked"})
    assert job.properties.get(name) != "asked"
    assert any(note.startswith(f"{name}=asked is not used: ") for note in job.notes)


def test_s3_goes_to_the_local_cloud() -> None:
    """Every scheme is served by the connector, with the spec's endpoint and region; a job cannot point it elsewhere."""
    job = _job(submitted={"spark.hadoop.fs.s3.emrguard.endpoint": "http://elsewhere"})
    for scheme in ("s3", "s3a", "s3n"):
        assert job.properties[f"spark.hadoop.fs.{scheme}.impl"] == "io.emrguard.fs.S3FileSystem"
    assert job.properties["spark.hadoop.fs.s3.emrguard.endpoint"] == "http://127.0.0.1:1"
    assert job.properties["spark.hadoop.fs.s3.emrguard.region"] == "eu-west-1"


def test_variables_for_driver_and_executors() -> None:
    """Both kinds of environment settings reach the one process; the driver's wins, keys do not get through."""
    job = _job(
        submitted={
            "spark.executorEnv.A": "executor",
            "spark.emr-serverless.driverEnv.A": "driver",
            "spark.emr-serverless.driverEnv.AWS_ACCESS_KEY_ID": "AKIA",
            "spark.executorEnv.PYSPARK_PYTHON": "/usr/bin/python3.9",
        }
    )
    assert job.variables == {"A": "driver", "FROM_SERVICE": "1"}
    assert any("AWS_ACCESS_KEY_ID" in note for note in job.notes)
    assert any("PYSPARK_PYTHON=/usr/bin/python3.9" in note for note in job.notes)
    assert "spark.executorEnv.PYSPARK_PYTHON" not in job.properties


def test_an_interpreter_out_of_an_archive_is_refused() -> None:
    """The job would lack its packages; the message says what to do instead."""
    with pytest.raises(EngineError, match="--py-files"):
        _job(submitted={"spark.emr-serverless.driverEnv.PYSPARK_PYTHON": "./environment/bin/python"})


def test_the_glue_catalog_is_refused() -> None:
    """No job runs against an empty metastore where it expects the Glue Data Catalog."""
    factory = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
    with pytest.raises(EngineError, match="Glue Data Catalog is not supported"):
        _job(submitted={"spark.hadoop.hive.metastore.client.factory.class": factory})


def test_the_heap_is_the_larger_workers() -> None:
    """Memory less 10 %, at least 384 MiB, of overhead; an explicit size holds; never more than the machine has."""
    assert _job(driver=WorkerSize(1, 2048), executor=WorkerSize(1, 2048)).heap_mib == 2048 - 384
    assert _job(submitted={"spark.driver.memory": "512m", "spark.executor.memory": "1g"}).heap_mib == 1024
    machine = psutil.virtual_memory().total // (1024 * 1024)
    job = _job(executor=WorkerSize(32, 10 * machine))
    assert job.heap_mib < machine
    assert any("heap" in note for note in job.notes)


def test_cores_are_the_executors_within_the_machine() -> None:
    """All executors' cores together, but no more than there are; a task is tried four times, as on a cluster."""
    available = os.cpu_count() or 1
    assert _job(executor=WorkerSize(1, 2048)).properties["spark.master"] == "local[1,4]"
    job = _job(executor=WorkerSize(4, 8192), max_executors=1000)
    assert job.properties["spark.master"] == f"local[{available},4]"
    assert any("cores" in note for note in job.notes)
    assert _job(submitted={"spark.task.maxFailures": "1"}).properties["spark.master"] == "local[1,1]"


@pytest.mark.parametrize(
    ("text", "expected"), [("4g", 4096), ("14G", 14336), ("512m", 512), ("2048", 2048), ("1tb", 1 << 20)]
)
def test_memory_sizes(text: str, expected: int) -> None:
    """Sizes as Spark writes them; without a unit they are MiB."""
    assert mebibytes(text) == expected


def test_a_wrong_memory_size_is_an_error() -> None:
    """The value found and the form wanted are named."""
    with pytest.raises(EngineError, match="'lots'"):
        mebibytes("lots")
