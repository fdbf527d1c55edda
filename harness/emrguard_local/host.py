"""What a service that we implement ourselves gives to the local cloud, and what it may use of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from werkzeug.wrappers import Request, Response

from emrguard_local.call import Call
from emrguard_local.credentials import Credentials
from emrguard_policies.exceptions import EmrGuardError

Route = Callable[[Request], Response]


class ServiceError(EmrGuardError):
    """A service refuses a call: `code` and HTTP `status` as in the service's API model, `message` for the caller."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Service(Protocol):
    """An AWS service on calls that have been parsed, signature-checked and authorized."""

    def handle(self, call: Call) -> Mapping[str, Any]:
        """The operation's output by botocore's output shape, with datetimes for timestamps.

        Raises:
            ServiceError: the service refuses the call.
        """
        ...

    def close(self) -> None:
        """End everything that the service runs."""
        ...


class AssumesRoles(Protocol):
    """Assumes a role for an AWS service; the arguments are those of `Host.assume_for_service`."""

    def __call__(
        self,
        service: str,
        role_arn: str,
        session_name: str,
        *,
        context: Mapping[str, str],
        seconds: int,
        policies: tuple[str, ...],
        subnet: str,
    ) -> Credentials: ...


@dataclass
class Host:
    """One per server process.

    `routes` are HTTP paths below `/_emrguard/`, each with the handler of every request whose path starts with it.
    They are not AWS calls: nobody signs them, and their handlers judge by themselves whom they answer.
    """

    endpoint_url: str
    account_id: str
    region: str
    partition: str
    state_dir: Path
    assume: AssumesRoles
    routes: dict[str, Route] = field(default_factory=dict)

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
        """sts:AssumeRole by a service principal such as `emr-serverless.amazonaws.com`, recorded in the trail.

        Args:
            service: the service principal.
            role_arn: the role.
            session_name: the session's name.
            context: condition keys for the role's trust policy, such as `aws:SourceAccount`.
            seconds: how long the credentials last.
            policies: session policies as JSON documents; the session may do what the role and any one of them allow.
            subnet: id of the subnet where the session is used; empty: outside of any VPC.

        Raises:
            ServiceError: AccessDenied, when the trust policy does not let the service assume the role.
        """
        return self.assume(
            service, role_arn, session_name, context=context, seconds=seconds, policies=policies, subnet=subnet
        )

    def client(self, service: str, credentials: Credentials) -> Any:
        """A boto3 client to this cloud with the credentials."""
        return aws_client(service, self.endpoint_url, self.region, credentials)


def aws_client(service: str, endpoint_url: str, region: str, credentials: Credentials) -> Any:
    """A boto3 client that reads no AWS settings of the machine: neither profiles nor files."""
    core = botocore.session.Session(session_vars=_NO_SETTINGS)
    core.register_component("data_loader", _loader())
    core.set_credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    session: Any = boto3.session.Session(botocore_session=core, region_name=region)
    invokes = service == "lambda"
    config = Config(
        # An invocation is answered when the function has ended, and must not be repeated.
        retries={"mode": "standard", "total_max_attempts": 1 if invokes else 2},
        read_timeout=_LONGEST_INVOCATION if invokes else 60,
        proxies={},
        s3={"addressing_style": "path"},
        # Without it boto3 presigns for S3 with Signature Version 2.
        signature_version="s3v4" if service == "s3" else None,
    )
    return session.client(service, endpoint_url=endpoint_url, config=config)


_LONGEST_INVOCATION = 920
"""Seconds: the longest timeout of a function, and what comes before and after it."""
_NO_SETTINGS: dict[str, Any] = dict.fromkeys(("profile", "config_file", "credentials_file"), (None, None, None, None))


@functools.cache
def _loader() -> Loader:
    """One for all clients: reading the API model of a service takes longer than everything else."""
    return create_loader()
