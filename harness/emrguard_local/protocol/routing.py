"""Which operation a request asks for, and its parameters, by the service's API model.

Moto's routers and parsers do the reading. What is added here is strictness: a request that two readers could understand
differently is refused, because the authorizer judges what is read here and moto carries out what it reads itself.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from botocore.utils import parse_timestamp
from moto.core.model import OperationModel, ServiceModel, StructureShape
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.s3.responses import S3Response
from moto.s3.utils import bucket_name_from_url
from moto.s3bucket_path.utils import bucket_name_from_url as path_bucket
from moto.s3bucket_path.utils import parse_key_name as path_key
from werkzeug.exceptions import HTTPException

from emrguard_local.host import ServiceError
from emrguard_local.protocol.incoming import Incoming
from emrguard_local.protocol.models import service_model

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PARSER_ERRORS = (RequestParserError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Routed:
    """The operation that a request asks for; `service` is botocore's name."""

    service: str
    protocol: str
    operation: OperationModel
    uri_parameters: Mapping[str, Any]


def protocol_of(incoming: Incoming, model: ServiceModel) -> str:
    """The protocol in which the request speaks, or the service's own when it cannot be told."""
    try:
        return determine_request_protocol(model, incoming.header("content-type"))
    except NotImplementedError:
        return str(model.protocol)


def route(incoming: Incoming, signing_name: str) -> Routed:
    """Find the operation.

    Raises:
        ServiceError: there is none, or the request is ambiguous.
    """
    model = service_model(signing_name)
    if model is None:
        raise ServiceError("UnknownServiceException", f"There is no service with the signing name {signing_name}.", 404)
    service = str(model.service_name)
    protocol = protocol_of(incoming, model)
    request = incoming.request
    try:
        operation, uri_parameters = get_service_router(service).match(request)
    except (HTTPException, NotImplementedError) as error:
        raise ServiceError(
            "UnknownOperationException",
            f"No operation of {service} fits {incoming.method} {incoming.raw_path}"
            f"{'?' + incoming.raw_query if incoming.raw_query else ''}"
            f"{' with target ' + incoming.header('x-amz-target') if incoming.header('x-amz-target') else ''}.",
            404,
        ) from error
    if service == "s3":
        _check_s3(incoming, operation, uri_parameters)
    else:
        _check(incoming, protocol)
    return Routed(service, protocol, operation, uri_parameters)


def parameters(incoming: Incoming, routed: Routed) -> dict[str, Any]:
    """The parameters by the operation's input shape; a streaming body is left out.

    Raises:
        ServiceError: the request does not fit the shape.
    """
    request, operation = incoming.request, routed.operation
    if routed.protocol == "json" or (
        routed.protocol == "rest-json" and incoming.header("content-type").startswith("application/json")
    ):
        _check_json(incoming.body)
    try:
        found: dict[str, Any] = _parser(routed).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": b"" if _streams(operation) else incoming.body,
                "url_path": request.path,
                "url_params": routed.uri_parameters,
            }
        )
    except _PARSER_ERRORS as error:
        code = "MalformedXML" if routed.service == "s3" else "SerializationException"
        message = f"The request does not fit {operation.name} of {routed.service}: {error}"
        raise ServiceError(code, message, 400) from error
    for name in _outside_body(routed.service, str(operation.name)):
        if found.get(name) in ([], {}, None):
            # The parser does not tell an absent list or map in the URL from an empty one.
            found.pop(name, None)
    return found


def _streams(operation: OperationModel) -> bool:
    """Whether the body is a stream, such as an object, and not a value, such as the payload of an invocation."""
    shape = operation.input_shape
    if shape is None or "payload" not in shape.serialization:
        return False
    return bool(shape.members[shape.serialization["payload"]].serialization.get("streaming"))


@functools.lru_cache(maxsize=2048)
def _parser_of(service: str, operation_name: str, protocol: str) -> Any:
    model = service_model(service)
    assert model is not None
    return PROTOCOL_PARSERS[protocol](model.operation_model(operation_name), timestamp_parser=_aware)


