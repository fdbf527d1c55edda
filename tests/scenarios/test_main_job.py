"""The main job on the local cloud: it runs, writes its results and logs, and every state is a documented one."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter

import pytest

from emrguard_local.demo import story
from emrguard_local.demo.flights_data import flights_csv
from scenario_support import Platform


def test_the_job_succeeds_through_the_documented_states(delays: story.JobRun) -> None:
    """A data engineer sees SUBMITTED, PENDING, SCHEDULED, RUNNING and SUCCESS, in that order."""
    assert delays.state == "SUCCESS", delays.details
    seen = [state for state, _ in delays.timeline if state != "QUEUED"]
    assert seen == ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "SUCCESS"]


def test_the_results_are_those_of_an_independent_count(platform: Platform, delays: story.JobRun) -> None:
    """What the job wrote agrees, carrier by carrier, with the same figures computed without Spark."""
    assert delays.state == "SUCCESS", delays.details
    rows = story.results(platform.cloud, platform.submitters["flights"], platform.flights, delays)
    flights = list(csv.DictReader(io.TextIOWrapper(io.BytesIO(flights_csv()), "utf-8")))
    expected = Counter(row["carrier"] for row in flights)
    assert {row["carrier"]: row["flights"] for row in rows} == expected
    assert sum(expected.values()) == 336_776
    delays_of_ua = [float(row["dep_delay"]) for row in flights if row["carrier"] == "UA" and row["dep_delay"] != "NA"]
    (ua,) = [row for row in rows if row["carrier"] == "UA"]
    assert ua["mean_dep_delay"] == pytest.approx(sum(delays_of_ua) / len(delays_of_ua), abs=0.01)


def test_driver_logs_lie_under_the_documented_layout(platform: Platform, delays: story.JobRun) -> None:
    """stdout and stderr of the driver are gzipped at <logUri>/applications/<id>/jobs/<id>/SPARK_DRIVER/."""
    s3 = platform.cloud.client("s3", platform.submitters["flights"])
    prefix = f"logs/applications/{delays.application_id}/jobs/{delays.job_run_id}/SPARK_DRIVER/"
    listed = s3.list_objects_v2(Bucket=platform.flights["LogBucketName"], Prefix=prefix)["Contents"]
    assert {each["Key"].removeprefix(prefix) for each in listed} >= {"stdout.gz", "stderr.gz"}
    body = s3.get_object(Bucket=platform.flights["LogBucketName"], Key=f"{prefix}stdout.gz")
    assert "UA" in gzip.decompress(body["Body"].read()).decode()
    assert body["SSEKMSKeyId"] == platform.flights["KeyArn"]


def test_cloudwatch_holds_the_driver_log_too(platform: Platform, delays: story.JobRun) -> None:
    """The tenant's log group has a stream for the driver under the documented name."""
    streams = platform.cloud.client("logs").describe_log_streams(logGroupName="/aws/emr-serverless/flights")
    names = [each["logStreamName"] for each in streams["logStreams"]]
    assert any(f"jobs/{delays.job_run_id}/SPARK_DRIVER" in name for name in names), names
