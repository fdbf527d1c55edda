"""AWS STS: sessions of roles and users.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.validate import ParamValidator
from moto.iam.models import IAMBackend, Role

from emrguard_local.call import Call, Identity
from emrguard_local.credentials import Credentials
from emrguard_local.host import ServiceError
from emrguard_local.identity import Identities
from emrguard_local.protocol.models import service_model
from emrguard_policies.iam.model import Policy, PolicyError, parse

_MIN_SECONDS = 900
_DEFAULT_SECONDS = 3600
_CHAINED_SECONDS = 3600
_MAX_USER_SECONDS = 129_600
_DEFAULT_USER_SECONDS = 43_200
_MAX_POLICY_CHARACTERS = 2048
_MAX_POLICY_ARNS = 10
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


class Sts:
    """The service on calls that the authorizer has allowed."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._operations: dict[str, Callable[[Call], Mapping[str, Any]]] = {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._get_caller_identity,
            "GetSessionToken": self._get_session_token,
        }

    def handle(self, call: Call) -> Mapping[str, Any]:
        """Carry out an operation.

        Raises:
            ServiceError: refused.
        """
        operation = self._operations.get(call.operation)
        if operation is None:
            raise ServiceError("UnsupportedByLocalCloud", f"The local cloud does not support {call.operation}.", 501)
        model = service_model("sts")
        assert model is not None
        report = ParamValidator().validate(call.parameters, model.operation_model(call.operation).input_shape)
        if report.has_errors():
            raise _invalid(report.generate_report())
        return operation(call)

    def close(self) -> None:
        """Nothing runs."""

    def _assume_role(self, call: Call) -> Mapping[str, Any]:
        asked, identity = call.parameters, _signed(call)
        role = self._identities.role(asked["RoleArn"])
        if role is None:
            raise ServiceError(
                "AccessDenied",
                f"User: {identity.principal.arn} is not authorized to perform: sts:AssumeRole on resource: "
                f"{asked['RoleArn']}",
                403,
            )
        if not _NAME.fullmatch(asked["RoleSessionName"]):
            raise _invalid("RoleSessionName must be 2 to 64 characters of letters, digits and +=,.@-_")
        chained = identity.principal.kind == "role-session"
        tags, transitive = _tags(asked, identity)
        credentials, session = self._identities.open_role_session(
            role,
            asked["RoleSessionName"],
            seconds=_role_seconds(asked.get("DurationSeconds", _DEFAULT_SECONDS), role, chained=chained),
            now=call.time,
            mfa=identity.mfa,
            source_identity=_source_identity(asked, identity),
            tags=tags,
            transitive=transitive,
            policies=session_policies(
                self._identities.iam, [asked["Policy"]] if "Policy" in asked else [], asked.get("PolicyArns", [])
            ),
        )
        answer = {
            "Credentials": wire_credentials(credentials),
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.principal.arn},
        }
        return answer | ({"SourceIdentity": session.source_identity} if session.source_identity else {})

    def _get_caller_identity(self, call: Call) -> Mapping[str, Any]:
        identity = _signed(call)
        return {"UserId": identity.user_id, "Account": call.account_id, "Arn": identity.principal.arn}

    def _get_session_token(self, call: Call) -> Mapping[str, Any]:
        identity = _signed(call)
        if identity.principal.kind != "user" or identity.session_issued_at is not None:
            raise ServiceError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        seconds = call.parameters.get("DurationSeconds", _DEFAULT_USER_SECONDS)
        if not _MIN_SECONDS <= seconds <= _MAX_USER_SECONDS:
            raise _invalid(f"DurationSeconds is {seconds}; it must be {_MIN_SECONDS} to {_MAX_USER_SECONDS}")
        credentials = self._identities.open_user_session(identity, seconds=seconds, now=call.time, mfa=identity.mfa)
        return {"Credentials": wire_credentials(credentials)}


def wire_credentials(credentials: Credentials) -> dict[str, Any]:
    """Credentials as the shape of STS's answers."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration,
    }


def session_policies(iam: IAMBackend, documents: list[str], arns: list[Mapping[str, str]]) -> tuple[Policy, ...]:
    """The session policies of a request, managed ones as they are now.

    Raises:
        ServiceError: MalformedPolicyDocument, NoSuchEntity or PackedPolicyTooLarge.
    """
    if sum(len(each) for each in documents) > _MAX_POLICY_CHARACTERS or len(arns) > _MAX_POLICY_ARNS:
        raise ServiceError(
            "PackedPolicyTooLarge",
            f"Session policies are at most {_MAX_POLICY_CHARACTERS} characters and {_MAX_POLICY_ARNS} ARNs.",
        )
    found = []
    for document in documents:
        found.append(_parse(document, "session policy"))
    for each in arns:
        managed = iam.managed_policies.get(each["arn"])
        if managed is None:
            raise ServiceError("NoSuchEntity", f"Policy {each['arn']} does not exist or is not attachable.", 404)
        version = next(v for v in managed.versions if v.version_id == managed.default_version_id)
        text = version.document
        found.append(_parse(text if isinstance(text, str) else json.dumps(text), each["arn"]))
    return tuple(found)


def _parse(document: str, name: str) -> Policy:
    try:
        return parse(document, name)
    except PolicyError as error:
        raise ServiceError("MalformedPolicyDocument", str(error)) from error


def _signed(call: Call) -> Identity:
    if call.identity is None:
        raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return call.identity


def _role_seconds(seconds: int, role: Role, *, chained: bool) -> int:
    limit = int(role.max_session_duration or _DEFAULT_SECONDS)
    if seconds < _MIN_SECONDS:
        raise _invalid(f"DurationSeconds is {seconds}; it must be at least {_MIN_SECONDS}")
    if seconds > limit:
        raise _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if chained and seconds > _CHAINED_SECONDS:
        raise _invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    return seconds


def _source_identity(asked: Mapping[str, Any], identity: Identity) -> str | None:
    given: str | None = asked.get("SourceIdentity")
    if given and identity.source_identity and given != identity.source_identity:
        raise ServiceError("AccessDenied", "The source identity of a session cannot be changed.", 403)
    return given or identity.source_identity


def _tags(asked: Mapping[str, Any], identity: Identity) -> tuple[dict[str, str], frozenset[str]]:
    inherited = {name: identity.session_tags[name] for name in identity.transitive_tags}
    given = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])}
    changed = set(given) & set(inherited)
    if changed:
        raise _invalid(f"The tags {', '.join(sorted(changed))} come from the role before and cannot be changed.")
    return given | inherited, frozenset(asked.get("TransitiveTagKeys", [])) | identity.transitive_tags


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message, 400)
