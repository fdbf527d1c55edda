"""Where the driver's logs go, with whose credentials, and what happens when they cannot."""

from __future__ import annotations

import gzip
import time
from typing import Any

import pytest

from emrguard_local.emr_serverless.logs import batches

KEY = "arn:aws:kms:us-east-1:111122223333:key/abc"
S3 = {"s3MonitoringConfiguration": {"logUri": "s3://flights-logs/logs/"}}


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_logs_arrive_in_s3_while_the_driver_runs_and_at_its_end(cloud: Any) -> None:
    """`<logUri>/applications/<id>/jobs/<id>/SPARK_DRIVER/{stdout,stderr}.gz`, written by the execution role."""
    application = cloud.application(monitoringConfiguration=S3)
    run = cloud.submit(application)
    driver = cloud.driver()
    driver.stdout.write_text("first\n")
    key = f"flights-logs/logs/applications/{application}/jobs/{run}/SPARK_DRIVER"
    _until(lambda: f"{key}/stdout.gz" in cloud.host.objects)
    assert cloud.host.text(f"{key}/stdout.gz") == "first\n"
    driver.stdout.write_text("first\nlast")
    driver.end()
    cloud.wait(application, run, "SUCCESS")
    assert cloud.host.text(f"{key}/stdout.gz") == "first\nlast"
    assert cloud.host.text(f"{key}/stderr.gz") == ""
    assert cloud.host.encryption[f"{key}/stdout.gz"] == {}
    assert cloud.host.writers == {"ASIA1"}


def test_a_key_of_the_log_configuration_encrypts_the_objects(cloud: Any) -> None:
    """encryptionKeyArn means SSE-KMS with that key."""
    configuration = {"s3MonitoringConfiguration": {"logUri": "s3://logs", "encryptionKeyArn": KEY}}
    application = cloud.application(monitoringConfiguration=configuration)
    run = cloud.submit(application)
    cloud.driver().end()
    cloud.wait(application, run, "SUCCESS")
    key = f"logs/applications/{application}/jobs/{run}/SPARK_DRIVER/stderr.gz"
    assert cloud.host.encryption[key] == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY}


def test_attempts_of_a_job_with_retries_have_logs_of_their_own(cloud: Any) -> None:
    """`…/jobs/<id>/attempts/<n>/SPARK_DRIVER/` for every attempt, as soon as retries are enabled."""
    application = cloud.application(monitoringConfiguration=S3)
    run = cloud.submit(application, retryPolicy={"maxAttempts": 2})
    for number in (1, 2):
        cloud.driver(number).stdout.write_text(f"attempt {number}")
        cloud.driver(number).end(2 - number)
    cloud.wait(application, run, "SUCCESS")
    for number in (1, 2):
        key = f"flights-logs/logs/applications/{application}/jobs/{run}/attempts/{number}/SPARK_DRIVER/stdout.gz"
        assert cloud.host.text(key) == f"attempt {number}"


@pytest.mark.parametrize("prefix", ["nightly", None])
def test_cloudwatch_gets_each_line_once(cloud: Any, prefix: str | None) -> None:
    """One stream for stdout and one for stderr; a line that is not finished waits for its rest."""
    given = {"enabled": True} | ({"logStreamNamePrefix": prefix} if prefix else {})
    application = cloud.application(monitoringConfiguration={"cloudWatchLoggingConfiguration": given})
    run = cloud.submit(application)
    driver = cloud.driver()
    driver.stdout.write_text("one\n\ntw")
    path = f"{prefix + '/' if prefix else ''}applications/{application}/jobs/{run}/SPARK_DRIVER"
    stream = ("/aws/emr-serverless", f"{path}/stdout")
    _until(lambda: cloud.host.events.get(stream))
    assert cloud.host.events[stream] == ["one", " "]
    driver.stdout.write_text("one\n\ntwo")
    driver.stderr.write_text("problem\n")
    driver.end()
    cloud.wait(application, run, "SUCCESS")
    assert cloud.host.events[stream] == ["one", " ", "two"]
    assert cloud.host.events["/aws/emr-serverless", f"{path}/stderr"] == ["problem"]


