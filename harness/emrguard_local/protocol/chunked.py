"""Bodies in S3's own chunks (`Content-Encoding: aws-chunked`): decoded, with signatures and checksums verified.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from emrguard_local.protocol.incoming import Incoming
from emrguard_local.signature import (
    EMPTY_SHA256,
    STREAMING_SIGNED,
    STREAMING_UNSIGNED,
    Signature,
    SignatureError,
    sign,
    signing_key,
)

_CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}


@dataclass(frozen=True)
class Decoded:
    """The object's bytes and the trailing headers."""

    body: bytes
    trailers: dict[str, str]


def decode(incoming: Incoming, signature: Signature | None, secret: str | None) -> Decoded | None:
    """The body without its chunks; None when it is not in chunks.

    Raises:
        SignatureError: a chunk's signature or a checksum does not hold, or the chunks are malformed.
    """
    kind = incoming.header("x-amz-content-sha256")
    if kind not in (STREAMING_UNSIGNED, *STREAMING_SIGNED):
        return None
    chain = None
    if kind in STREAMING_SIGNED:
        if signature is None or secret is None:
            raise SignatureError("malformed", f"A body with {kind} needs a signed request.")
        chain = _Chain(signature, secret)
    try:
        chunks, trailers = _read(incoming.body, chain, signed_trailer=kind.endswith("-PAYLOAD-TRAILER"))
    except (ValueError, UnicodeDecodeError) as error:
        raise SignatureError("malformed", f"The body is not in chunks as {kind} says: {error}") from error
    body = b"".join(chunks)
    if incoming.header("x-amz-decoded-content-length") != str(len(body)):
        raise SignatureError("malformed", f"x-amz-decoded-content-length is not {len(body)}, the length of the chunks.")
    for name, value in trailers.items():
        computed = _CHECKSUMS.get(name)
        if computed and base64.b64encode(computed(body)).decode() != value:
            raise SignatureError("wrong-body-hash", f"{name} is {value}, which is not the body's checksum.")
    return Decoded(body, trailers)


def _read(body: bytes, chain: _Chain | None, *, signed_trailer: bool) -> tuple[list[memoryview], dict[str, str]]:
    view = memoryview(body)
    chunks: list[memoryview] = []
    at = 0
    while True:
        end = body.index(b"\r\n", at)
        size_text, _, extension = body[at:end].decode("ascii").partition(";")
        size = int(size_text, 16)
        at = end + 2
        chunk = view[at : at + size]
        if size < 0 or len(chunk) != size:
            raise ValueError(f"a chunk of {size} bytes is cut off")
        if chain:
            chain.check_chunk(chunk, extension)
        at += size
        if size == 0:
            break
        chunks.append(chunk)
        if body[at : at + 2] != b"\r\n":
            raise ValueError("a chunk does not end with CRLF")
        at += 2
    trailers: dict[str, str] = {}
    for line in body[at:].decode("ascii").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            trailers[name.strip().lower()] = value.strip()
    given = trailers.pop("x-amz-trailer-signature", None)
    if chain and signed_trailer:
        chain.check_trailers(trailers, given or "")
    return chunks, trailers


class _Chain:
    """The signatures of the chunks, each over the one before."""

    def __init__(self, signature: Signature, secret: str) -> None:
        self._key = signing_key(secret, signature)
        self._head = f"{signature.timestamp}\n{signature.scope}"
        self._previous = signature.signature

    def check_chunk(self, chunk: memoryview, extension: str) -> None:
        digest = hashlib.sha256(chunk).hexdigest()
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{self._head}\n{self._previous}\n{EMPTY_SHA256}\n{digest}"
        self._check(text, extension.partition("chunk-signature=")[2])

    def check_trailers(self, trailers: dict[str, str], given: str) -> None:
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        digest = hashlib.sha256(lines.encode()).hexdigest()
        self._check(f"AWS4-HMAC-SHA256-TRAILER\n{self._head}\n{self._previous}\n{digest}", given)

    def _check(self, text: str, given: str) -> None:
        expected = sign(self._key, text)
        if not hmac.compare_digest(expected, given):
            raise SignatureError("wrong-signature", "The signature of a chunk of the body does not hold.")
        self._previous = expected
