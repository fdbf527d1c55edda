"""A server of the local cloud inside the test process, with a judge that the test controls."""

from __future__ import annotations

import atexit
import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.iam.models import iam_backends

from emrguard_local.call import Call
from emrguard_local.credentials import Credentials
from emrguard_local.host import Host, ServiceError, aws_client
from emrguard_local.server import ACCOUNT_ID, LocalServer

REGION = "us-east-1"


@dataclass(frozen=True)
class Verdict:
    """An answer of the judge."""

    allowed: bool = True
    message: str = ""
    refused: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Refused:
    """An object that must not be deleted."""

    key: str
    version_id: str | None
    message: str


@dataclass
class Judge:
    """Allows everything but what a test denies; remembers the calls that it was asked about."""

    denied: dict[str, str] = field(default_factory=dict)
    refused_keys: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    sources: dict[str, Any] = field(default_factory=dict)

    def authorize(self, call: Call) -> Verdict:
        self.calls.append(call)
        message = self.denied.get(call.operation)
        if call.operation == "DeleteObjects" and self.refused_keys:
            asked = [(each["Key"], each.get("VersionId")) for each in call.parameters["Delete"]["Objects"]]
            refused = tuple(Refused(*each, "no") for each in asked if each[0] in self.refused_keys)
            return Verdict(not refused, "no", refused)
        return Verdict() if message is None else Verdict(False, message)

    def authorize_assume_role(self, service_principal: str, role_arn: str, context: Mapping[str, str]) -> Verdict:
        message = self.denied.get(service_principal)
        return Verdict() if message is None else Verdict(False, message)

    @contextmanager
    def denying(self, name: str, message: str) -> Iterator[None]:
        """Deny an operation, or the role sessions of a service principal."""
        self.denied[name] = message
        try:
            yield
        finally:
            del self.denied[name]

    def last(self, operation: str) -> Call:
        """The last call of an operation."""
        return next(call for call in reversed(self.calls) if call.operation == operation)


class FakeEmrServerless:
    """Stands for a service of our own: one application, one error."""

    def handle(self, call: Call) -> dict[str, Any]:
        if call.operation == "StartJobRun":
            return {"applicationId": call.parameters["applicationId"], "jobRunId": "00f1", "arn": "arn:aws:x"}
        if call.operation == "GetApplication":
            raise ServiceError("ResourceNotFoundException", "Application 00 does not exist", 404)
        return {"applications": []} if call.operation == "ListApplications" else {"jobRuns": []}

    def close(self) -> None:
        """Nothing runs."""


class Running:
    """The server, its judge and its clients."""

    def __init__(self) -> None:
        self.judge = Judge()
        self.state_dir = tempfile.TemporaryDirectory()
        self.hosts: list[Host] = []
        self.server = LocalServer(
            Path(self.state_dir.name), REGION, make_authorizer=lambda *_: self.judge, make_services=self._services
        )
        self.server.start()
        self.url = self.server.endpoint_url
        self.admin = self.server.admin
        self._numbers = itertools.count()

    def close(self) -> None:
        """Stop the server; calling it again does nothing."""
        atexit.unregister(self.close)
        self.server.stop()
        self.state_dir.cleanup()

    def _services(self, host: Host) -> dict[str, Any]:
        self.hosts.append(host)
        return {"emr-serverless": FakeEmrServerless()}

    @property
    def host(self) -> Host:
        """The host as services get it."""
        return self.hosts[0]

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client."""
        return aws_client(service, self.url, REGION, credentials or self.admin)

    def name(self, what: str) -> str:
        """A name that no other test uses."""
        return f"{what}-{next(self._numbers)}"

    def bucket(self) -> str:
        """A new bucket."""
        name = self.name("bucket")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def user(self) -> tuple[str, Credentials]:
        """A new IAM user with an access key."""
        iam, name = self.client("iam"), self.name("user")
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return name, Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, **parameters: Any) -> str:
        """A new role's ARN."""
        made = self.client("iam").create_role(
            RoleName=self.name("role"), AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}', **parameters
        )
        return str(made["Role"]["Arn"])

    def assume(self, role_arn: str, caller: Credentials | None = None, **parameters: Any) -> Credentials:
        """Credentials of a session of the role."""
        made = self.client("sts", caller).assume_role(RoleArn=role_arn, **{"RoleSessionName": "session", **parameters})[
            "Credentials"
        ]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], made["Expiration"])


_made: list[Running] = []


def running() -> Running:
    """The one server of this test process: moto keeps its state in the process.

    A test that uses `moto.mock_aws` empties that state; then there is a new server.
    """
    if _made and "admin" in iam_backends[ACCOUNT_ID]["aws"].users:
        return _made[-1]
    while _made:
        _made.pop().close()
    made = Running()
    atexit.register(made.close)
    _made.append(made)
    return made
