"""The events of job runs, and the states that they tell of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder


def _events(cloud: Any) -> list[dict[str, Any]]:
    path = Path(cloud.host.state_dir) / "emr-serverless" / "events.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_state_of_a_job_run_is_an_event(cloud: Any) -> None:
    """EventBridge's shape, one event a change of state, each with the state before."""
    application = cloud.application()
    job_run = cloud.submit(application)
    cloud.wait(application, job_run, "RUNNING")
    cloud.driver().end()
    cloud.wait(application, job_run, "SUCCESS")
    events = _events(cloud)
    details = [each["detail"] for each in events]
    states = ["SUBMITTED", "QUEUED", "PENDING", "SCHEDULED", "RUNNING", "SUCCESS"]
    seen = [each["state"] for each in details]
    assert seen == [state for state in states if state in seen]
    assert {"SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "SUCCESS"} <= set(seen)
    assert [each["previousState"] for each in details] == ["", *seen[:-1]]
    assert {each["jobRunId"] for each in details} == {job_run}
    assert {(each["source"], each["detail-type"]) for each in events} == {
        ("aws.emr-serverless", "EMR Serverless Job Run State Change")
    }


def test_a_job_run_is_running_once_its_driver_has_fetched_credentials(make_cloud: Callable[..., Any]) -> None:
    """Until then it is SCHEDULED: the driver starts."""
    cloud = make_cloud(up_seconds=60.0)
    application = cloud.application()
    job_run = cloud.submit(application)
    spec = cloud.driver().spec
    run = cloud.wait(application, job_run, "SCHEDULED", "RUNNING")
    assert run["state"] == "SCHEDULED"
    path = spec.credentials_uri.removeprefix(spec.endpoint_url)
    asked = EnvironBuilder(path=path, headers=Headers({"Authorization": spec.credentials_token})).get_environ()
    assert cloud.host.routes["/_emrguard/credentials/"](Request(asked)).status_code == 200
    cloud.wait(application, job_run, "RUNNING")


def test_a_driver_that_ends_before_it_is_up_never_ran(make_cloud: Callable[..., Any]) -> None:
    """A driver that cannot start fails the job run out of SCHEDULED."""
    cloud = make_cloud(up_seconds=60.0)
    application = cloud.application()
    job_run = cloud.submit(application)
    cloud.driver().end(1, "no Java")
    run = cloud.wait(application, job_run, "FAILED")
    assert run["stateDetails"] == "no Java"
    assert "startedAt" not in run
    assert "RUNNING" not in {each["detail"]["state"] for each in _events(cloud)}
