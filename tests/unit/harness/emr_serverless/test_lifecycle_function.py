"""The function behind `Lifecycle`, on the local EMR Serverless service, with a clock that the test turns."""

from __future__ import annotations

import io
import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emrguard import _lifecycle_function as function
from emrguard_local.emr_serverless.shapes import service_model
from emrguard_local.host import ServiceError

KEY = "arn:aws:kms:us-east-1:111122223333:key/0f3c2f0e-0000-4000-8000-000000000001"
OTHER_KEY = KEY.replace("01", "02")
EPOCH = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
"""When CloudFormation sent the request."""
STAMP = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261124T120000Z&X-Amz-Signature=secret"


class Meta:
    """What botocore's clients say of the service."""

    service_model = service_model()


class Client:
    """boto3's client of EMR Serverless on the local service."""

    meta = Meta()

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.calls: list[str] = []
        self.errors: dict[str, list[str]] = {}
        """Codes of errors that the next calls of an operation get."""

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        operation = name.title().replace("_", "")

        def call(**parameters: Any) -> dict[str, Any]:
            self.calls.append(operation)
            if self.errors.get(operation):
                code = self.errors[operation].pop(0)
                raise ClientError({"Error": {"Code": code, "Message": "made up"}}, operation)
            try:
                return dict(self.cloud.call(operation, **parameters))
            except ServiceError as error:
                said = {"Error": {"Code": error.code, "Message": error.message}}
                raise ClientError(said, operation) from error  # type: ignore[arg-type]

        return call

    def get_paginator(self, name: str) -> Any:
        client = self

        class Paginator:
            def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
                return [getattr(client, name)(**parameters)]

        return Paginator()

    @property
    def changes(self) -> list[str]:
        """The calls that changed something."""
        return [each for each in self.calls if not each.startswith(("Get", "List"))]


