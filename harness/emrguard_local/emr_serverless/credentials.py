"""The execution role's credentials, and how a worker gets them.

A worker asks as the AWS SDKs ask a container credentials endpoint:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from werkzeug import Request, Response

from emrguard_local.credentials import Credentials
from emrguard_local.host import Host, ServiceError

SERVICE = "emr-serverless.amazonaws.com"
PATH = "/_emrguard/credentials/"

# The SDKs ask again 15 minutes before the end, so what they get then must last longer.
_REFRESH = timedelta(minutes=20)


class RoleSession:
    """A session of the execution role, named after the job run and renewed before it ends."""

    def __init__(self, host: Host, role_arn: str, name: str, policies: tuple[str, ...], subnet: str = "") -> None:
        """Assume the role; `subnet` is where the workers run, empty where the application has no network.

        Raises:
            ServiceError: the role's trust policy does not let the service assume it.
        """
        self.role_arn = role_arn
        self._host = host
        self._name = name
        self._policies = policies
        self._subnet = subnet
        self._lock = threading.Lock()
        self._credentials = self._assume()

    def current(self) -> Credentials:
        """Credentials that are good for some time.

        Raises:
            ServiceError: they had to be renewed, and the trust policy does not allow it any more.
        """
        with self._lock:
            expiration = self._credentials.expiration
            if expiration is not None and expiration - datetime.now(UTC) < _REFRESH:
                self._credentials = self._assume()
            return self._credentials

    def _assume(self) -> Credentials:
        return self._host.assume_for_service(
            SERVICE,
            self.role_arn,
            self._name,
            context={"aws:SourceAccount": self._host.account_id},
            policies=self._policies,
            subnet=self._subnet,
        )


@dataclass(frozen=True)
class Worker:
    """A worker's own address and secret for its credentials; `up` is set when it has fetched them once."""

    id: str
    uri: str
    session: RoleSession = field(repr=False)
    token: str = field(repr=False)
    up: threading.Event = field(default_factory=threading.Event, repr=False)


class CredentialsEndpoint:
    """Answers the workers that run at the moment; called with each request below `/_emrguard/credentials/`."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._workers: dict[str, Worker] = {}

    def register(self, session: RoleSession) -> Worker:
        """Let a new worker fetch the session's credentials."""
        identifier = secrets.token_hex(16)
        made = Worker(identifier, f"{self._endpoint_url}{PATH}{identifier}", session, secrets.token_urlsafe(32))
        with self._lock:
            self._workers[identifier] = made
        return made

    def revoke(self, worker: Worker) -> None:
        """The worker has ended: its address is unknown from now on."""
        with self._lock:
            self._workers.pop(worker.id, None)

    def __call__(self, request: Request) -> Response:
        """The credentials as JSON; 404: unknown worker; 403: wrong token, or the role cannot be assumed any more."""
        with self._lock:
            worker = self._workers.get(request.path.removeprefix(PATH))
        if worker is None:
            return _answer(404, {"code": "NotFound", "message": "There is no such worker, or it has ended."})
        if request.method != "GET":
            return _answer(405, {"code": "MethodNotAllowed", "message": "Credentials are fetched with GET."})
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), worker.token.encode()):
            return _answer(
                403, {"code": "Forbidden", "message": "The Authorization header is not this worker's token."}
            )
        try:
            credentials = worker.session.current()
        except ServiceError as error:
            return _answer(403, {"code": error.code, "message": error.message})
        worker.up.set()
        body = {
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "Token": credentials.session_token or "",
            "RoleArn": worker.session.role_arn,
        }
        if credentials.expiration is not None:
            body["Expiration"] = credentials.expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return _answer(200, body)


def _answer(status: int, body: dict[str, str]) -> Response:
    return Response(
        json.dumps(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