def test_a_log_group_that_exists_is_used_as_it_is(cloud: Any) -> None:
    """The role needs no right to create the group then; log types choose the streams; the key is associated."""
    cloud.host.groups["/flights"] = None
    configuration = {
        "enabled": True,
        "logGroupName": "/flights",
        "logTypes": {"SPARK_DRIVER": ["stderr"]},
        "encryptionKeyArn": KEY,
    }
    application = cloud.application(monitoringConfiguration={"cloudWatchLoggingConfiguration": configuration})
    run = cloud.submit(application)
    cloud.driver().stdout.write_text("not wanted\n")
    cloud.driver().end()
    cloud.wait(application, run, "SUCCESS")
    assert cloud.host.groups == {"/flights": KEY}
    (stream,) = cloud.host.events
    assert stream[1].endswith("SPARK_DRIVER/stderr")


@pytest.mark.parametrize(
    ("service", "monitoring"), [("s3", S3), ("logs", {"cloudWatchLoggingConfiguration": {"enabled": True}})]
)
def test_logs_that_may_not_be_written_are_not_lost(cloud: Any, service: str, monitoring: dict[str, Any]) -> None:
    """stateDetails name the place and the refusal, and the state directory has the log."""
    cloud.host.denied.add(service)
    application = cloud.application(monitoringConfiguration=monitoring)
    run = cloud.submit(application)
    cloud.driver().stdout.write_text("kept")
    cloud.driver().end()
    done = cloud.wait(application, run, "SUCCESS")
    assert "Logs could not be delivered to" in done["stateDetails"]
    assert "AccessDenied" in done["stateDetails"]
    (kept,) = cloud.host.state_dir.rglob("stdout.gz")
    assert gzip.decompress(kept.read_bytes()) == b"kept"


def test_a_job_overrides_each_type_of_monitoring(cloud: Any) -> None:
    """An empty s3MonitoringConfiguration switches S3 off; the application's CloudWatch configuration stays."""
    both = S3 | {"cloudWatchLoggingConfiguration": {"enabled": True, "logGroupName": "/kept"}}
    application = cloud.application(monitoringConfiguration=both)
    run = cloud.submit(
        application, configurationOverrides={"monitoringConfiguration": {"s3MonitoringConfiguration": {}}}
    )
    cloud.driver().end()
    cloud.wait(application, run, "SUCCESS")
    assert cloud.host.objects == {}
    assert list(cloud.host.groups) == ["/kept"]


def test_batches_keep_cloudwatchs_limits() -> None:
    """At most 10,000 events and 1 MiB a batch, 256 KiB an event, nothing lost, no character cut in two."""
    lines = [*(f"line {number}" for number in range(25_000)), "é" * 400_000]
    sent = list(batches(lines, 1))
    for batch in sent:
        assert len(batch) <= 10_000
        assert sum(len(each["message"].encode()) + 26 for each in batch) <= 1_048_576
        assert all(len(each["message"].encode()) + 26 <= 256 * 1024 for each in batch)
    messages = [each["message"] for batch in sent for each in batch]
    assert messages[:25_000] == lines[:25_000]
    assert "".join(messages[25_000:]) == lines[-1]


def test_logs_are_kept_when_the_cloud_stops(cloud: Any) -> None:
    """Stopping the local cloud does not wait for deliveries; what the driver wrote is in the state directory."""
    application = cloud.application(monitoringConfiguration=S3)
    run = cloud.submit(application)
    cloud.wait(application, run, "RUNNING")
    cloud.host.denied.add("s3")
    cloud.driver().stdout.write_text("so far")
    cloud.service.close()
    assert cloud.job_run(application, run)["stateDetails"] == "The local cloud was stopped"
    (kept,) = cloud.host.state_dir.rglob("stdout.gz")
    assert gzip.decompress(kept.read_bytes()) == b"so far"