class Stack:
    """CloudFormation as the function sees it, with a clock; time goes by only while the function waits."""

    def __init__(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = Client(cloud)
        self.now = EPOCH
        self.later: dict[float, Callable[[], object]] = {}
        """What happens so many seconds after the request."""
        self.answers: list[dict[str, Any]] = []
        self.applications: dict[str, str] = {}
        monkeypatch.setattr(function, "time", self)
        monkeypatch.setattr(function, "client", lambda service: self if service == "cloudformation" else self.client)
        monkeypatch.setattr(urllib.request, "urlopen", self._take)

    # The clock

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        # The service's own threads need a moment.
        time.sleep(0.002)
        for due in [each for each in self.later if EPOCH + each <= self.now]:
            self.later.pop(due)()

    # CloudFormation

    def _take(self, request: Any, timeout: float) -> Any:
        assert request.get_method() == "PUT"
        self.answers.append(json.loads(request.data))
        return io.BytesIO()

    def describe_stack_resource(self, StackName: str, LogicalResourceId: str) -> dict[str, Any]:
        assert StackName.startswith("arn:aws:cloudformation")
        if LogicalResourceId not in self.applications:
            said = {"Error": {"Code": "ValidationError", "Message": "does not exist for stack"}}
            raise ClientError(said, "DescribeStackResource")  # type: ignore[arg-type]
        return {"StackResourceDetail": {"PhysicalResourceId": self.applications[LogicalResourceId]}}

    def send(self, kind: str, old: Mapping[str, Any] | None = None, query: str = STAMP, **properties: Any) -> None:
        """One invocation by Lambda."""
        event = {
            "RequestType": kind,
            "ResponseURL": f"https://responses.s3.amazonaws.com/answer?{query}",
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/Flights/1",
            "RequestId": "request-1",
            "LogicalResourceId": "Settings",
            "ResourceProperties": {"ServiceToken": "arn", "DrainMinutes": "10", **properties},
        } | ({"OldResourceProperties": old} if old is not None else {})
        begun = self.now

        class Context:
            @staticmethod
            def get_remaining_time_in_millis() -> float:
                return 1000 * (begun + 900 - self.now)

        function.handler(event, Context)

    def ask(self, kind: str, old: Mapping[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
        """One request that is answered in one invocation."""
        before = len(self.answers)
        self.send(kind, old, **properties)
        assert len(self.answers) == before + 1
        return self.answers[-1]


@pytest.fixture
def stack(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Stack:
    return Stack(cloud, monkeypatch)


def settings(cloud: Any, application: str) -> tuple[Any, Any]:
    found = cloud.call("GetApplication", applicationId=application)["application"]
    return found.get("diskEncryptionConfiguration"), found.get("jobLevelCostAllocationConfiguration")


def test_create_sets_what_cloudformation_cannot(cloud: Any, stack: Stack) -> None:
    """The application keeps the key and the switch; the answer names the application, so that its id is the id."""
    application = cloud.application()
    answer = stack.ask("Create", ApplicationId=application, DiskEncryptionKeyArn=KEY, JobLevelCostAllocation="true")
    assert answer == {
        "Status": "SUCCESS",
        "Reason": "done",
        "PhysicalResourceId": application,
        "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/Flights/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Settings",
    }
    assert settings(cloud, application) == ({"encryptionKeyArn": KEY}, {"enabled": True})


def test_a_repeated_request_disturbs_nothing(cloud: Any, stack: Stack) -> None:
    """Where everything is as wanted, a started application with a running job is left alone: Lambda may call twice."""
    application = cloud.application()
    stack.ask("Create", ApplicationId=application, DiskEncryptionKeyArn=KEY)
    cloud.submit(application)
    cloud.driver()
    answer = stack.ask("Create", ApplicationId=application, DiskEncryptionKeyArn=KEY, JobLevelCostAllocation="false")
    assert answer["Status"] == "SUCCESS"
    assert stack.client.changes == ["UpdateApplication"]
    assert cloud.state(application) == "STARTED"


def test_update_takes_back_what_is_no_longer_asked_for(cloud: Any, stack: Stack) -> None:
    """A new key replaces the old one; no key and no switch give the service's defaults back, as a rollback needs."""
    application = cloud.application()
    first = {"ApplicationId": application, "DiskEncryptionKeyArn": KEY, "JobLevelCostAllocation": "true"}
    stack.ask("Create", **first)
    second = {"ApplicationId": application, "DiskEncryptionKeyArn": OTHER_KEY}
    assert stack.ask("Update", first, **second)["Status"] == "SUCCESS"
    assert settings(cloud, application) == ({"encryptionKeyArn": OTHER_KEY}, {"enabled": False})
    assert stack.ask("Update", second, ApplicationId=application)["Status"] == "SUCCESS"
    assert settings(cloud, application)[0] is None
    assert stack.ask("Update", {"ApplicationId": application}, **first)["Status"] == "SUCCESS"
    assert settings(cloud, application) == ({"encryptionKeyArn": KEY}, {"enabled": True})


def test_a_replaced_application_is_another_resource(cloud: Any, stack: Stack) -> None:
    """CloudFormation sees a new id, and sends Delete for the former application, which is then stopped."""
    former, latter = cloud.application(), cloud.application()
    cloud.call("StartApplication", applicationId=former)
    old = {"ApplicationId": former, "DiskEncryptionKeyArn": KEY, "StopOnDelete": "true"}
    answer = stack.ask("Update", old, **{**old, "ApplicationId": latter})
    assert answer["PhysicalResourceId"] == latter
    assert cloud.state(former) == "STARTED"
    assert stack.ask("Delete", **old)["PhysicalResourceId"] == former
    assert cloud.state(former) == "STOPPED"


def test_a_change_waits_for_job_runs(cloud: Any, stack: Stack) -> None:
    """A job that ends within the drain time is not disturbed; then the application is stopped and changed."""
    application = cloud.application()
    run = cloud.submit(application)
    driver = cloud.driver()

    def end() -> None:
        driver.end()
        cloud.wait(application, run, "SUCCESS")

    stack.later[300] = end
    answer = stack.ask("Update", {}, ApplicationId=application, DiskEncryptionKeyArn=KEY)
    assert answer["Status"] == "SUCCESS"
    assert stack.client.changes == ["StopApplication", "UpdateApplication"]
    assert 300 <= stack.now - EPOCH < 330
    assert cloud.job_run(application, run)["state"] == "SUCCESS"


def test_a_change_never_cancels_a_job(cloud: Any, stack: Stack) -> None:
    """After the drain time the change fails, naming the job runs, and everything is as it was."""
    application = cloud.application()
    run = cloud.submit(application)
    cloud.driver()
    answer = stack.ask("Update", {}, ApplicationId=application, DiskEncryptionKeyArn=KEY)
    assert answer["Status"] == "FAILED"
    assert re.fullmatch(
        rf"1 job runs of {application} have not ended: {run}; wait for them or cancel them, then deploy again",
        answer["Reason"],
    )
    assert stack.client.changes == []
    assert settings(cloud, application)[0] is None


def test_a_deletion_cancels_what_does_not_end(cloud: Any, stack: Stack) -> None:
    """The drain time first, then cancelled, then stopped: CloudFormation can delete the application."""
    application = cloud.application()
    run = cloud.submit(application)
    cloud.driver()
    stack.later[599] = lambda: stack.client.calls.append("still waiting")
    answer = stack.ask("Delete", ApplicationId=application, StopOnDelete="true")
    assert answer["Status"] == "SUCCESS"
    assert stack.client.changes[:2] == ["still waiting", "CancelJobRun"]
    assert stack.client.changes[-1] == "StopApplication"
    assert cloud.job_run(application, run)["state"] == "CANCELLED"
    cloud.call("DeleteApplication", applicationId=application)


def test_a_deletion_succeeds_where_there_is_nothing_to_stop(cloud: Any, stack: Stack) -> None:
    """After a failed creation, after a deletion by hand, and without the switch."""
    gone = cloud.application()
    cloud.call("DeleteApplication", applicationId=gone)
    started = cloud.application()
    cloud.call("StartApplication", applicationId=started)
    for identifier in (gone, "00fnever00was0a9"):
        assert stack.ask("Delete", ApplicationId=identifier, StopOnDelete="true")["Status"] == "SUCCESS"
    assert stack.ask("Delete", ApplicationId=started)["Status"] == "SUCCESS"
    assert cloud.state(started) == "STARTED"


def test_a_drain_may_be_longer_than_an_invocation(cloud: Any, stack: Stack) -> None:
    """The invocation fails before its time is over, so that Lambda repeats it, and the drain time goes on counting."""
    application = cloud.application()
    cloud.submit(application)
    cloud.driver()
    asked = {"ApplicationId": application, "StopOnDelete": "true", "DrainMinutes": "30"}
    with pytest.raises(function.Again):
        stack.send("Delete", **asked)
    assert stack.now - EPOCH < 900 - 10
    assert stack.answers == []
    assert stack.client.changes == []
    stack.now = EPOCH + 16 * 60
    assert stack.ask("Delete", **asked)["Status"] == "SUCCESS"
    assert stack.now - EPOCH > 30 * 60
    assert cloud.state(application) == "STOPPED"


def test_the_last_attempt_answers_in_any_case(cloud: Any, stack: Stack) -> None:
    """Where a job cannot be ended CloudFormation hears why, and does not wait for an hour for nothing."""
    application = cloud.application()
    cloud.submit(application)
    cloud.driver()
    asked = {"ApplicationId": application, "StopOnDelete": "true", "DrainMinutes": "60"}
    stack.now = EPOCH + 33 * 60
    answer = stack.ask("Delete", **asked)
    assert (answer["Status"], answer["Reason"][:13]) == ("FAILED", "gave up after")
    assert stack.now - EPOCH < 48 * 60
    stack.now = EPOCH
    stack.send("Delete", query="Expires=1&Signature=x", **asked)
    assert stack.answers[-1]["Reason"].startswith("no time is left")


def test_before_an_update_the_application_is_stopped(cloud: Any, stack: Stack) -> None:
    """Found by its logical id in its stack. Before there is an application, and when all goes, nothing happens."""
    asked: dict[str, Any] = {"StopBeforeUpdate": "Application"}
    for kind in ("Create", "Update", "Delete"):
        assert stack.ask(kind, None, **asked)["Status"] == "SUCCESS"
    application = stack.applications["Application"] = cloud.application()
    cloud.call("StartApplication", applicationId=application)
    stack.ask("Create", **asked)
    assert cloud.state(application) == "STARTED"
    assert stack.ask("Update", {}, **asked)["PhysicalResourceId"] == "Settings"
    assert cloud.state(application) == "STOPPED"


def test_a_job_that_starts_the_application_again_is_waited_for(cloud: Any, stack: Stack) -> None:
    """Between the stop and the change anybody may submit a job: the change is tried again after it."""
    application = cloud.application()
    stack.client.errors["UpdateApplication"] = ["ConflictException"]
    cloud.call("StartApplication", applicationId=application)
    stopped = cloud.call

    def restart(operation: str, **parameters: Any) -> dict[str, Any]:
        answer = dict(stopped(operation, **parameters))
        if operation == "StopApplication" and stack.client.errors["UpdateApplication"]:
            stopped("StartApplication", applicationId=application)
            stopped("GetApplication", applicationId=application)
        return answer

    cloud.call = restart
    stack.later[3] = lambda: stack.client.errors["UpdateApplication"].clear()
    assert stack.ask("Create", ApplicationId=application, DiskEncryptionKeyArn=KEY)["Status"] == "SUCCESS"
    assert settings(cloud, application)[0] == {"encryptionKeyArn": KEY}


@pytest.mark.parametrize(
    ("operation", "errors", "status"),
    [
        ("GetApplication", ["AccessDeniedException"] * 3, "SUCCESS"),
        ("GetApplication", ["AccessDeniedException"] * 4, "FAILED"),
        ("UpdateApplication", ["ValidationException"], "FAILED"),
        ("StopApplication", ["ValidationException"] * 3, "SUCCESS"),
        ("StopApplication", ["ValidationException"] * 999, "FAILED"),
        ("StopApplication", ["AccessDeniedException"], "FAILED"),
    ],
)
def test_errors_of_the_service(cloud: Any, stack: Stack, operation: str, errors: list[str], status: str) -> None:
    """What passes is waited for; what does not reaches CloudFormation in the service's words, without the URL."""
    application = cloud.application()
    cloud.call("StartApplication", applicationId=application)
    stack.client.errors[operation] = errors
    answer = stack.ask("Create", ApplicationId=application, DiskEncryptionKeyArn=KEY)
    assert answer["Status"] == status
    assert ("made up" in answer["Reason"]) == (status == "FAILED")


def test_an_old_runtime_is_found_before_anything_is_stopped(
    cloud: Any, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason says that boto3 is too old, and running jobs were not touched."""
    application = cloud.application()
    cloud.call("StartApplication", applicationId=application)

    class Old:
        class service_model:
            @staticmethod
            def operation_model(name: str) -> Any:
                assert name == "UpdateApplication"
                return type("Operation", (), {"input_shape": type("Shape", (), {"members": {"applicationId": 1}})})

    monkeypatch.setattr(stack.client, "meta", Old)
    answer = stack.ask("Create", ApplicationId=application, DiskEncryptionKeyArn=KEY)
    assert answer["Reason"] == (
        "the boto3 of this Lambda runtime is too old, it does not know diskEncryptionConfiguration"
    )
    assert stack.client.changes == []


def test_nothing_secret_is_logged(cloud: Any, stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Who reads the log group cannot answer in the function's place: the response URL is nowhere in it."""
    stack.ask("Create", ApplicationId=cloud.application(), DiskEncryptionKeyArn=KEY)
    stack.ask("Create", ApplicationId="00fnever00was0a9", DiskEncryptionKeyArn=KEY)
    printed = capsys.readouterr().out
    assert "UpdateApplication diskEncryptionConfiguration" in printed
    assert "FAILED application 00fnever00was0a9 does not exist" in printed
    assert "responses.s3" not in printed
    assert "secret" not in printed
