"""The function behind Macie's job: on the local cloud in its own role, and with a Macie that is not as it should be."""

from __future__ import annotations

import io
import itertools
import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError
from deploy_support import physical_id

from emrguard import Alerts, Macie, Tenant
from emrguard import _macie_function as function
from emrguard_local.cloud import LocalCloud
from emrguard_local.deploy import Deployment, deploy
from emrguard_policies.assembly import load


class Deployed:
    """A stack with a tenant and Macie in a local cloud, and CloudFormation's requests to its function."""

    def __init__(self, directory: Path, cloud: LocalCloud) -> None:
        app = cdk.App(outdir=str(directory), builtin_cloud_formation_validation=False)
        stack = cdk.Stack(app, "Platform")
        team = Tenant(stack, "Tenant", name="payroll")
        Macie(
            stack,
            "Macie",
            buckets=[team.data, team.logs.bucket],
            alerts=Alerts(stack, "Alerts"),
            identifiers={"staff": "STAFF-[0-9]{6}"},
        )
        app.synth()
        assembly = load(directory)
        self.cloud = cloud
        self.macie = cloud.client("macie2")
        self.deployment: Deployment = deploy(assembly, cloud)
        (self.custom,) = assembly.resources("Custom::EmrGuardMacieJob")
        (self._function,) = (each for each in assembly.resources("AWS::Lambda::Function") if each.mark.part == "macie")
        self._numbers = itertools.count()
        self.first = physical_id(self.deployment, self.custom.logical_id)
        asked = self.job(self.first)
        self.properties: dict[str, Any] = {
            "Name": "emrguard-Platform",
            "Description": asked["description"],
            "AccountId": cloud.account_id,
            "BucketArns": [
                f"arn:aws:s3:::{name}" for name in asked["s3JobDefinition"]["bucketDefinitions"][0]["buckets"]
            ],
            "Schedule": "WEEKLY",
            "Day": "SUNDAY",
            "SamplingPercentage": "100",
            "ExistingObjects": "true",
            "ManagedDataIdentifiers": "RECOMMENDED",
            "CustomDataIdentifierIds": asked["customDataIdentifierIds"],
            "Tags": asked["tags"],
        }
        cloud.client("s3").create_bucket(Bucket="answers-of-macie")

    def job(self, name: str) -> dict[str, Any]:
        """What Macie knows of a job."""
        return dict(self.macie.describe_classification_job(jobId=name))

    def ask(self, kind: str, physical: str | None = None, request: str = "", **changed: Any) -> dict[str, Any]:
        """One request of CloudFormation's, and the answer."""
        s3, key = self.cloud.client("s3"), f"answer-{next(self._numbers)}"
        url = s3.generate_presigned_url("put_object", Params={"Bucket": "answers-of-macie", "Key": key}, ExpiresIn=600)
        event = {
            "RequestType": kind,
            "ResponseURL": url,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/Platform/1",
            "RequestId": request or key,
            "LogicalResourceId": self.custom.logical_id,
            "ResourceProperties": {**self.properties, **changed},
        } | ({} if physical is None else {"PhysicalResourceId": physical})
        name = physical_id(self.deployment, self._function.logical_id)
        self.cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return dict(json.loads(s3.get_object(Bucket="answers-of-macie", Key=key)["Body"].read()))

    def done(self, kind: str, physical: str | None = None, request: str = "", **changed: Any) -> str:
        """The physical id of a request that succeeds."""
        answer = self.ask(kind, physical, request, **changed)
        assert answer["Status"] == "SUCCESS", answer
        return str(answer["PhysicalResourceId"])


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud) -> Deployed:
    return Deployed(tmp_path_factory.mktemp("macie") / "cdk.out", cloud)


