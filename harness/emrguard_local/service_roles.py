"""Roles that AWS services assume: judged by the role's trust policy, recorded like any other call."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from emrguard_local.call import Call, Identity
from emrguard_local.credentials import Credentials
from emrguard_local.host import ServiceError
from emrguard_local.identity import Identities
from emrguard_local.sts import session_policies, wire_credentials
from emrguard_policies.iam.decide import Principal


class _JudgesServices(Protocol):
    def authorize_assume_role(self, service_principal: str, role_arn: str, context: Mapping[str, str]) -> Any: ...


class _Records(Protocol):
    def record_call(self, call: Call, output: Mapping[str, Any] | None, error: ServiceError | None) -> None: ...


class ServiceRoles:
    """Assumes roles for services."""

    def __init__(
        self,
        identities: Identities,
        authorizer: _JudgesServices,
        records: _Records,
        account_id: str,
        region: str,
        partition: str,
    ) -> None:
        self._identities = identities
        self._authorizer = authorizer
        self._records = records
        self._account_id = account_id
        self._region = region
        self._partition = partition

    def assume(
        self,
        service: str,
        role_arn: str,
        session_name: str,
        *,
        context: Mapping[str, str],
        seconds: int,
        policies: tuple[str, ...],
        subnet: str,
    ) -> Credentials:
        """See `Host.assume_for_service`."""
        now = datetime.now(UTC)
        call = Call(
            service="sts",
            operation="AssumeRole",
            parameters={"RoleArn": role_arn, "RoleSessionName": session_name, "DurationSeconds": seconds},
            region=self._region,
            account_id=self._account_id,
            partition=self._partition,
            identity=Identity(Principal("service", service, ""), access_key_id="", context=dict(context)),
            source_ip=service,
            user_agent=service,
            request_id=str(uuid.uuid4()),
            time=now,
            invoked_by=service,
        )
        try:
            credentials, output = self._assume(call, service, context, policies, subnet)
        except ServiceError as error:
            self._records.record_call(call, None, error)
            raise
        self._records.record_call(call, output, None)
        return credentials

    def _assume(
        self, call: Call, service: str, context: Mapping[str, str], policies: tuple[str, ...], subnet: str
    ) -> tuple[Credentials, dict[str, Any]]:
        asked = call.parameters
        verdict = self._authorizer.authorize_assume_role(service, asked["RoleArn"], context)
        role = self._identities.role(asked["RoleArn"])
        if not verdict.allowed or role is None:
            message = verdict.message or f"{service} is not authorized to perform: sts:AssumeRole on {asked['RoleArn']}"
            raise ServiceError("AccessDenied", message, 403)
        credentials, session = self._identities.open_role_session(
            role,
            asked["RoleSessionName"],
            seconds=asked["DurationSeconds"],
            now=call.time,
            policies=session_policies(self._identities.iam, list(policies), []),
            subnet=subnet,
        )
        return credentials, {
            "Credentials": wire_credentials(credentials),
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.principal.arn},
        }
