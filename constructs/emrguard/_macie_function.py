"""The code of the Lambda function behind `MacieJob`. It is put into the template as it stands here.

CloudFormation calls `handler` for one custom resource, whose physical id is the id of Macie's job. Macie changes
nothing of a job but its status, and deletes none. So a change makes a new job with another id, and CloudFormation then
has the one with the former id deleted, which cancels it.
https://docs.aws.amazon.com/macie/latest/user/discovery-jobs.html

A job's name ends with a digest of its definition. A request that comes twice finds the job that it made before, and a
rollback finds the one that the change was to replace and that still runs.

Neither the event nor its response URL, with which anyone could answer, is ever logged.
"""

from __future__ import annotations

import hashlib
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

ACTIVE = ("RUNNING", "IDLE", "PAUSED", "USER_PAUSED")
"""States in which a job can be cancelled; out of CANCELLED and COMPLETE none comes back."""
PAUSES = (2, 4, 8, 16, 30, 30)
"""Seconds: for so long in all, rights that were attached, or a Macie that was turned on, may be on their way."""
PASSING = ("AccessDeniedException", "ClientError")
OFF = "Macie is not enabled"
"""What Macie answers to all calls, as AccessDeniedException, where it is off; there are no jobs then."""


class Failed(Exception):
    """What CloudFormation is told as the reason of a failure."""


def handler(event: Mapping[str, Any], _: Any) -> None:
    """Serve one request of CloudFormation's and answer it, whatever happens."""
    # An id that no job has: what is made of this request, if anything, goes by its name.
    physical = event.get("PhysicalResourceId") or event["LogicalResourceId"]
    print(f"{event['RequestType']} of {physical}")
    status, reason = "SUCCESS", ""
    try:
        physical = serve(event, Macie(client("macie2")))
    except Exception as error:  # noqa: BLE001 - without an answer CloudFormation waits until its own time is over
        status = "FAILED"
        reason = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        reason = reason.replace(event["ResponseURL"], "(response URL)")[:1500]
    print(f"{status} {physical} {reason}")
    answer(event, status, physical, reason or "done")


def serve(event: Mapping[str, Any], macie: Macie) -> str:
    """Do what a request asks for; returns the id of the job."""
    wanted = definition(event)
    if event["RequestType"] != "Delete":
        return macie.active_by_name(wanted["name"]) or macie.create(wanted, event["RequestId"])
    physical = str(event["PhysicalResourceId"])
    if event["LogicalResourceId"] in physical:
        # The creation failed, or was not answered in time and CloudFormation made this id up.
        job = macie.active_by_name(wanted["name"])
        if job is not None:
            macie.cancel(job)
    else:
        macie.cancel(physical)
    return physical


def definition(event: Mapping[str, Any]) -> dict[str, Any]:
    """Members of CreateClassificationJob."""
    properties = event["ResourceProperties"]
    buckets = sorted(arn.rpartition(":")[2] for arn in properties["BucketArns"])
    found: dict[str, Any] = {
        "description": properties["Description"],
        "s3JobDefinition": {"bucketDefinitions": [{"accountId": properties["AccountId"], "buckets": buckets}]},
        "samplingPercentage": int(properties["SamplingPercentage"]),
        "managedDataIdentifierSelector": properties["ManagedDataIdentifiers"],
        "tags": dict(properties["Tags"]),
    }
    if properties.get("CustomDataIdentifierIds"):
        found["customDataIdentifierIds"] = list(properties["CustomDataIdentifierIds"])
    schedule, day = properties["Schedule"], properties.get("Day", "")
    if schedule == "ONCE":
        found["jobType"] = "ONE_TIME"
    else:
        found["jobType"] = "SCHEDULED"
        if schedule == "DAILY":
            found["scheduleFrequency"] = {"dailySchedule": {}}
        elif schedule == "WEEKLY":
            found["scheduleFrequency"] = {"weeklySchedule": {"dayOfWeek": day}}
        else:
            found["scheduleFrequency"] = {"monthlySchedule": {"dayOfMonth": int(day)}}
        found["initialRun"] = properties["ExistingObjects"] == "true"
    text = json.dumps([event["StackId"], event["LogicalResourceId"], found], sort_keys=True)
    return {"name": f"{properties['Name']}-{hashlib.sha256(text.encode()).hexdigest()[:16]}", **found}


class Macie:
    """The jobs of the account in this Region."""

    def __init__(self, macie: Any) -> None:
        self._client = macie

    def create(self, wanted: Mapping[str, Any], token: str) -> str:
        """Make a job; the same token makes none twice."""
        print(f"CreateClassificationJob {wanted['name']}")
        made = patiently(lambda: self._client.create_classification_job(clientToken=token, **wanted))
        return str(made["jobId"])

    def active_by_name(self, name: str) -> str | None:
        """The id of the job with a name that is not over."""
        wanted = {"includes": [{"key": "name", "comparator": "EQ", "values": [name]}]}
        return next((job for job, its in patiently(lambda: self._active(wanted)).items() if its == name), None)

    def cancel(self, job: str) -> None:
        """Cancel a job; one that is over, or is not there, is left alone."""
        print(f"UpdateClassificationJob {job} CANCELLED")
        try:
            self._client.update_classification_job(jobId=job, jobStatus="CANCELLED")
        except Exception as error:
            # The right to it goes by a tag of the job, so one that is not there is refused, too.
            if code(error) not in (
                "ValidationException",
                "ConflictException",
                "ResourceNotFoundException",
                "AccessDeniedException",
            ):
                raise
            if job in self._active({}):
                raise Failed(f"job {job} cannot be cancelled: {error}") from error

    def _active(self, criteria: Mapping[str, Any]) -> dict[str, str]:
        """Name by id of the jobs that are not over."""
        pages = self._client.get_paginator("list_classification_jobs").paginate(filterCriteria=criteria)
        try:
            return {job["jobId"]: job["name"] for page in pages for job in page["items"] if job["jobStatus"] in ACTIVE}
        except Exception as error:
            if OFF in str(error):
                return {}
            raise


def patiently(call: Callable[[], Any]) -> Any:
    """What a call gives, which may be refused for a while."""
    for pause in (*PAUSES, 0):
        try:
            return call()
        except Exception as error:
            if code(error) not in PASSING:
                raise
            if not pause:
                if OFF in str(error):
                    raise Failed("Macie is not on in this account and Region: turn it on, then deploy again") from error
                raise
            print(f"{code(error)}, again in {pause} s")
            time.sleep(pause)
    raise AssertionError


def code(error: Exception) -> str:
    """The service's code of an error, or nothing."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def client(service: str) -> Any:
    """A client with the function's own rights."""
    # Imported here, because it takes longer than all that needs no client.
    import boto3
    from botocore.config import Config

    return boto3.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 8}))  # type: ignore[call-overload]


def answer(event: Mapping[str, Any], status: str, physical: str, reason: str) -> None:
    """Tell CloudFormation, by a PUT on the response URL."""
    named = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({"Status": status, "Reason": reason, "PhysicalResourceId": physical, **named})
    request = urllib.request.Request(  # noqa: S310 - https, and from CloudFormation
        event["ResponseURL"], data=body.encode(), method="PUT", headers={"Content-Type": ""}
    )
    for pause in (1, 5, 0):
        try:
            with urllib.request.urlopen(request, timeout=30):  # noqa: S310
                return
        except OSError as error:
            print(f"CloudFormation did not take the answer: {type(error).__name__} {getattr(error, 'code', '')}")
            time.sleep(pause)
    raise RuntimeError("CloudFormation did not take the answer")