def test_a_deployment_makes_the_job(there: Deployed) -> None:
    """Every Sunday, both buckets of the tenant, with the organization's own identifier: the rights are enough."""
    job = there.job(there.first)
    assert (job["jobType"], job["initialRun"], job["samplingPercentage"]) == ("SCHEDULED", True, 100)
    assert job["scheduleFrequency"] == {"weeklySchedule": {"dayOfWeek": "SUNDAY"}}
    (definition,) = job["s3JobDefinition"]["bucketDefinitions"]
    assert definition["accountId"] == there.cloud.account_id
    assert len(definition["buckets"]) == 2
    assert there.macie.get_custom_data_identifier(id=job["customDataIdentifierIds"][0])["name"] == "staff"
    assert there.macie.get_macie_session()["status"] == "ENABLED"


def test_a_request_that_comes_twice_makes_one_job(there: Deployed) -> None:
    """Lambda repeats what it is not sure of; so may CloudFormation."""
    made = there.done("Create", request="twice")
    assert there.done("Create", request="twice") == made
    assert there.done("Update", made) == made
    there.done("Delete", made)


def test_a_change_is_another_job_and_the_former_one_is_cancelled(there: Deployed) -> None:
    """Macie changes no job, so the id changes, on which CloudFormation deletes the former one, once or twice."""
    before = there.done("Create")
    after = there.done("Update", before, Schedule="MONTHLY", Day="15", SamplingPercentage="20", ExistingObjects="false")
    assert after != before
    assert there.done("Delete", before) == before
    assert there.done("Delete", before) == before
    assert there.job(before)["jobStatus"] == "CANCELLED"
    found = there.job(after)
    assert (found["jobStatus"], found["samplingPercentage"], found["initialRun"]) == ("IDLE", 20, False)
    assert found["scheduleFrequency"] == {"monthlySchedule": {"dayOfMonth": 15}}
    daily = there.done("Update", after, Schedule="DAILY")
    once = there.done("Update", daily, Schedule="ONCE")
    assert there.job(daily)["scheduleFrequency"] == {"dailySchedule": {}}
    assert there.job(once)["jobType"] == "ONE_TIME"
    for each in (after, daily, once):
        there.done("Delete", each)


def test_a_rollback_goes_back_to_the_job_that_still_runs(there: Deployed) -> None:
    """No third job is made, and the one of the failed change is cancelled."""
    before = there.done("Create", SamplingPercentage="50")
    failed = there.done("Update", before, SamplingPercentage="60")
    assert there.done("Update", failed, SamplingPercentage="50") == before
    there.done("Delete", failed, SamplingPercentage="60")
    assert there.job(before)["jobStatus"] == "RUNNING"
    there.done("Delete", before)


def test_the_deletion_of_what_is_not_there_succeeds(there: Deployed) -> None:
    """A stack must never be stuck; and a creation whose answer was lost leaves no job behind."""
    assert there.done("Delete", "0" * 32)
    lost = there.done("Create", SamplingPercentage="70")
    there.done("Delete", f"Platform-{there.custom.logical_id}-1ABC", SamplingPercentage="70")
    assert there.job(lost)["jobStatus"] == "CANCELLED"
    assert there.done("Delete", there.custom.logical_id, SamplingPercentage="70")


def test_the_role_leaves_the_jobs_of_others_alone(there: Deployed) -> None:
    """It cancels what has its own tag, and makes nothing with another one."""
    wanted = {"bucketDefinitions": [{"accountId": there.cloud.account_id, "buckets": ["somebody-elses"]}]}
    foreign = there.macie.create_classification_job(
        clientToken="foreign", jobType="ONE_TIME", name="foreign", s3JobDefinition=wanted
    )["jobId"]
    answer = there.ask("Delete", foreign)
    assert answer["Status"] == "FAILED"
    assert f"job {foreign} cannot be cancelled: " in answer["Reason"]
    assert "not authorized to perform: macie2:UpdateClassificationJob" in answer["Reason"]
    assert there.job(foreign)["jobStatus"] == "RUNNING"


def test_a_stack_can_be_deleted_after_macie_was_turned_off(there: Deployed) -> None:
    """Then there is no job, and Macie refuses every call."""
    there.macie.disable_macie()
    assert there.done("Delete", there.first)
    there.macie.enable_macie()


