"""Job runs: states, cancellation, timeouts, retries and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

ROLE = "arn:aws:iam::111122223333:role/flights-execution"
SUBMIT = {"sparkSubmit": {"entryPoint": "s3://b/job.py"}}


def test_a_job_run_goes_through_the_documented_states(cloud: Any) -> None:
    """SCHEDULED shows what the engine does, RUNNING that the driver runs, SUCCESS carries times and utilization."""
    application = cloud.application()
    cloud.engine.ready.clear()
    run = cloud.submit(application, name="delays")
    scheduled = cloud.wait(application, run, "SCHEDULED")
    while scheduled["stateDetails"] != "Making the environment of emr-7.14.0":
        scheduled = cloud.job_run(application, run)
        assert scheduled["state"] == "SCHEDULED"
    cloud.engine.ready.set()
    running = cloud.wait(application, run, "RUNNING")
    assert running["startedAt"] <= datetime.now(UTC)
    assert cloud.state(application) == "STARTED"
    cloud.driver().end()
    done = cloud.wait(application, run, "SUCCESS")
    assert done["name"] == "delays"
    assert done["createdBy"] == "arn:aws:sts::111122223333:assumed-role/flights-submitter/ana"
    assert done["executionRole"] == ROLE
    assert done["stateDetails"] == ""
    assert done["createdAt"] <= done["startedAt"] <= done["endedAt"]
    assert done["totalExecutionDurationSeconds"] == 1
    assert done["executionTimeoutMinutes"] == 720
    # Four default workers (4 vCPU, 16 GB) for a second, billed for a minute each.
    assert done["totalResourceUtilization"]["vCPUHour"] == pytest.approx(16 / 3600, abs=0.001)
    assert done["billedResourceUtilization"] == {"vCPUHour": 0.267, "memoryGBHour": 1.067, "storageGBHour": 0.0}


def test_the_engine_gets_the_job_as_it_was_submitted(cloud: Any) -> None:
    """Entry point, arguments, words, sizes and driver environment reach the engine; no credentials do."""
    application = cloud.application()
    confs = (
        "--conf spark.driver.cores=2 --conf spark.driver.memory=4g --executor-cores 1 --executor-memory 4g "
        "--num-executors 2 --conf spark.dynamicAllocation.enabled=false "
        "--conf spark.emr-serverless.driverEnv.STAGE='two words'"
    )
    cloud.submit(application, confs)
    spec = cloud.driver().spec
    assert spec.entry_point == "s3://flights-data/jobs/job.py"
    assert spec.entry_point_arguments == ("--day", "1")
    assert spec.spark_submit_parameters[:2] == ("--conf", "spark.driver.cores=2")
    assert (spec.driver.vcpu, spec.driver.memory_mib) == (2, 5 * 1024)
    assert (spec.executor.vcpu, spec.executor.memory_mib) == (1, 5 * 1024)
    assert spec.max_executors == 2
    assert spec.environment == {"STAGE": "two words"}
    assert spec.credentials_uri.startswith(f"{spec.endpoint_url}/_emrguard/credentials/")
    assert len(spec.credentials_token) >= 32
    assert spec.work_dir.is_dir()


def test_a_failed_job_says_why(cloud: Any) -> None:
    """stateDetails are the engine's reason; its work directory is gone afterwards."""
    application = cloud.application()
    run = cloud.submit(application)
    driver = cloud.driver()
    driver.end(1, "User: x is not authorized to perform: s3:GetObject on resource: y")
    failed = cloud.wait(application, run, "FAILED")
    assert failed["stateDetails"] == "User: x is not authorized to perform: s3:GetObject on resource: y"
    assert not driver.spec.work_dir.exists()


def test_a_very_long_reason_is_cut(cloud: Any) -> None:
    """stateDetails stay readable."""
    application = cloud.application()
    run = cloud.submit(application)
    cloud.driver().end(1, "x" * 5000)
    assert len(cloud.wait(application, run, "FAILED")["stateDetails"]) == 1024


def test_an_engine_that_cannot_be_made_fails_the_job_without_retries(cloud: Any) -> None:
    """The engine's own words come through, once."""
    cloud.engine.broken = "no Java 17 found; install one"
    application = cloud.application()
    run = cloud.submit(application, retryPolicy={"maxAttempts": 3})
    failed = cloud.wait(application, run, "FAILED")
    assert failed["stateDetails"] == "no Java 17 found; install one"
    assert failed["attempt"] == 1


