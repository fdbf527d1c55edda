"""A service on a fake host and a fake engine, driven as the front of the local cloud drives it."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from emrguard_local.call import Call, Identity
from emrguard_local.credentials import Credentials
from emrguard_local.emr_serverless.service import EmrServerless
from emrguard_local.emr_serverless.settings import Settings
from emrguard_local.emr_serverless.shapes import service_model
from emrguard_local.engines.base import JobSpec, Outcome, Progress
from emrguard_local.exceptions import EngineError
from emrguard_local.host import Host, ServiceError
from emrguard_policies.iam.decide import Principal

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/flights-execution"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/flights-submitter/ana"
DEADLINE_SECONDS = 10.0


def wait_for(holds: Callable[[], bool], what: str) -> None:
    """Poll until `holds`."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.005)


def _with_details(value: Any) -> Any:
    """An answer in which empty stateDetails are filled: AWS sends them empty, though its model has a minimum length."""
    if isinstance(value, Mapping):
        return {
            key: "none" if key == "stateDetails" and item == "" else _with_details(item) for key, item in value.items()
        }
    return [_with_details(item) for item in value] if isinstance(value, list) else value


class FakeS3:
    """Keeps objects, or refuses to."""

    def __init__(self, host: FakeHost, credentials: Credentials) -> None:
        self._host = host
        self._credentials = credentials

    def put_object(self, *, Bucket: str, Key: str, Body: Any, **encryption: str) -> None:
        if "s3" in self._host.denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no s3:PutObject for you"}}, "PutObject")
        self._host.objects[f"{Bucket}/{Key}"] = Body.read()
        self._host.encryption[f"{Bucket}/{Key}"] = encryption
        self._host.writers.add(self._credentials.access_key_id)


class FakeLogs:
    """Keeps log events, as CloudWatch does with groups and streams that must exist."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    def _error(self, code: str, operation: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": code}}, operation)

    def create_log_group(self, *, logGroupName: str, kmsKeyId: str | None = None) -> None:
        if "logs" in self._host.denied:
            raise self._error("AccessDeniedException", "CreateLogGroup")
        self._host.groups[logGroupName] = kmsKeyId

    def describe_log_groups(self, *, logGroupNamePrefix: str) -> dict[str, Any]:
        found = [
            {"logGroupName": name} | ({"kmsKeyId": key} if key else {})
            for name, key in self._host.groups.items()
            if name.startswith(logGroupNamePrefix)
        ]
        return {"logGroups": found}

    def associate_kms_key(self, *, logGroupName: str, kmsKeyId: str) -> None:
        self._host.groups[logGroupName] = kmsKeyId

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:
        if logGroupName not in self._host.groups:
            raise self._error("ResourceNotFoundException", "CreateLogStream")
        if (logGroupName, logStreamName) in self._host.events:
            raise self._error("ResourceAlreadyExistsException", "CreateLogStream")
        self._host.events[logGroupName, logStreamName] = []

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]) -> None:
        self._host.events[logGroupName, logStreamName] += [each["message"] for each in logEvents]


class FakeHost:
    """The host's services as far as this service uses them."""

    endpoint_url = "http://127.0.0.1:5000"
    account_id = ACCOUNT
    region = "us-east-1"
    partition = "aws"

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.routes: dict[str, Callable[..., Any]] = {}
        self.trusted = {ROLE}
        self.lifetime = timedelta(hours=1)
        self.assumed: list[dict[str, Any]] = []
        self.objects: dict[str, bytes] = {}
        self.encryption: dict[str, dict[str, str]] = {}
        self.writers: set[str] = set()
        self.groups: dict[str, str | None] = {}
        self.events: dict[tuple[str, str], list[str]] = {}
        self.denied: set[str] = set()

    def assume_for_service(
        self,
        service: str,
        role_arn: str,
        session_name: str,
        *,
        context: Mapping[str, str],
        seconds: int = 3600,
        policies: tuple[str, ...] = (),
        subnet: str = "",
    ) -> Credentials:
        if role_arn not in self.trusted:
            raise ServiceError("AccessDenied", f"{service} is not authorized to perform: sts:AssumeRole", 403)
        self.assumed.append(
            {
                "service": service,
                "role": role_arn,
                "name": session_name,
                "context": context,
                "policies": policies,
                "subnet": subnet,
            }
        )
        number = len(self.assumed)
        return Credentials(f"ASIA{number}", f"secret{number}", f"token{number}", datetime.now(UTC) + self.lifetime)

    def client(self, service: str, credentials: Credentials) -> Any:
        return FakeS3(self, credentials) if service == "s3" else FakeLogs(self)

    def text(self, key: str) -> str:
        """The unpacked text of an object."""
        return gzip.decompress(self.objects[key]).decode()