class Fake:
    """Macie with errors, and CloudFormation."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: list[tuple[str, str]] = []
        self.jobs: list[dict[str, str]] = []
        self.slept = 0.0
        self.answers: list[dict[str, Any]] = []
        monkeypatch.setattr(function, "time", self)
        monkeypatch.setattr(function, "client", lambda _: self)
        monkeypatch.setattr(urllib.request, "urlopen", self._take)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def _take(self, request: Any, timeout: float) -> Any:
        self.answers.append(json.loads(request.data))
        return io.BytesIO()

    def _call(self, operation: str) -> None:
        if self.errors:
            code, message = self.errors.pop(0)
            raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    def create_classification_job(self, **_: Any) -> dict[str, str]:
        self._call("CreateClassificationJob")
        return {"jobId": "made"}

    def update_classification_job(self, **_: Any) -> dict[str, str]:
        self._call("UpdateClassificationJob")
        return {}

    def get_paginator(self, _: str) -> Any:
        class Paginator:
            paginate: Callable[..., list[dict[str, Any]]] = staticmethod(lambda **_: [{"items": self.jobs}])

        return Paginator()

    def ask(self, kind: str, physical: str = "former") -> dict[str, Any]:
        event = {
            "RequestType": kind,
            "ResponseURL": "https://answers.example.com/a?X-Amz-Signature=secret",
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/Platform/1",
            "RequestId": "1",
            "LogicalResourceId": "Job",
            "ResourceProperties": {
                "Name": "emrguard-Platform",
                "Description": "d",
                "AccountId": "111122223333",
                "BucketArns": ["arn:aws:s3:::one"],
                "Schedule": "ONCE",
                "SamplingPercentage": "100",
                "ManagedDataIdentifiers": "ALL",
                "Tags": {"emrguard:platform": "macie-1"},
            },
        } | ({} if kind == "Create" else {"PhysicalResourceId": physical})
        function.handler(event, None)
        return self.answers[-1]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(monkeypatch)


def test_rights_and_macie_may_be_on_their_way(fake: Fake) -> None:
    """A policy, or Macie itself, that was there a moment ago is waited for, for a minute and a half at most."""
    fake.errors = [("AccessDeniedException", "Macie is not enabled"), ("ClientError", "not yet")]
    assert fake.ask("Create")["PhysicalResourceId"] == "made"
    assert fake.slept == 6
    fake.errors = [("AccessDeniedException", "Macie is not enabled")] * 7
    failed = fake.ask("Create")
    assert (failed["Status"], failed["PhysicalResourceId"]) == ("FAILED", "Job")
    assert failed["Reason"] == "Macie is not on in this account and Region: turn it on, then deploy again"
    assert fake.slept == 96


def test_a_failure_is_told_with_its_reason_and_without_the_url(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """What Macie says stands in CloudFormation's events; who knows the URL could answer for the function."""
    url = "https://answers.example.com/a?X-Amz-Signature=secret"
    fake.errors = [("ServiceQuotaExceededException", f"too many jobs, see {url}")]
    failed = fake.ask("Create")
    assert failed["Status"] == "FAILED"
    assert "too many jobs, see (response URL)" in failed["Reason"]
    assert fake.slept == 0
    assert "secret" not in capsys.readouterr().out


@pytest.mark.parametrize("status", ["CANCELLED", "COMPLETE"])
def test_a_job_that_is_over_is_deleted(fake: Fake, status: str) -> None:
    """Macie refuses to cancel it, and that is no failure."""
    fake.jobs = [{"jobId": "former", "name": "n", "jobStatus": status}]
    fake.errors = [("ValidationException", "cannot update a job that is over")]
    assert fake.ask("Delete")["Status"] == "SUCCESS"
    fake.jobs[0]["jobStatus"] = "RUNNING"
    fake.errors = [("ConflictException", "try later")]
    assert fake.ask("Delete")["Status"] == "FAILED"
    fake.errors = [("InternalServerException", "broken")]
    assert fake.ask("Delete")["Status"] == "FAILED"
