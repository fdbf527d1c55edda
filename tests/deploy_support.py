"""Deploys small templates to moto inside the test process."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from emrguard_local.deploy import Deployment, deploy
from emrguard_policies.assembly import Assembly, load

REGION = "us-east-1"
ACCOUNT = "123456789012"


@functools.cache
def aws(service: str) -> Any:
    """A client; only for use below `moto.mock_aws`."""
    make: Any = boto3.client
    return make(service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


class FakeCloud:
    """What `deploy` needs of a local cloud; `clients` stand in for moto's."""

    region = REGION
    account_id = ACCOUNT

    def __init__(self, **clients: Any) -> None:
        self.clients = clients

    def client(self, service: str) -> Any:
        return self.clients.get(service.replace("-", "_")) or aws(service)


class Forgetful:
    """A client that leaves out of one operation's answer what an emulated service has dropped."""

    def __init__(self, client: Any, operation: str, answer: Any) -> None:
        self._client = client
        self._operation = operation
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return (lambda **_: self._answer) if name == self._operation else getattr(self._client, name)


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": kind, "Properties": properties}


def written(directory: Path, **templates: Mapping[str, Any]) -> Assembly:
    """An assembly of templates, each a stack of its keyword's name."""
    directory.mkdir(exist_ok=True)
    for name, body in templates.items():
        (directory / f"{name}.template.json").write_text(json.dumps(body), encoding="utf-8")
    return load(directory)


def deployed(directory: Path, cloud: FakeCloud | None = None, /, **resources: Any) -> Deployment:
    """Deploy one stack `App` of the given resources."""
    return deploy(written(directory, App={"Resources": resources}), cloud or FakeCloud())


def physical_id(deployment: Deployment, logical_id: str) -> str:
    """The physical id of a deployed resource."""
    (found,) = (each.physical_id for each in deployment.resources if each.logical_id == logical_id)
    return found