def test_a_running_job_is_cancelled(cloud: Any) -> None:
    """CancelJobRun ends the driver with the grace period; a second call is ignored, one after the end refused."""
    application = cloud.application()
    run = cloud.submit(application)
    cloud.wait(application, run, "RUNNING")
    answer = cloud.call("CancelJobRun", applicationId=application, jobRunId=run, shutdownGracePeriodInSeconds=15)
    assert answer == {"applicationId": application, "jobRunId": run}
    cancelled = cloud.wait(application, run, "CANCELLED")
    assert cloud.driver().grace == [15]
    assert "CancelJobRun" in cancelled["stateDetails"]
    error = cloud.refused("CancelJobRun", applicationId=application, jobRunId=run)
    assert "its state is CANCELLED" in error.message


def test_a_job_is_cancelled_while_the_engine_is_prepared(cloud: Any) -> None:
    """It is CANCELLING at once, and its driver never starts."""
    application = cloud.application()
    cloud.engine.ready.clear()
    run = cloud.submit(application)
    cloud.wait(application, run, "SCHEDULED")
    cloud.call("CancelJobRun", applicationId=application, jobRunId=run)
    cloud.engine.progress("still preparing")
    assert cloud.job_run(application, run)["state"] == "CANCELLING"
    cloud.call("CancelJobRun", applicationId=application, jobRunId=run)
    cloud.engine.ready.set()
    cloud.wait(application, run, "CANCELLED")
    assert cloud.engine.runs == []


@pytest.mark.parametrize(
    ("grace", "release", "said"), [(5, "emr-7.14.0", "is 5; use 0, or 15"), (20, "emr-7.8.0", "needs emr-7.9.0")]
)
def test_a_wrong_grace_period_is_refused(cloud: Any, grace: int, release: str, said: str) -> None:
    """15 to 1800 seconds, from emr-7.9.0 on."""
    application = cloud.application(releaseLabel=release)
    run = cloud.submit(application)
    error = cloud.refused("CancelJobRun", applicationId=application, jobRunId=run, shutdownGracePeriodInSeconds=grace)
    assert said in error.message


def test_a_job_that_runs_too_long_is_cancelled(make_cloud: Callable[..., Any]) -> None:
    """executionTimeoutMinutes ends the driver; the job run says which limit it was."""
    cloud = make_cloud(minute_seconds=0.03)
    application = cloud.application()
    run = cloud.submit(application, executionTimeoutMinutes=2)
    cancelled = cloud.wait(application, run, "CANCELLED")
    assert "timed out after 2 minutes (executionTimeoutMinutes)" in cancelled["stateDetails"]


def test_failed_attempts_are_repeated(cloud: Any) -> None:
    """Each attempt has its own state, logs and worker; the last one decides."""
    application = cloud.application()
    run = cloud.submit(application, retryPolicy={"maxAttempts": 3})
    cloud.driver(1).end(1, "first")
    cloud.driver(2).end(1, "second")
    cloud.driver(3).end(0)
    done = cloud.wait(application, run, "SUCCESS")
    assert done["attempt"] == 3
    assert cloud.job_run(application, run, attempt=1)["stateDetails"] == "first"
    assert cloud.job_run(application, run, attempt=2)["state"] == "FAILED"
    listed = cloud.call("ListJobRunAttempts", applicationId=application, jobRunId=run)["jobRunAttempts"]
    assert [(each["attempt"], each["state"]) for each in listed] == [(3, "SUCCESS"), (2, "FAILED"), (1, "FAILED")]
    assert len({each.spec.credentials_token for each in cloud.engine.runs}) == 3
    error = cloud.refused("GetJobRun", applicationId=application, jobRunId=run, attempt=4)
    assert "has had 3 so far" in error.message


def test_a_client_token_starts_one_job_run(cloud: Any) -> None:
    """A repeated request does not run the job twice; with another request the token is a conflict."""
    application = cloud.application()
    assert cloud.submit(application, clientToken="once") == cloud.submit(application, clientToken="once")
    assert len(cloud.call("ListJobRuns", applicationId=application)["jobRuns"]) == 1
    request = {"executionRoleArn": ROLE, "jobDriver": SUBMIT, "clientToken": "once"}
    assert cloud.refused("StartJobRun", applicationId=application, **request).code == "ConflictException"


def test_a_refused_request_does_not_use_up_its_token(cloud: Any) -> None:
    """After the trust policy is mended the same request goes through."""
    application = cloud.application()
    cloud.host.trusted.clear()
    request = {"executionRoleArn": ROLE, "jobDriver": SUBMIT, "clientToken": "once"}
    cloud.refused("StartJobRun", applicationId=application, **request)
    cloud.host.trusted.add(ROLE)
    assert cloud.call("StartJobRun", applicationId=application, **request)["jobRunId"]


