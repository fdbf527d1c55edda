"""The endpoint where a worker gets the execution role's credentials."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder


def _ask(cloud: Any, path: str, token: str | None, method: str = "GET") -> Response:
    headers = {"Authorization": token} if token is not None else {}
    request = Request(EnvironBuilder(path=path, method=method, headers=Headers(headers)).get_environ())
    answer = cloud.host.routes["/_emrguard/credentials/"](request)
    assert isinstance(answer, Response)
    return answer


@pytest.fixture
def worker(cloud: Any) -> tuple[Any, str, str]:
    """A running driver's (application, credentials path, token)."""
    application = cloud.application()
    cloud.wait(application, cloud.submit(application), "RUNNING")
    spec = cloud.driver().spec
    return application, spec.credentials_uri.removeprefix(spec.endpoint_url), spec.credentials_token


def test_a_worker_gets_its_roles_credentials(cloud: Any, worker: tuple[Any, str, str]) -> None:
    """The answer has the members that the AWS SDKs read, and is not to be cached."""
    answer = _ask(cloud, worker[1], worker[2])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = json.loads(answer.get_data())
    assert body.pop("Expiration").endswith("Z")
    assert body == {
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": "secret1",
        "Token": "token1",
        "RoleArn": "arn:aws:iam::111122223333:role/flights-execution",
    }


@pytest.mark.parametrize("token", [None, "", "wrong", "wröng"])
def test_nobody_else_gets_them(cloud: Any, worker: tuple[Any, str, str], token: str | None) -> None:
    """Without the worker's own token the answer is 403 and holds no key."""
    answer = _ask(cloud, worker[1], token)
    assert answer.status_code == 403
    assert b"secret" not in answer.get_data()


def test_an_unknown_worker_is_not_found(cloud: Any, worker: tuple[Any, str, str]) -> None:
    """404 for another id, even with a token that is right elsewhere; only GET is answered."""
    assert _ask(cloud, "/_emrguard/credentials/0000", worker[2]).status_code == 404
    assert _ask(cloud, worker[1], worker[2], "POST").status_code == 405


def test_credentials_end_with_the_job(cloud: Any, worker: tuple[Any, str, str]) -> None:
    """After the driver has ended its address is unknown."""
    cloud.driver().end()
    run = cloud.driver().spec.job_run_id
    cloud.wait(worker[0], run, "SUCCESS")
    assert _ask(cloud, worker[1], worker[2]).status_code == 404


def test_credentials_are_renewed_before_they_end(cloud: Any) -> None:
    """Near their end the role is assumed again; when the trust is gone by then, the worker is told."""
    cloud.host.lifetime = timedelta(minutes=10)
    application = cloud.application()
    cloud.wait(application, cloud.submit(application), "RUNNING")
    spec = cloud.driver().spec
    path = spec.credentials_uri.removeprefix(spec.endpoint_url)
    assert json.loads(_ask(cloud, path, spec.credentials_token).get_data())["AccessKeyId"] != "ASIA1"
    cloud.host.trusted.clear()
    refused = _ask(cloud, path, spec.credentials_token)
    assert refused.status_code == 403
    assert "sts:AssumeRole" in json.loads(refused.get_data())["message"]


def test_each_worker_has_a_secret_of_its_own(cloud: Any) -> None:
    """Two jobs of one role cannot fetch each other's sessions."""
    application = cloud.application()
    for _ in range(2):
        cloud.submit(application)
    first, second = cloud.driver(1).spec, cloud.driver(2).spec
    assert first.credentials_uri != second.credentials_uri
    answer = _ask(cloud, first.credentials_uri.removeprefix(first.endpoint_url), second.credentials_token)
    assert answer.status_code == 403
