"""How each protocol says no, and under which code it reports a signature that does not hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from emrguard_local.host import ServiceError
from emrguard_local.signature import SignatureError

_S3 = {
    "missing": ("AccessDenied", 403),
    "malformed": ("AuthorizationHeaderMalformed", 400),
    "other-version": ("InvalidRequest", 400),
    "unknown-key": ("InvalidAccessKeyId", 403),
    "wrong-token": ("InvalidToken", 400),
    "wrong-signature": ("SignatureDoesNotMatch", 403),
    "wrong-body-hash": ("XAmzContentSHA256Mismatch", 400),
    "unsigned-headers": ("AccessDenied", 403),
    "expired-token": ("ExpiredToken", 400),
    "skewed": ("RequestTimeTooSkewed", 403),
    "expired-request": ("AccessDenied", 403),
}
_QUERY = {
    "missing": ("MissingAuthenticationToken", 403),
    "malformed": ("IncompleteSignature", 400),
    "other-version": ("IncompleteSignature", 400),
    "unknown-key": ("InvalidClientTokenId", 403),
    "wrong-token": ("InvalidClientTokenId", 403),
    "wrong-signature": ("SignatureDoesNotMatch", 403),
    "wrong-body-hash": ("SignatureDoesNotMatch", 403),
    "unsigned-headers": ("SignatureDoesNotMatch", 403),
    "expired-token": ("ExpiredToken", 403),
    "skewed": ("SignatureDoesNotMatch", 403),
    "expired-request": ("SignatureDoesNotMatch", 403),
}
_EC2 = {
    "missing": ("MissingAuthenticationToken", 403),
    "malformed": ("IncompleteSignature", 400),
    "other-version": ("IncompleteSignature", 400),
    "expired-token": ("RequestExpired", 400),
    "skewed": ("RequestExpired", 400),
    "expired-request": ("RequestExpired", 400),
}
_JSON = {
    "missing": ("MissingAuthenticationTokenException", 403),
    "malformed": ("IncompleteSignatureException", 403),
    "other-version": ("IncompleteSignatureException", 403),
    "unknown-key": ("UnrecognizedClientException", 403),
    "wrong-token": ("UnrecognizedClientException", 403),
    "expired-token": ("ExpiredTokenException", 403),
}
_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def signature_refusal(error: SignatureError, service: str, protocol: str) -> ServiceError:
    """The service's own error for a signature that does not hold."""
    problem, message = error.problem, str(error)
    if service == "s3":
        code, status = _S3[problem]
        if problem == "unknown-key":
            message = "The AWS Access Key Id you provided does not exist in our records."
        return ServiceError(code, message, status)
    if problem in ("unknown-key", "wrong-token"):
        message = _INVALID_TOKEN
    elif problem == "expired-token":
        message = "The security token included in the request is expired"
    if protocol == "ec2":
        code, status = _EC2.get(problem, ("AuthFailure", 401))
        if code == "AuthFailure":
            message = "AWS was not able to validate the provided access credentials"
    elif protocol in ("query", "rest-xml"):
        code, status = _QUERY[problem]
    else:
        code, status = _JSON.get(problem, ("InvalidSignatureException", 403))
        status = 400 if protocol == "json" else status
    return ServiceError(code, message, status)


def access_denied(message: str, service: str, protocol: str) -> ServiceError:
    """The service's own error for a call that the policies do not allow."""
    if protocol == "ec2":
        return ServiceError("UnauthorizedOperation", message, 403)
    if protocol in ("query", "rest-xml") or service == "s3":
        return ServiceError("AccessDenied", message, 403)
    return ServiceError("AccessDeniedException", message, 400 if protocol == "json" else 403)


def serialize_error(error: ServiceError, service: str, protocol: str, request_id: str) -> Answer:
    """The error as the service's protocol writes it."""
    if protocol in ("json", "rest-json"):
        body: dict[str, str] = {"message": error.message}
        headers = {"x-amzn-RequestId": request_id}
        if protocol == "json":
            body = {"__type": error.code} | body
            headers["Content-Type"] = "application/x-amz-json-1.1"
        else:
            headers |= {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        return Answer(error.status, headers, json.dumps(body).encode())
    code, message = escape(error.code), escape(error.message)
    if service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        id_header = "x-amz-request-id"
    elif protocol == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        id_header = "x-amzn-RequestId"
    else:
        kind = "Sender" if error.status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        id_header = "x-amzn-RequestId"
    headers = {"Content-Type": "application/xml", id_header: request_id}
    return Answer(error.status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())