def test_job_runs_are_filtered_and_paged(cloud: Any) -> None:
    """ListJobRuns knows states, times and pages."""
    application = cloud.application()
    runs = [cloud.submit(application, name=f"n{number}") for number in range(3)]
    for number in range(3):
        cloud.driver(number + 1).end(0 if number else 1, None)
    for run in runs:
        cloud.wait(application, run, "SUCCESS", "FAILED")

    def listed(**parameters: Any) -> list[str]:
        return [each["id"] for each in cloud.call("ListJobRuns", applicationId=application, **parameters)["jobRuns"]]

    assert listed() == runs[::-1]
    assert len(listed(states=["FAILED"])) == 1
    assert listed(createdAtAfter=datetime.now(UTC) + timedelta(hours=1)) == []
    assert listed(createdAtBefore=datetime(2020, 1, 1)) == []
    assert listed(mode="STREAMING") == []
    first = cloud.call("ListJobRuns", applicationId=application, maxResults=2)
    assert listed(nextToken=first["nextToken"]) == runs[:1]
    other = cloud.application()
    assert "nextToken" in cloud.refused("ListJobRuns", applicationId=other, nextToken=first["nextToken"]).message
    assert cloud.refused("GetJobRun", applicationId=other, jobRunId=runs[0]).code == "ResourceNotFoundException"


def test_a_role_that_does_not_trust_the_service_is_refused(cloud: Any) -> None:
    """No job run appears, and the message carries AWS's words and the trust policy's refusal."""
    application = cloud.application()
    cloud.host.trusted.clear()
    error = cloud.refused("StartJobRun", applicationId=application, executionRoleArn=ROLE, jobDriver=SUBMIT)
    assert error.code == "ValidationException"
    assert f"Could not assume runtime role {ROLE}" in error.message
    assert "sts:AssumeRole" in error.message
    assert cloud.call("ListJobRuns", applicationId=application)["jobRuns"] == []