def _aware(text: str | float) -> datetime:
    if isinstance(text, int | float):
        return datetime.fromtimestamp(text, UTC)
    return parse_timestamp(text).astimezone(UTC)


@functools.lru_cache(maxsize=2048)
def _outside_body(service: str, operation_name: str) -> tuple[str, ...]:
    """The members that come in the URL or in headers."""
    model = service_model(service)
    assert model is not None
    shape = model.operation_model(operation_name).input_shape
    members: Mapping[str, Any] = getattr(shape, "members", {})
    return tuple(
        name
        for name, member in members.items()
        if member.serialization.get("location") in ("headers", "querystring", "uri")
    )


def _parser(routed: Routed) -> Any:
    return _parser_of(routed.service, str(routed.operation.name), routed.protocol)


def _ambiguous(why: str) -> ServiceError:
    return ServiceError("AmbiguousRequest", f"The local cloud does not take this request: {why}.", 400)


def _check(incoming: Incoming, protocol: str) -> None:
    names = set(incoming.query)
    names -= {name for name in names if name.startswith("X-Amz-")}
    if protocol in ("query", "ec2"):
        if names and incoming.body:
            raise _ambiguous("it has parameters both in the URL and in the body")
    elif protocol == "json":
        if names:
            raise _ambiguous("a JSON request has no query string")
    elif protocol == "rest-json" and names & {"Action", "action"}:
        raise _ambiguous("Action in the query string is not of this protocol")


def _check_json(body: bytes) -> None:
    try:
        if body and not isinstance(json.loads(body), dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", f"The body is not a JSON object: {error}", 400) from error


@functools.cache
def _s3_subresources() -> frozenset[str]:
    """The query parameters that tell S3's operations apart."""
    model = service_model("s3")
    assert model is not None
    names: set[str] = set()
    for name in model.operation_names:
        operation = model.operation_model(name)
        names |= set(operation.http_trait.query_args)
        if isinstance(operation.input_shape, StructureShape):
            names |= set(operation.input_shape.required_query_args)
    return frozenset(names - {"x-id"})


@functools.lru_cache(maxsize=256)
def _s3_query(operation_name: str) -> frozenset[str]:
    """The query parameters of one operation of S3."""
    model = service_model("s3")
    assert model is not None
    operation = model.operation_model(operation_name)
    names = set(operation.http_trait.query_args)
    if operation.input_shape is not None:
        names |= {
            str(member.serialization.get("name"))
            for member in operation.input_shape.members.values()
            if member.serialization.get("location") == "querystring"
        }
    return frozenset(names)


def _check_s3(incoming: Incoming, operation: OperationModel, uri_parameters: dict[str, Any]) -> None:
    foreign = (set(incoming.query) & _s3_subresources()) - _s3_query(str(operation.name))
    if foreign:
        raise _ambiguous(f"{', '.join(sorted(foreign))} in the query string does not belong to {operation.name}")
    if "x-amz-copy-source" in incoming.lower_headers and operation.name not in ("CopyObject", "UploadPartCopy"):
        raise _ambiguous(f"x-amz-copy-source does not belong to {operation.name}")
    if incoming.method == "POST" and incoming.header("content-type").startswith(_FORMS):
        raise _ambiguous("uploads by HTML form are not supported")
    request, bucket = incoming.request, uri_parameters.get("Bucket")
    if bucket is not None and not _BUCKET.fullmatch(bucket):
        raise ServiceError("InvalidBucketName", f"The specified bucket is not valid: {bucket}", 400)
    decoded = unquote(request.raw_path)
    if S3Response.subdomain_based_buckets(request):
        theirs, their_key = bucket_name_from_url(request.raw_url), decoded.removeprefix("/")
    else:
        theirs, their_key = path_bucket(request.raw_url), path_key(decoded)
    if (bucket or None) != (theirs or None) or uri_parameters.get("Key", "") != their_key:
        raise _ambiguous(
            f"bucket and key can be read as {bucket}, {uri_parameters.get('Key')} or {theirs}, {their_key}"
        )
