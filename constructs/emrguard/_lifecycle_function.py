"""The code of the Lambda function behind `Lifecycle`. It is put into the template as it stands here.

CloudFormation calls `handler` for two custom resources of an application:

- one with `StopBeforeUpdate`, on which the application depends: when the application's properties change, it is stopped
  first, because EMR Serverless updates only applications that are not started;
- one with `ApplicationId`, which depends on the application: it sets what CloudFormation has no property for, and stops
  the application before CloudFormation deletes it (`StopOnDelete`).

Job runs are given `DrainMinutes` to end by themselves. Then a deletion cancels them; a change fails instead, and
nothing is lost. That may take longer than the 15 minutes of an invocation: it then ends with the error `Again`, and
Lambda repeats asynchronous invocations that fail, twice. When the request came tells its response URL, a presigned one.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

Neither the event nor its response URL, with which anyone could answer, is ever logged.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACTIVE = ("SUBMITTED", "QUEUED", "PENDING", "SCHEDULED", "RUNNING", "CANCELLING")
AT_REST = ("CREATED", "STOPPED", "TERMINATED")
LAST_REPEAT = 31.5 * 60
"""Seconds since the request: Lambda's third and last attempt begins later (15 + 1 + 15 minutes)."""
GIVE_UP = 46 * 60
"""Seconds since the request, after which nothing is waited for; the third attempt ends in the 48th minute."""
MARGIN = 20
"""Seconds of an invocation that are kept for the answer."""
CANCELLED_AT_ONCE = 20
"""CancelJobRun takes one call a second, with bursts of 25."""
REFUSED_FOR = 120
"""Seconds after the drain time during which a refusal of StopApplication may pass away."""


class Failed(Exception):
    """What CloudFormation is told as the reason of a failure."""


class Again(Exception):
    """The time of this invocation is over, but not that of the request: Lambda shall repeat the invocation."""


def handler(event: Mapping[str, Any], context: Any) -> None:
    """Serve one request of CloudFormation's and answer it, whatever happens."""
    properties = event["ResourceProperties"]
    # Another id means another resource to CloudFormation: it then has the former one deleted.
    physical = properties.get("ApplicationId") or event["LogicalResourceId"]
    print(f"{event['RequestType']} of {physical}")
    status, reason = "SUCCESS", ""
    try:
        serve(event, Clock(event["ResponseURL"], context.get_remaining_time_in_millis))
    except Again:
        raise
    except Exception as error:  # noqa: BLE001 - without an answer CloudFormation waits until its own time is over
        status = "FAILED"
        reason = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        reason = reason.replace(event["ResponseURL"], "(response URL)")[:1500]
    print(f"{status} {reason}")
    answer(event, status, physical, reason or "done")


class Clock:
    """How much time there is: for the request as a whole, and in this invocation."""

    def __init__(self, response_url: str, remaining_ms: Callable[[], float]) -> None:
        stamp = parse_qs(urlsplit(response_url).query).get("X-Amz-Date", [""])[0]
        self._remaining_ms = remaining_ms
        try:
            self._began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
            self._repeats = True
        except ValueError:
            # Then nobody knows which attempt this is, so it has to be the only one.
            self._began, self._repeats = time.time(), False
        self._pause = 1.0

    @property
    def elapsed(self) -> float:
        """Seconds since CloudFormation sent the request."""
        return time.time() - self._began

    def wait(self, why: str) -> None:
        """Pause, for longer and longer, up to ten seconds."""
        if self.elapsed > GIVE_UP:
            raise Failed(f"gave up after {self.elapsed / 60:.0f} minutes: {why}")
        if self._remaining_ms() / 1000 < MARGIN + self._pause:
            if self._repeats and self.elapsed < LAST_REPEAT:
                raise Again(why)
            raise Failed(f"no time is left: {why}")
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, 10)


def serve(event: Mapping[str, Any], clock: Clock) -> None:
    """Do what a request asks for."""
    kind, properties = event["RequestType"], event["ResourceProperties"]
    if "StopBeforeUpdate" in properties:
        found = physical_id(event, properties["StopBeforeUpdate"]) if kind == "Update" else None
        if found is not None:
            Application(found, properties, clock).halt(cancel=False)
    elif kind != "Delete":
        Application(properties["ApplicationId"], properties, clock).apply(
            wanted(properties, event.get("OldResourceProperties", {}))
        )
    elif properties.get("StopOnDelete") == "true":
        Application(properties["ApplicationId"], properties, clock).halt(cancel=True)


def physical_id(event: Mapping[str, Any], logical_id: str) -> str | None:
    """The id of an application of this stack by its logical id; None while there is none."""
    try:
        answered = client("cloudformation").describe_stack_resource(
            StackName=event["StackId"], LogicalResourceId=logical_id
        )
    except Exception as error:
        if code(error) == "ValidationError":
            return None
        raise
    found: str | None = answered["StackResourceDetail"].get("PhysicalResourceId")
    return found


