"""Verification of AWS Signature Version 4, in the Authorization header or in a presigned URL.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from botocore.utils import normalize_url_path

from emrguard_local.protocol.incoming import Incoming
from emrguard_policies.exceptions import EmrGuardError

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_SIGNED = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
TIME_FORMAT = "%Y%m%dT%H%M%SZ"

_SKEW = timedelta(minutes=15)
_MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^\s,]+)\s*,\s*SignedHeaders=(?P<headers>[^\s,]+)\s*,\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})\s*"
)
_OTHER_VERSION = (
    f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}; in boto3 presigned URLs "
    "need Config(signature_version='s3v4')."
)
_SPACES = re.compile(r" {2,}")

Problem = Literal[
    "missing",
    "malformed",
    "other-version",
    "unknown-key",
    "wrong-token",
    "wrong-signature",
    "wrong-body-hash",
    "unsigned-headers",
    "expired-token",
    "skewed",
    "expired-request",
]


class SignatureError(EmrGuardError):
    """A request whose signature does not hold; `problem` says why, each protocol has its own code for it."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True)
class Signature:
    """What a request claims: the credential scope and the signature over which headers."""

    access_key_id: str
    date: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None
    expires_seconds: int | None
    """Of a presigned URL; None for a signature in the header."""

    @property
    def scope(self) -> str:
        """The credential scope without the key."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def presigned(self) -> bool:
        """Whether the signature is in the URL."""
        return self.expires_seconds is not None

    @property
    def time(self) -> datetime:
        """When the request was signed."""
        return datetime.strptime(self.timestamp, TIME_FORMAT).replace(tzinfo=UTC)


def read(incoming: Incoming) -> Signature | None:
    """The signature of a request, not yet verified; None for an unsigned one.

    Raises:
        SignatureError: malformed, or of another version than 4.
    """
    authorization = incoming.header("authorization")
    query = incoming.query
    if not authorization and "X-Amz-Signature" not in query:
        if "AWSAccessKeyId" in query:
            raise SignatureError("other-version", _OTHER_VERSION)
        return None
    if authorization and "X-Amz-Signature" in query:
        raise SignatureError("malformed", "Sign either in the Authorization header or in the URL, not in both.")
    return _from_header(incoming, authorization) if authorization else _from_query(incoming)


def _from_header(incoming: Incoming, authorization: str) -> Signature:
    if not authorization.startswith(ALGORITHM):
        raise SignatureError("other-version", _OTHER_VERSION)
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise SignatureError("malformed", f"The Authorization header is not of the form {ALGORITHM} Credential=...")
    timestamp = incoming.header("x-amz-date")
    if not timestamp:
        raise SignatureError("malformed", "The request has no X-Amz-Date header.")
    return _signature(
        match["credential"],
        match["headers"],
        match["signature"],
        timestamp,
        incoming.header("x-amz-security-token") or None,
        None,
    )


def _from_query(incoming: Incoming) -> Signature:
    query = incoming.query
    try:
        if query["X-Amz-Algorithm"] != ALGORITHM:
            raise SignatureError("malformed", f"X-Amz-Algorithm must be {ALGORITHM}.")
        seconds = int(query["X-Amz-Expires"])
        if not 0 < seconds <= _MAX_PRESIGNED_SECONDS:
            raise SignatureError("malformed", "X-Amz-Expires must be between 1 and 604800 seconds.")
        return _signature(
            query["X-Amz-Credential"],
            query["X-Amz-SignedHeaders"],
            query["X-Amz-Signature"],
            query["X-Amz-Date"],
            query.get("X-Amz-Security-Token"),
            seconds,
        )
    except (KeyError, ValueError) as error:
        raise SignatureError("malformed", f"The query of the presigned URL is incomplete: {error}.") from error


def _signature(
    credential: str, headers: str, signature: str, timestamp: str, token: str | None, expires: int | None
) -> Signature:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        raise SignatureError("malformed", "The Credential must be <key>/<date>/<region>/<service>/aws4_request.")
    key, date, region, service, _ = parts
    made = Signature(
        key, date, region, service.lower(), timestamp, tuple(headers.lower().split(";")), signature, token, expires
    )
    try:
        if made.time.strftime("%Y%m%d") != date:
            raise SignatureError("malformed", "The date of the Credential is not that of X-Amz-Date.")
    except ValueError as error:
        raise SignatureError("malformed", f"X-Amz-Date is not of the form {TIME_FORMAT}.") from error
    return made


def verify(incoming: Incoming, signature: Signature, secret: str, now: datetime) -> None:
    """Check the signature, its time, and the hash of a body that is not streamed.

    Raises:
        SignatureError: it does not hold.
    """
    _check_time(signature, now)
    _check_headers(incoming, signature)
    claimed = _claimed_body_hash(incoming, signature)
    expected = sign(signing_key(secret, signature), string_to_sign(incoming, signature, claimed))
    if not hmac.compare_digest(expected, signature.signature):
        raise SignatureError(
            "wrong-signature",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method.",
        )
    if len(claimed) == 64 and not hmac.compare_digest(hashlib.sha256(incoming.body).hexdigest(), claimed):
        raise SignatureError(
            "wrong-body-hash", "The provided 'x-amz-content-sha256' header does not match what was computed."
        )


def _check_time(signature: Signature, now: datetime) -> None:
    signed = signature.time
    if signature.expires_seconds is None:
        if abs(now - signed) > _SKEW:
            raise SignatureError("skewed", "The difference between the request time and the current time is too large.")
    elif now > signed + timedelta(seconds=signature.expires_seconds):
        raise SignatureError("expired-request", "Request has expired")
    elif signed - now > _SKEW:
        raise SignatureError("skewed", "The presigned URL is not valid yet.")


def _check_headers(incoming: Incoming, signature: Signature) -> None:
    if "host" not in signature.signed_headers:
        raise SignatureError("malformed", "The host header must be signed.")
    present = incoming.lower_headers
    for name in signature.signed_headers:
        if name not in present:
            raise SignatureError("malformed", f"The signed header {name} is missing.")
    for name in present:
        if name.startswith("x-amz-") and name not in signature.signed_headers:
            raise SignatureError(
                "unsigned-headers", f"There were headers present in the request which were not signed: {name}"
            )


def _claimed_body_hash(incoming: Incoming, signature: Signature) -> str:
    claimed = incoming.header("x-amz-content-sha256") or incoming.query.get("X-Amz-Content-Sha256", "")
    if signature.service != "s3":
        # A hash that the client names must be the right one; nothing else is accepted.
        if claimed and not re.fullmatch("[0-9a-f]{64}", claimed):
            raise SignatureError("wrong-body-hash", f"x-amz-content-sha256 is {claimed}; the body must be signed.")
        return claimed or hashlib.sha256(incoming.body).hexdigest()
    if not claimed:
        return UNSIGNED if signature.presigned else hashlib.sha256(incoming.body).hexdigest()
    if claimed in (UNSIGNED, STREAMING_UNSIGNED, *STREAMING_SIGNED) or re.fullmatch("[0-9a-f]{64}", claimed):
        return claimed
    raise SignatureError("wrong-body-hash", f"x-amz-content-sha256 is {claimed}: not a SHA-256 and no known constant.")


def string_to_sign(incoming: Incoming, signature: Signature, body_hash: str) -> str:
    """The string that the client must have signed."""
    canonical = "\n".join(
        (
            incoming.method.upper(),
            _canonical_path(incoming.raw_path, double=signature.service != "s3"),
            _canonical_query(incoming.raw_query, signature.presigned),
            *(f"{name}:{_canonical_value(incoming.header(name))}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            body_hash,
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"


def signing_key(secret: str, signature: Signature) -> bytes:
    """The key derived for the scope of the signature."""
    return _derived(secret, signature.date, signature.region, signature.service)


@functools.lru_cache(maxsize=1024)
def _derived(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """The signature of a text, in hex."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _canonical_path(raw_path: str, *, double: bool) -> str:
    # S3 takes the path as it is, encoded once; the other services normalize it and encode it a second time.
    if double:
        return quote(normalize_url_path(raw_path), safe="/~")
    return quote(unquote_to_bytes(raw_path), safe="/~")


def _canonical_query(raw_query: str, presigned: bool) -> str:
    pairs = []
    for part in raw_query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        if presigned and name == "X-Amz-Signature":
            continue
        pairs.append((_encode(name), _encode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")


def _canonical_value(value: str) -> str:
    return _SPACES.sub(" ", value.strip())
