"""Worker sizes, configuration precedence and utilization: the arithmetic of a job run."""

from __future__ import annotations

from typing import Any

import pytest

from emrguard_local.emr_serverless.configuration import by_classification, effective, monitoring, submitted, tokens
from emrguard_local.emr_serverless.releases import release
from emrguard_local.emr_serverless.sizes import Size
from emrguard_local.emr_serverless.utilization import Usage, billed, total
from emrguard_local.emr_serverless.workers import UNBOUNDED, workers
from emrguard_local.host import ServiceError

R7 = release("emr-7.14.0")


def test_a_job_without_settings_gets_the_defaults() -> None:
    """Driver and three executors of 4 vCPU, 14 GB heap and 10 % overhead: 16 GB; 20 GB of disk; no upper bound."""
    found = workers({}, R7)
    assert found.driver == found.executor == Size(4, 16 * 1024, 20)
    assert (found.executors, found.max_executors) == (3, UNBOUNDED)
    assert workers({}, release("emr-6.9.0")).max_executors == 100


@pytest.mark.parametrize(
    ("cores", "memory", "gb"),
    [
        (1, "1g", 2),
        (1, "7g", 8),
        (2, "4096m", 5),
        (2, "4096", 5),
        (4, "27g", 30),
        (8, "12g", 16),
        (8, "13g", 16),
        (8, "15g", 20),
        (16, "108g", 120),
        (32, "105g", 120),
        (32, "220g", 244),
    ],
)
def test_memory_is_rounded_up_to_a_size_of_the_row(cores: int, memory: str, gb: int) -> None:
    """Heap and overhead (10 %, at least 384 MiB) decide the worker."""
    found = workers({"spark.executor.cores": str(cores), "spark.executor.memory": memory}, R7)
    assert found.executor == Size(cores, gb * 1024, 20)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"spark.driver.cores": "1", "spark.driver.memory": "8g"}, "1 vCPU has 2 to 8 in steps of 1 GB"),
        ({"spark.driver.cores": "4", "spark.driver.memory": "2g"}, "4 vCPU has 8 to 30"),
        ({"spark.driver.cores": "32", "spark.driver.memory": "100g"}, "32 vCPU has 60, 120, 244 GB"),
        ({"spark.driver.cores": "five"}, "spark.driver.cores is 'five'; give a whole number"),
        ({"spark.executor.memory": "14 giga"}, "spark.executor.memory is '14 giga'"),
        ({"spark.executor.memoryOverhead": "20g"}, "34 GB of memory"),
        ({"spark.driver.memoryOverheadFactor": "much"}, "give a fraction"),
        ({"spark.emr-serverless.driver.disk": "20"}, "write it like 20G"),
        ({"spark.emr-serverless.driver.disk": "500G"}, "it has 20 to 200 GB"),
        ({"spark.emr-serverless.executor.disk.type": "fast"}, "use standard or shuffle_optimized"),
    ],
)
def test_sizes_that_do_not_exist_are_refused(properties: dict[str, str], said: str) -> None:
    """The message has the property, its value and the row's limits."""
    with pytest.raises(ServiceError) as caught:
        workers(properties, R7)
    assert said in caught.value.message


def test_shuffle_optimized_disks_are_larger_and_need_a_release() -> None:
    """2 TB from emr-7.1.0 on."""
    asked = {
        "spark.emr-serverless.executor.disk": "1500G",
        "spark.emr-serverless.executor.disk.type": "shuffle_optimized",
    }
    assert workers(asked, R7).executor.disk_gb == 1500
    with pytest.raises(ServiceError, match="emr-7\\.1\\.0 or later"):
        workers(asked, release("emr-7.0.0"))


def test_executors_follow_dynamic_allocation() -> None:
    """Static without it; with it, at least the initial and the minimum, never more than the maximum."""
    static = workers({"spark.dynamicAllocation.enabled": "false", "spark.executor.instances": "7"}, R7)
    assert (static.executors, static.max_executors) == (7, 7)
    dynamic = {"spark.dynamicAllocation.maxExecutors": "2", "spark.dynamicAllocation.minExecutors": "1"}
    assert (workers(dynamic, R7).executors, workers(dynamic, R7).max_executors) == (2, 2)


def test_extra_memory_of_executors_counts() -> None:
    """PySpark's and off-heap memory are part of the worker."""
    found = workers(
        {
            "spark.executor.memory": "8g",
            "spark.executor.pyspark.memory": "2g",
            "spark.memory.offHeap.enabled": "true",
            "spark.memory.offHeap.size": "1g",
        },
        R7,
    )
    assert found.executor.memory_mib == 12 * 1024


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("emr-7.14.0", {"spark-defaults": {"b": "job"}, "spark": {"x": "app"}}),
        ("emr-spark-8.0.0", {"spark-defaults": {"b": "job"}, "spark": {"x": "app"}}),
        ("emr-spark-8.1.0", {"spark-defaults": {"a": "app", "b": "job"}, "spark": {"x": "app"}}),
    ],
)
def test_the_jobs_classification_replaces_the_applications(label: str, expected: dict[str, Any]) -> None:
    """Up to 8.0 a guardrail in the application's spark-defaults vanishes when the job sends its own; 8.1 merges."""
    application = {"spark-defaults": {"a": "app", "b": "app"}, "spark": {"x": "app"}}
    assert effective(application, {"spark-defaults": {"b": "job"}}, release(label)) == expected


def test_nested_configurations_keep_their_place() -> None:
    """A nested classification is named after its parent."""
    nested = [
        {"classification": "spark-env", "configurations": [{"classification": "export", "properties": {"A": "1"}}]}
    ]
    assert by_classification(nested, "x") == {"spark-env": {}, "spark-env.export": {"A": "1"}}


def test_monitoring_is_merged_by_type() -> None:
    """A type that the job gives replaces the application's, also when it is empty."""
    application = {
        "s3MonitoringConfiguration": {"logUri": "s3://a/"},
        "cloudWatchLoggingConfiguration": {"enabled": True},
    }
    assert monitoring(application, {"s3MonitoringConfiguration": {}}) == {
        "s3MonitoringConfiguration": {},
        "cloudWatchLoggingConfiguration": {"enabled": True},
    }


def test_submit_parameters_are_read_as_spark_submit_reads_them() -> None:
    """Quotes, `--conf=…`, repeated keys and the dedicated flags."""
    words = tokens(
        "--conf spark.a='x y' --conf spark.a=last -c spark.b=c=d --conf=spark.e=f --class org.Main "
        "--driver-memory 2g --conf spark.driver.memory=4g"
    )
    assert submitted(words) == {"spark.a": "last", "spark.b": "c=d", "spark.e": "f", "spark.driver.memory": "2g"}


def test_utilization_is_billed_by_aws_rules() -> None:
    """Whole seconds; one minute at least for each worker; disk above 20 GB only."""
    usages = [Usage(Size(4, 16 * 1024, 20), 29.2), Usage(Size(8, 32 * 1024, 120), 3600)]
    assert total(usages) == {"vCPUHour": 8.033, "memoryGBHour": 32.133, "storageGBHour": 120.167}
    assert billed(usages) == {"vCPUHour": 8.067, "memoryGBHour": 32.267, "storageGBHour": 100.0}