def wanted(properties: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Members of UpdateApplication; what was asked for before and is not any more gets its default."""
    found: dict[str, dict[str, Any]] = {}
    if properties.get("DiskEncryptionKeyArn"):
        found["diskEncryptionConfiguration"] = {"encryptionKeyArn": properties["DiskEncryptionKeyArn"]}
    elif old.get("DiskEncryptionKeyArn"):
        found["diskEncryptionConfiguration"] = {}
    if "JobLevelCostAllocation" in properties or "JobLevelCostAllocation" in old:
        found["jobLevelCostAllocationConfiguration"] = {"enabled": properties.get("JobLevelCostAllocation") == "true"}
    return found


class Application:
    """One application, which is changed and stopped."""

    def __init__(self, identifier: str, properties: Mapping[str, Any], clock: Clock) -> None:
        self._id = identifier
        self._drain = 60 * float(properties.get("DrainMinutes", 0))
        self._clock = clock
        self._client = client("emr-serverless")

    def apply(self, settings: Mapping[str, dict[str, Any]]) -> None:
        """Have the service keep these settings. The application is left alone where it does already."""
        changes = self._changes(settings)
        if not changes:
            return
        known = self._client.meta.service_model.operation_model("UpdateApplication").input_shape.members
        for name in changes:
            if name not in known:
                raise Failed(f"the boto3 of this Lambda runtime is too old, it does not know {name}")
        while True:
            self.halt(cancel=False)
            print(f"UpdateApplication {', '.join(changes)}")
            try:
                self._client.update_application(applicationId=self._id, **changes)
            except Exception as error:
                if code(error) not in ("ValidationException", "ConflictException") or self._state() in AT_REST:
                    raise
                self._clock.wait(f"a job has started {self._id} again: {error}")
            else:
                break
        lost = self._changes(settings)
        if lost:
            raise Failed(f"EMR Serverless did not keep {', '.join(lost)} of {self._id}")

    def halt(self, *, cancel: bool) -> None:
        """Return when the application is at rest. After the drain time job runs are cancelled, or it fails."""
        while (state := self._state()) not in AT_REST:
            why = f"application {self._id} is {state}"
            if state == "STARTED":
                runs = self._active()
                if not runs:
                    why = self._stop()
                else:
                    why = f"{len(runs)} job runs of {self._id} have not ended: {', '.join(list(runs)[:10])}"
                    if self._clock.elapsed >= self._drain:
                        if not cancel:
                            raise Failed(f"{why}; wait for them or cancel them, then deploy again")
                        self._cancel(runs)
            self._clock.wait(why)

    def _changes(self, settings: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        application = self._get()
        if application is None:
            raise Failed(f"application {self._id} does not exist")
        return {name: value for name, value in settings.items() if not _fits(value, application.get(name) or {})}

    def _get(self) -> dict[str, Any] | None:
        for patience in (3, 2, 1, 0):
            try:
                found: dict[str, Any] = self._client.get_application(applicationId=self._id)["application"]
            except Exception as error:
                if code(error) == "ResourceNotFoundException":
                    return None
                # A policy that was attached a moment ago takes seconds to arrive everywhere.
                if code(error) != "AccessDeniedException" or not patience:
                    raise
                self._clock.wait(str(error))
            else:
                return found
        return None

    def _state(self) -> str:
        return str((self._get() or {"state": "TERMINATED"})["state"])

    def _active(self) -> dict[str, str]:
        pages = self._client.get_paginator("list_job_runs").paginate(applicationId=self._id, states=list(ACTIVE))
        return {run["id"]: run["state"] for page in pages for run in page["jobRuns"]}

    def _stop(self) -> str:
        print(f"StopApplication {self._id}")
        try:
            self._client.stop_application(applicationId=self._id)
        except Exception as error:
            if code(error) not in ("ValidationException", "ConflictException"):
                raise
            # A job that came in between is seen in the next round; what else keeps it started may pass, or not.
            if self._clock.elapsed > self._drain + REFUSED_FOR:
                raise Failed(f"application {self._id} cannot be stopped: {error}") from error
            return str(error)
        return f"application {self._id} is stopping"

    def _cancel(self, runs: Mapping[str, str]) -> None:
        for run in [run for run, state in runs.items() if state != "CANCELLING"][:CANCELLED_AT_ONCE]:
            print(f"CancelJobRun {run}")
            try:
                self._client.cancel_job_run(applicationId=self._id, jobRunId=run)
            except Exception as error:
                if code(error) not in ("ValidationException", "ResourceNotFoundException", "ConflictException"):
                    raise


def _fits(value: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    return all(current.get(name, False) == item for name, item in value.items()) if value else not current


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