def test_the_role_is_assumed_for_the_job_run(cloud: Any) -> None:
    """The session is named after the job run, comes from the service in this account, and takes the job's policy."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    application = cloud.application()
    run = cloud.submit(application, executionIamPolicy={"policy": policy})
    assert cloud.host.assumed == [
        {
            "service": "emr-serverless.amazonaws.com",
            "role": ROLE,
            "name": run,
            "context": {"aws:SourceAccount": "111122223333"},
            "policies": (policy,),
            "subnet": "",
        }
    ]


def test_the_session_is_in_the_first_subnet_of_the_application(cloud: Any) -> None:
    """What the job asks for goes through the endpoints of the network in which its workers run."""
    network = {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
    cloud.submit(cloud.application(networkConfiguration=network))
    assert [each["subnet"] for each in cloud.host.assumed] == ["subnet-1"]


def test_an_application_without_auto_start_must_be_started(cloud: Any) -> None:
    """StartJobRun says which setting stands in the way."""
    application = cloud.application(autoStartConfiguration={"enabled": False})
    error = cloud.refused("StartJobRun", applicationId=application, executionRoleArn=ROLE, jobDriver=SUBMIT)
    assert "autoStartConfiguration is disabled, so call StartApplication first" in error.message
    cloud.call("StartApplication", applicationId=application)
    cloud.submit(application)


def test_an_application_with_running_jobs_is_not_stopped(cloud: Any) -> None:
    """StopApplication names the job runs that have not ended."""
    application = cloud.application()
    run = cloud.submit(application)
    assert run in cloud.refused("StopApplication", applicationId=application).message
    cloud.driver().end()
    cloud.wait(application, run, "SUCCESS")
    cloud.call("StopApplication", applicationId=application)


def test_there_is_no_dashboard(cloud: Any) -> None:
    """The local cloud does not invent a URL."""
    application = cloud.application()
    run = cloud.submit(application)
    error = cloud.refused("GetDashboardForJobRun", applicationId=application, jobRunId=run)
    assert error.code == "UnsupportedByLocalCloud"
    assert "driver's logs" in error.message


def _submit(**parameters: Any) -> dict[str, Any]:
    return {"jobDriver": {"sparkSubmit": {"entryPoint": "s3://b/job.py", **parameters}}}


@pytest.mark.parametrize(
    ("parameters", "code", "said"),
    [
        ({"mode": "STREAMING"}, "UnsupportedByLocalCloud", "mode STREAMING"),
        ({"executionRoleArn": "arn:aws:iam::111122223333:user/ana"}, "ValidationException", "executionRoleArn"),
        ({"jobDriver": {"hive": {"query": "q"}}}, "ValidationException", "has type SPARK"),
        ({"executionTimeoutMinutes": 0}, "ValidationException", "executionTimeoutMinutes is 0"),
        ({"executionTimeoutMinutes": 10081}, "ValidationException", "at most 10080"),
        ({"retryPolicy": {"maxAttempts": 11}}, "ValidationException", "maxAttempts is 11; use 1 to 10"),
        ({"retryPolicy": {"maxFailedAttemptsPerHour": 1}}, "ValidationException", "give maxAttempts"),
        ({"executionIamPolicy": {"policy": "{"}}, "ValidationException", "is not JSON"),
        ({"executionIamPolicy": {"policy": "{}"}}, "ValidationException", "no Statement"),
        ({"name": " "}, "ValidationException", "name"),
        (_submit(sparkSubmitParameters="--conf 'a"), "ValidationException", "close the quote"),
        (_submit(sparkSubmitParameters="--conf spark.x"), "ValidationException", "write it as --conf key=value"),
        (_submit(sparkSubmitParameters="--conf"), "ValidationException", "give it a value"),
        (_submit(sparkSubmitParameters="--driver-memory lots"), "ValidationException", "is 'lots'"),
        (_submit(sparkSubmitParameters="--driver-cores 3"), "ValidationException", "3 vCPU; use 1, 2, 4"),
        (_submit(sparkSubmitParameters="--executor-memory 100g"), "ValidationException", "4 vCPU has 8 to 30"),
        (
            _submit(sparkSubmitParameters="--conf spark.password=EMR.secret@mine"),
            "UnsupportedByLocalCloud",
            "secret in spark.password",
        ),
        (
            _submit(sparkSubmitParameters="--conf spark.emr-serverless.lakeformation.enabled=true"),
            "UnsupportedByLocalCloud",
            "lakeformation",
        ),
        (
            {
                "configurationOverrides": {
                    "monitoringConfiguration": {
                        "prometheusMonitoringConfiguration": {
                            "remoteWriteUrl": "https://aps-workspaces.us-east-1.amazonaws.com/workspaces/w/api/v1/remote_write"
                        }
                    }
                }
            },
            "UnsupportedByLocalCloud",
            "prometheusMonitoringConfiguration",
        ),
    ],
)
def test_wrong_requests_are_named(cloud: Any, parameters: dict[str, Any], code: str, said: str) -> None:
    """Each refusal names the member and what to give instead, and no job run appears."""
    application = cloud.application()
    request = {"executionRoleArn": ROLE, "jobDriver": SUBMIT, **parameters}
    error = cloud.refused("StartJobRun", applicationId=application, **request)
    assert error.code == code
    assert said in error.message
    assert cloud.call("ListJobRuns", applicationId=application)["jobRuns"] == []


def test_sensitive_values_are_not_repeated(cloud: Any) -> None:
    """A refused property value or argument does not turn up in the message."""
    application = cloud.application()
    overrides = {
        "applicationConfiguration": [{"classification": "spark-defaults", "properties": {"k": "secret" * 200}}]
    }
    error = cloud.refused(
        "StartJobRun",
        applicationId=application,
        executionRoleArn=ROLE,
        jobDriver=SUBMIT,
        configurationOverrides=overrides,
    )
    assert "(hidden)" in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize(
    ("settings", "request_", "said"),
    [
        ({"type": "HIVE"}, {"jobDriver": SUBMIT}, "has type HIVE"),
        ({"type": "HIVE"}, {"jobDriver": {"hive": {"query": "q"}}}, "Hive jobs cannot run here yet"),
        (
            {"imageConfiguration": {"imageUri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/x:1"}},
            {"jobDriver": SUBMIT},
            "custom image",
        ),
    ],
)
def test_what_cannot_run_here_is_said(
    cloud: Any, settings: dict[str, Any], request_: dict[str, Any], said: str
) -> None:
    """Hive jobs and custom images are refused at StartJobRun, not run as something else."""
    application = cloud.application(**settings)
    error = cloud.refused("StartJobRun", applicationId=application, executionRoleArn=ROLE, **request_)
    assert said in error.message


def test_closing_cancels_everything(make_cloud: Callable[..., Any], tmp_path: Path) -> None:
    """After close no driver runs, nothing is QUEUED or RUNNING any more, and no job run is taken."""
    cloud = make_cloud()
    application = cloud.application()
    runs = [cloud.submit(application) for _ in range(4)]
    cloud.wait(application, runs[0], "RUNNING")
    cloud.service.close()
    assert {cloud.job_run(application, each)["state"] for each in runs} == {"CANCELLED"}
    assert all(each.grace for each in cloud.engine.runs)
    error = cloud.refused("StartJobRun", applicationId=application, executionRoleArn=ROLE, jobDriver=SUBMIT)
    assert "stopping" in error.message