class FakeRun:
    """A driver that runs until the test ends it."""

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.stdout = spec.work_dir / "stdout"
        self.stderr = spec.work_dir / "stderr"
        self.stdout.write_text("")
        self.stderr.write_text("")
        self.grace: list[float] = []
        self._ended = threading.Event()
        self._outcome = Outcome(0, None)

    def wait(self, timeout: float | None = None) -> Outcome | None:
        return self._outcome if self._ended.wait(timeout) else None

    def cancel(self, grace_seconds: float = 0) -> None:
        self.grace.append(grace_seconds)
        self.end(143, "killed")

    def end(self, exit_code: int = 0, reason: str | None = None) -> None:
        self._outcome = Outcome(exit_code, reason)
        self._ended.set()


class FakeEngine:
    """An engine whose drivers the test controls."""

    def __init__(self) -> None:
        self.runs: list[FakeRun] = []
        self.ready = threading.Event()
        self.ready.set()
        self.broken: str | None = None
        self.progress: Progress = print

    def supports(self, release_label: str) -> bool:
        return release_label.startswith(("emr-6", "emr-7", "emr-spark-8"))

    def prepare(self, release_label: str, progress: Progress) -> None:
        self.progress = progress
        progress(f"Making the environment of {release_label}")
        if self.broken:
            raise EngineError(self.broken)
        assert self.ready.wait(DEADLINE_SECONDS)

    def start(self, spec: JobSpec) -> FakeRun:
        self.runs.append(FakeRun(spec))
        return self.runs[-1]


class Cloud:
    """The service with its doubles and short cuts for its calls."""

    def __init__(self, state_dir: Path, settings: Settings) -> None:
        self.host = FakeHost(state_dir)
        self.engine = FakeEngine()
        self.service = EmrServerless(cast(Host, self.host), [self.engine], settings)
        self._tokens = itertools.count()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call by the submitter, with a client token as the SDKs add it."""
        if operation in {"CreateApplication", "UpdateApplication", "StartJobRun"}:
            parameters.setdefault("clientToken", f"token-{next(self._tokens)}")
        principal = Principal("role-session", CALLER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/flights-submitter")
        call = Call(
            service="emr-serverless",
            operation=operation,
            parameters=parameters,
            region="us-east-1",
            account_id=ACCOUNT,
            partition="aws",
            identity=Identity(principal, "ASIASUBMITTER"),
            source_ip="127.0.0.1",
            user_agent="test",
            request_id="request",
            time=datetime.now(UTC),
        )
        answer = self.service.handle(call)
        # What the front serializes must be what the API model says, member by member.
        shape = service_model().operation_model(operation).output_shape
        assert shape is not None
        report = ParamValidator().validate(_with_details(answer), shape)
        assert not report.has_errors(), report.generate_report()
        return dict(answer)

    def application(self, **parameters: Any) -> str:
        """A new Spark application's id."""
        made = self.call("CreateApplication", **{"releaseLabel": "emr-7.14.0", "type": "SPARK", **parameters})
        return str(made["applicationId"])

    def submit(self, application_id: str, confs: str = "", **parameters: Any) -> str:
        """A new job run's id."""
        submit = {"entryPoint": "s3://flights-data/jobs/job.py", "entryPointArguments": ["--day", "1"]}
        if confs:
            submit["sparkSubmitParameters"] = confs
        given = {"executionRoleArn": ROLE, "jobDriver": {"sparkSubmit": submit}, **parameters}
        return str(self.call("StartJobRun", applicationId=application_id, **given)["jobRunId"])

    def job_run(self, application_id: str, job_run_id: str, **parameters: Any) -> dict[str, Any]:
        """GetJobRun."""
        answer = self.call("GetJobRun", applicationId=application_id, jobRunId=job_run_id, **parameters)
        return cast(dict[str, Any], answer["jobRun"])

    def state(self, application_id: str) -> str:
        """The application's state."""
        return str(self.call("GetApplication", applicationId=application_id)["application"]["state"])

    def wait(self, application_id: str, job_run_id: str, *states: str) -> dict[str, Any]:
        """The job run, once it is in one of `states`."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (run := self.job_run(application_id, job_run_id))["state"] not in states:
            assert time.monotonic() < deadline, f"{run['state']}: {run['stateDetails']}, never {states}"
            time.sleep(0.005)
        return run

    def driver(self, count: int = 1) -> FakeRun:
        """The latest driver, once `count` have been started."""
        wait_for(lambda: len(self.engine.runs) >= count, f"driver {count} starts")
        return self.engine.runs[count - 1]

    def refused(self, operation: str, **parameters: Any) -> ServiceError:
        """The error of a call that must be refused."""
        with pytest.raises(ServiceError) as caught:
            self.call(operation, **parameters)
        return caught.value


@pytest.fixture
def make_cloud(tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    """Makes services that are closed in the end."""
    made: list[Cloud] = []

    def make(**settings: Any) -> Cloud:
        chosen = {"concurrent_runs": 2, "log_seconds": 0.02, "minute_seconds": 60.0, "up_seconds": 0.0, **settings}
        made.append(Cloud(tmp_path / f"state{len(made)}", Settings(**chosen)))
        return made[-1]

    yield make
    for each in made:
        each.service.close()


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    """A service that executes two job runs at once."""
    return make_cloud()
