"""The local cloud's front: every request is read, its signature verified, judged, carried out and recorded."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from emrguard_local import signature as sigv4
from emrguard_local.call import Call, Identity
from emrguard_local.delete_objects import RefusedObject, delete_objects
from emrguard_local.host import Host, Service, ServiceError
from emrguard_local.identity import Bearer, Identities, with_mfa
from emrguard_local.mfa import MfaCodes
from emrguard_local.moto_app import MotoApp
from emrguard_local.protocol import chunked
from emrguard_local.protocol.errors import Answer, access_denied, serialize_error, signature_refusal
from emrguard_local.protocol.incoming import Incoming
from emrguard_local.protocol.models import service_model
from emrguard_local.protocol.results import serialize_result
from emrguard_local.protocol.routing import Routed, parameters, protocol_of, route

_LOG = logging.getLogger(__name__)
_ROUTES = "/_emrguard/"
_MFA_OPERATIONS = {("sts", "AssumeRole"), ("sts", "GetSessionToken")}
_GLOBAL_SERVICES = {"iam", "sts"}


class JudgesCalls(Protocol):
    """What the front needs of the authorizer."""

    def authorize(self, call: Call) -> Verdict:
        """Whether the call is allowed."""
        ...


class Verdict(Protocol):
    """What the front needs of the authorizer's answer."""

    @property
    def allowed(self) -> bool:
        """Whether the call may go on."""
        ...

    @property
    def message(self) -> str:
        """The refusal in AWS's words."""
        ...

    @property
    def refused(self) -> Sequence[RefusedObject]:
        """Of a DeleteObjects call that is not allowed as a whole: the objects that must stay."""
        ...


@dataclass(frozen=True)
class Handled:
    """One call with its outcome, as the trail records it.

    `routed` is None for a request that could not be understood; `output` is that of our own services.
    """

    call: Call
    routed: Routed | None
    answer: Answer
    output: Mapping[str, Any] | None
    error: ServiceError | None
    access_key_id: str | None
    """The key that the request claims, good or not; None for an anonymous one."""


