"""One record of CloudTrail from one call.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from emrguard_local.call import Call
from emrguard_local.host import ServiceError
from emrguard_local.protocol.errors import Answer
from emrguard_local.protocol.models import service_model
from emrguard_local.protocol.results import parse_answer
from emrguard_local.protocol.routing import Routed
from emrguard_local.trail.events import event_of, resources

VERSION = "1.11"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_MAX_CHARACTERS = 100_000
# Secrets that the API models do not mark as such.
_SECRETS = {("sts", "SessionToken"), ("sts", "TokenCode")}
_S3_HEADERS = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-version-id")


@dataclass(frozen=True)
class Outcome:
    """What came of a call: an answer on the wire (`routed` says how to read it), or an output, or an error of ours."""

    routed: Routed | None = None
    answer: Answer | None = None
    output: Mapping[str, Any] | None = None
    error: ServiceError | None = None
    access_key_id: str | None = None


def record(call: Call, outcome: Outcome) -> dict[str, Any] | None:
    """The record; None for an operation that CloudTrail does not record."""
    event = event_of(call.service, call.operation)
    if event is None:
        return None
    code, message = _error(call, outcome)
    made: dict[str, Any] = {
        "eventVersion": VERSION,
        "userIdentity": _user_identity(call, outcome),
        "eventTime": _time(call.time),
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": call.region,
        "sourceIPAddress": call.source_ip,
        "userAgent": call.user_agent,
        "requestParameters": _limited(_request_parameters(call)),
        "responseElements": None if code else _limited(_response_elements(call, outcome, event.read_only)),
        "requestID": _request_id(call, outcome),
        "eventID": str(uuid.uuid4()),
        "readOnly": event.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": event.category == "Management",
        "recipientAccountId": call.account_id,
        "eventCategory": event.category,
    }
    if code:
        made |= {"errorCode": code, "errorMessage": message}
    named = resources(call.service, call.operation, call.parameters, call.account_id, call.partition, call.region)
    if named:
        made["resources"] = named
    return made


def _time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _request_id(call: Call, outcome: Outcome) -> str:
    # Moto makes up its own request ids; the record has the one that the caller was told.
    for name, value in (outcome.answer.headers if outcome.answer else {}).items():
        if name.lower() in ("x-amzn-requestid", "x-amz-request-id"):
            return value
    return call.request_id


def _user_identity(call: Call, outcome: Outcome) -> dict[str, Any]:
    identity = call.identity
    if identity is None:
        if outcome.access_key_id:
            return {"type": "Unknown", "principalId": "", "accountId": "", "accessKeyId": outcome.access_key_id}
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    principal = identity.principal
    if principal.kind == "service":
        return {"type": "AWSService", "invokedBy": principal.arn}
    made: dict[str, Any] = {
        "type": {"user": "IAMUser", "role-session": "AssumedRole", "root": "Root"}.get(principal.kind, "Unknown"),
        "principalId": identity.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": identity.access_key_id,
    }
    if principal.kind == "user":
        made["userName"] = principal.arn.rsplit("/", 1)[-1]
    if identity.session_issued_at is not None:
        session: dict[str, Any] = {}
        if principal.role_arn:
            session["sessionIssuer"] = {
                "type": "Role",
                "principalId": identity.user_id.partition(":")[0],
                "arn": principal.role_arn,
                "accountId": principal.account,
                "userName": principal.role_arn.rsplit("/", 1)[-1],
            }
        session["attributes"] = {
            "creationDate": _time(identity.session_issued_at),
            "mfaAuthenticated": "true" if identity.mfa else "false",
        }
        if identity.source_identity:
            session["sourceIdentity"] = identity.source_identity
        made["sessionContext"] = session
    if call.invoked_by:
        made["invokedBy"] = call.invoked_by
    return made


def _shape(call: Call, *, output: bool) -> Shape | None:
    model = service_model(call.service)
    if model is None or call.operation not in model.operation_names:
        return None
    operation = model.operation_model(call.operation)
    shape: Shape | None = operation.output_shape if output else operation.input_shape
    return shape


def _request_parameters(call: Call) -> dict[str, Any] | None:
    shape = _shape(call, output=False)
    if call.service == "s3":
        return _s3_parameters(call, shape)
    return _redacted(call.service, call.parameters, shape, "") or None if shape is not None else None


def _s3_parameters(call: Call, shape: Shape | None) -> dict[str, Any]:
    """Members by their names on the wire, the bucket and the host as CloudTrail names them."""
    model = service_model("s3")
    known = model is not None and call.operation in model.operation_names
    made: dict[str, Any] = dict(model.operation_model(call.operation).http_trait.query_args) if model and known else {}
    made.pop("x-id", None)
    members: Mapping[str, Shape] = getattr(shape, "members", {})
    for name, value in call.parameters.items():
        member = members.get(name)
        if member is None:
            continue
        if name == "Bucket":
            made["bucketName"] = value
        elif name == "Key":
            made["key"] = value
        elif name == "Metadata":
            continue
        else:
            made[str(member.serialization.get("name", name))] = _redacted("s3", value, member, name)
    made["Host"] = call.headers.get("host", "")
    return made


def _redacted(service: str, value: Any, shape: Shape | None, name: str) -> Any:
    """The value with first letters small, without secrets and without binary content."""
    if (shape is not None and shape.metadata.get("sensitive")) or (service, name) in _SECRETS:
        return HIDDEN
    if isinstance(value, Mapping):
        members: Mapping[str, Shape] = getattr(shape, "members", {})
        if members:
            return {
                _small(service, each): _redacted(service, inner, members.get(each), each)
                for each, inner in value.items()
                if inner is not None and not isinstance(inner, bytes | bytearray) and not hasattr(inner, "read")
            }
        inner_shape = getattr(shape, "value", None)
        return {each: _redacted(service, inner, inner_shape, "") for each, inner in value.items()}
    if isinstance(value, list | tuple):
        inner_shape = getattr(shape, "member", None)
        return [_redacted(service, each, inner_shape, "") for each in value]
    if isinstance(value, datetime):
        return _time(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _small(service: str, name: str) -> str:
    return name if service == "s3" else name[:1].lower() + name[1:]


def _response_elements(call: Call, outcome: Outcome, read_only: bool) -> dict[str, Any] | None:
    if read_only and (call.service, call.operation) != ("sts", "AssumeRole"):
        return None
    output: Mapping[str, Any] | None = outcome.output
    if call.service == "s3" and outcome.answer is not None:
        headers = {name.lower(): value for name, value in outcome.answer.headers.items()}
        return {name: headers[name] for name in _S3_HEADERS if name in headers} or None
    if output is None and outcome.routed is not None and outcome.answer is not None:
        output = parse_answer(outcome.answer, outcome.routed)
    shape = _shape(call, output=True)
    return _redacted(call.service, output, shape, "") or None if output and shape is not None else None


def _error(call: Call, outcome: Outcome) -> tuple[str | None, str]:
    code, message = None, ""
    if outcome.error is not None:
        code, message = outcome.error.code, outcome.error.message
    elif outcome.answer is not None and outcome.answer.status >= 400:
        parsed = parse_answer(outcome.answer, outcome.routed).get("Error", {}) if outcome.routed else {}
        code, message = str(parsed.get("Code") or outcome.answer.status), str(parsed.get("Message") or "")
        if call.service == "s3" and code == "404":
            code = "NoSuchKey" if "Key" in call.parameters else "NoSuchBucket"
    if code and call.service == "ec2":
        code = f"Client.{code}"
    return code, message


def _limited(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """CloudTrail leaves out what is longer than 100 KB."""
    if value is None:
        return None
    size = len(json.dumps(value))
    if size <= _MAX_CHARACTERS:
        return value
    return {"omitted": True, "originalSize": size, "reason": "field is longer than 100 KB"}