class Front:
    """A WSGI application.

    `services` are those that we implement instead of moto, by botocore's name; `operations` replace single operations
    of the others.
    """

    def __init__(
        self,
        host: Host,
        identities: Identities,
        authorizer: JudgesCalls,
        moto: MotoApp,
        record: Callable[[Handled], None],
    ) -> None:
        self._host = host
        self._identities = identities
        self._authorizer = authorizer
        self._moto = moto
        self._record = record
        self._codes = MfaCodes()
        self.services: dict[str, Service] = {}
        self.operations: dict[tuple[str, str], Callable[[Call], Mapping[str, Any]]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(_ROUTES):
            return self._route(Request(environ))(environ, start_response)
        answer = self._answer(Incoming.read(environ))
        start_response(f"{answer.status} {_PHRASES.get(answer.status, 'Unknown')}", list(answer.headers.items()))
        return [answer.body]

    def _route(self, request: Request) -> Response:
        for path, handler in self._host.routes.items():
            if request.path.startswith(path):
                try:
                    return handler(request)
                except HTTPException as error:
                    return Response(str(error.description), error.code or 500)
                except Exception:  # noqa: BLE001  (an answer whatever happens)
                    _LOG.exception("%s failed", request.path)
                    return Response("internal error", 500)
        return Response("not found", 404)

    def _answer(self, incoming: Incoming) -> Answer:
        now = datetime.now(UTC)
        handling = _Handling(incoming, now, str(uuid.uuid4()), self._host)
        try:
            answer = self._handle(handling)
        except ServiceError as error:
            answer = handling.refuse(error)
        except Exception:  # noqa: BLE001  (an answer whatever happens)
            _LOG.exception("%s %s failed", incoming.method, incoming.raw_path)
            message = "The local cloud failed to carry out the request; its log says why."
            answer = handling.refuse(ServiceError("InternalFailure", message, 500))
        self._record(handling.handled(answer))
        return answer

    def _handle(self, handling: _Handling) -> Answer:
        incoming = handling.incoming
        try:
            claimed = sigv4.read(incoming)
        except sigv4.SignatureError as error:
            handling.signed_for(_claimed_service(incoming), self._host.region)
            raise handling.signature_refusal(error) from error
        # What nobody signed can only be an anonymous call of S3.
        handling.signed_for(claimed.service if claimed else "s3", claimed.region if claimed else self._host.region)
        try:
            routed = handling.routed = route(incoming, handling.signing_name)
        except ServiceError:
            if claimed is None:
                raise handling.signature_refusal(
                    sigv4.SignatureError("missing", "Request is missing Authentication Token")
                ) from None
            raise
        try:
            self._identify(handling, claimed)
        except sigv4.SignatureError as error:
            raise handling.signature_refusal(error) from error
        handling.parameters = parameters(incoming, routed)
        call = self._with_mfa_code(handling)
        verdict = self._authorizer.authorize(call)
        deletes = (call.service, call.operation) == ("s3", "DeleteObjects")
        if not verdict.allowed and not (deletes and verdict.refused):
            raise access_denied(verdict.message, routed.service, routed.protocol)
        if deletes:
            return self._delete_objects(handling, call, routed, verdict.refused)
        return self._carry_out(handling, call, routed)

    def _delete_objects(
        self, handling: _Handling, call: Call, routed: Routed, refused: Sequence[RefusedObject]
    ) -> Answer:
        def delete(body: bytes) -> Answer:
            handling.incoming.body = body
            return self._carry_out(handling, call, routed)

        return delete_objects(call.parameters, refused, routed, call.request_id, delete)

    def _identify(self, handling: _Handling, claimed: sigv4.Signature | None) -> None:
        incoming = handling.incoming
        bearer: Bearer | None = None
        if claimed is not None:
            handling.access_key_id = claimed.access_key_id
            bearer = self._identities.bearer(claimed.access_key_id, claimed.session_token, handling.now)
            sigv4.verify(incoming, claimed, bearer.secret, handling.now)
            handling.identity = bearer.identity
        decoded = chunked.decode(incoming, claimed, bearer.secret if bearer else None)
        if decoded is not None:
            _unchunk(incoming, decoded)

    def _with_mfa_code(self, handling: _Handling) -> Call:
        call = handling.call()
        code, serial = call.parameters.get("TokenCode"), call.parameters.get("SerialNumber")
        if (call.service, call.operation) not in _MFA_OPERATIONS or (code is None and serial is None):
            return call
        if code is None or serial is None:
            raise ServiceError("ValidationError", "SerialNumber and TokenCode go together.", 400)
        self._codes.check(self._identities.iam, call.identity, serial, code, call.time)
        assert call.identity is not None
        return replace(call, identity=with_mfa(call.identity))

    def _carry_out(self, handling: _Handling, call: Call, routed: Routed) -> Answer:
        handle = self.operations.get((routed.service, call.operation))
        if handle is None:
            service = self.services.get(routed.service)
            if service is None:
                return self._moto.call(handling.incoming, routed, handling.signing_name, call.region)
            if call.region != self._host.region and routed.service not in _GLOBAL_SERVICES:
                raise ServiceError(
                    "UnsupportedByLocalCloud",
                    f"The local cloud has {routed.service} in {self._host.region} only, not in {call.region}.",
                    501,
                )
            handle = service.handle
        handling.output = handle(call)
        return serialize_result(handling.output, routed, call.request_id)


class _Handling:
    """What is known of a request so far."""

    def __init__(self, incoming: Incoming, now: datetime, request_id: str, host: Host) -> None:
        self.incoming = incoming
        self.now = now
        self.request_id = request_id
        self.signing_name = "s3"
        self.region = host.region
        self.routed: Routed | None = None
        self.parameters: dict[str, Any] = {}
        self.identity: Identity | None = None
        self.access_key_id: str | None = None
        self.output: Mapping[str, Any] | None = None
        self.error: ServiceError | None = None
        self._host = host

    def signed_for(self, signing_name: str, region: str) -> None:
        self.signing_name = signing_name
        self.region = region

    @property
    def service(self) -> str:
        if self.routed is not None:
            return self.routed.service
        model = service_model(self.signing_name)
        return str(model.service_name) if model else self.signing_name

    @property
    def protocol(self) -> str:
        if self.routed is not None:
            return self.routed.protocol
        model = service_model(self.signing_name)
        return protocol_of(self.incoming, model) if model else "rest-json"

    def call(self) -> Call:
        incoming = self.incoming
        return Call(
            service=self.service,
            operation=str(self.routed.operation.name) if self.routed else "",
            parameters=self.parameters,
            region=self.region,
            account_id=self._host.account_id,
            partition=self._host.partition,
            identity=self.identity,
            source_ip=str(incoming.environ.get("REMOTE_ADDR", "")),
            user_agent=incoming.header("user-agent"),
            request_id=self.request_id,
            time=self.now,
            headers=incoming.lower_headers,
        )

    def signature_refusal(self, error: sigv4.SignatureError) -> ServiceError:
        return signature_refusal(error, self.service, self.protocol)

    def refuse(self, error: ServiceError) -> Answer:
        self.error = error
        answer = serialize_error(error, self.service, self.protocol, self.request_id)
        return replace(answer, body=b"") if self.incoming.method == "HEAD" else answer

    def handled(self, answer: Answer) -> Handled:
        return Handled(self.call(), self.routed, answer, self.output, self.error, self.access_key_id)


def _claimed_service(incoming: Incoming) -> str:
    """The service to which a malformed signature seems to belong: its errors are written in that service's way."""
    authorization = incoming.header("authorization") or incoming.query.get("X-Amz-Credential", "")
    parts = authorization.partition("Credential=")[2].split(",")[0].split("/") if authorization else []
    if len(parts) >= 4 and service_model(parts[3].lower()):
        return parts[3].lower()
    return "s3"


def _unchunk(incoming: Incoming, decoded: chunked.Decoded) -> None:
    """Make the request what it would be without chunks."""
    incoming.body = decoded.body
    environ = incoming.environ
    environ["HTTP_X_AMZ_CONTENT_SHA256"] = sigv4.UNSIGNED
    environ.pop("HTTP_X_AMZ_TRAILER", None)
    encodings = [each.strip() for each in environ.get("HTTP_CONTENT_ENCODING", "").split(",")]
    left = ",".join(each for each in encodings if each and each != "aws-chunked")
    if left:
        environ["HTTP_CONTENT_ENCODING"] = left
    else:
        environ.pop("HTTP_CONTENT_ENCODING", None)
    for name, value in decoded.trailers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value


_PHRASES = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 304: "Not Modified",
    301: "Moved Permanently", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    411: "Length Required", 412: "Precondition Failed", 416: "Range Not Satisfiable", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip
