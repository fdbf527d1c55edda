"""Signatures: what is accepted, and with which error each protocol refuses the rest."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import http.client
import io
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError
from local_server_support import REGION, Running

from emrguard_local import signature as sigv4
from emrguard_local.credentials import Credentials
from emrguard_local.protocol.incoming import HEADERS, Incoming
from emrguard_local.signature import SignatureError

CODES = {
    # service: unknown key, wrong secret, wrong token
    "s3": ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"),
    "iam": ("InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidClientTokenId"),
    "kms": ("UnrecognizedClientException", "InvalidSignatureException", "UnrecognizedClientException"),
    "emr-serverless": ("UnrecognizedClientException", "InvalidSignatureException", "UnrecognizedClientException"),
    "ec2": ("AuthFailure", "AuthFailure", "AuthFailure"),
}
CALLS = {
    "s3": "list_buckets",
    "iam": "list_roles",
    "kms": "list_keys",
    "emr-serverless": "list_applications",
    "ec2": "describe_vpcs",
}


def _code(cloud: Running, service: str, credentials: Credentials) -> str:
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service, credentials), CALLS[service])()
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("service", CODES)
def test_bad_credentials_get_the_services_own_errors(cloud: Running, service: str) -> None:
    """An unknown key, a wrong secret and a made-up session token are refused with AWS's codes."""
    unknown = Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    wrong_secret = Credentials(cloud.admin.access_key_id, "x" * 40)
    wrong_token = dataclasses.replace(cloud.admin, session_token="made-up")
    assert tuple(_code(cloud, service, each) for each in (unknown, wrong_secret, wrong_token)) == CODES[service]


def test_a_session_without_its_token_is_refused(cloud: Running) -> None:
    """Key and secret of a session are worth nothing without the session token, or with another session's."""
    one, other = cloud.assume(cloud.role()), cloud.assume(cloud.role())
    assert _code(cloud, "s3", dataclasses.replace(one, session_token=None)) == "InvalidToken"
    assert _code(cloud, "s3", dataclasses.replace(one, session_token=other.session_token)) == "InvalidToken"


def test_a_deactivated_or_deleted_key_is_refused(cloud: Running) -> None:
    """IAM's own handling of access keys counts at once."""
    name, credentials = cloud.user()
    iam = cloud.client("iam")
    assert cloud.client("sts", credentials).get_caller_identity()["Arn"].endswith(f"user/{name}")
    iam.update_access_key(UserName=name, AccessKeyId=credentials.access_key_id, Status="Inactive")
    assert _code(cloud, "iam", credentials) == "InvalidClientTokenId"
    iam.update_access_key(UserName=name, AccessKeyId=credentials.access_key_id, Status="Active")
    cloud.client("iam", credentials).list_roles()
    iam.delete_access_key(UserName=name, AccessKeyId=credentials.access_key_id)
    assert _code(cloud, "iam", credentials) == "InvalidClientTokenId"


@dataclasses.dataclass
class _Signed:
    """A request signed by botocore, to be tampered with."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def send(self, cloud: Running) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=20)
        connection.request(self.method, self.target, self.body, self.headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content


def _sign(cloud: Running, method: str, target: str, body: bytes = b"", service: str = "s3", **headers: str) -> _Signed:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method=method, url=cloud.url + target, data=body, headers=named)
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        BotoCredentials(cloud.admin.access_key_id, cloud.admin.secret_access_key), service, REGION
    )
    if "x-amz-content-sha256" in named:
        # Botocore would hash the body.
        vars(signer)["payload"] = lambda _: named["x-amz-content-sha256"]
    signer.add_auth(request)
    return _Signed(method, target, dict(request.headers.items()), body)


def test_what_botocore_signs_is_accepted(cloud: Running) -> None:
    """The reference: an untouched request goes through."""
    assert _sign(cloud, "GET", "/").send(cloud)[0] == 200


@pytest.mark.parametrize("tampering", ["method", "query", "path", "header", "body", "extra", "signature"])
def test_a_changed_request_is_refused(cloud: Running, tampering: str) -> None:
    """Method, path, query, signed headers, body and the signature itself cannot be changed on the way."""
    bucket = cloud.bucket()
    signed = _sign(cloud, "PUT", f"/{bucket}/key", b"body", x_amz_meta_colour="blue")
    codes = {b"SignatureDoesNotMatch"}
    if tampering == "method":
        signed.method = "DELETE"
    elif tampering == "query":
        signed.target += "?versionId=1"
    elif tampering == "path":
        signed.target += "2"
    elif tampering == "header":
        signed.headers["x-amz-meta-colour"] = "red"
    elif tampering == "body":
        signed.body = b"BODY"
        codes = {b"XAmzContentSHA256Mismatch"}
    elif tampering == "extra":
        signed.headers["x-amz-acl"] = "public-read"
        codes = {b"AccessDenied"}
    else:
        signed.headers["Authorization"] = signed.headers["Authorization"][:-2] + "00"
    status, content = signed.send(cloud)
    assert status in (400, 403)
    assert any(code in content for code in codes), content


LIST_KEYS = {"x_amz_target": "TrentService.ListKeys", "content_type": "application/x-amz-json-1.1"}


def test_a_json_body_is_covered_by_the_signature(cloud: Running) -> None:
    """Services without a payload hash header have their body hashed all the same."""
    signed = _sign(cloud, "POST", "/", b"{}", "kms", **LIST_KEYS)
    assert signed.send(cloud)[0] == 200
    signed.body = b'{"Limit": 1}'
    status, content = signed.send(cloud)
    assert (status, b"InvalidSignatureException" in content) == (400, True)


def test_an_unsigned_payload_is_for_s3_only(cloud: Running) -> None:
    """UNSIGNED-PAYLOAD is S3's; elsewhere it would take the body out of the signature."""
    bucket = cloud.bucket()
    assert _sign(cloud, "PUT", f"/{bucket}/k", b"x", x_amz_content_sha256=sigv4.UNSIGNED).send(cloud)[0] == 200
    signed = _sign(cloud, "POST", "/", b"{}", "kms", x_amz_content_sha256=sigv4.UNSIGNED, **LIST_KEYS)
    assert b"InvalidSignatureException" in signed.send(cloud)[1]


def test_unsigned_requests_are_anonymous_in_s3_and_refused_elsewhere(cloud: Running) -> None:
    """The authorizer sees an anonymous call of S3 without an identity; nothing else is taken unsigned."""
    bucket = cloud.bucket()
    status, _ = _Signed("GET", f"/{bucket}", {}, b"").send(cloud)
    assert (status, cloud.judge.calls[-1].identity) == (200, None)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, content = _Signed("POST", "/", form, b"Action=ListUsers&Version=2010-05-08").send(cloud)
    assert status == 403
    assert b"AccessDenied" in content


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("Basic abc", b"InvalidRequest"),
        ("AWS AKIA:abc", b"InvalidRequest"),
        (f"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature={'0' * 64}", b"AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256 Credential=", b"AuthorizationHeaderMalformed"),
    ],
)
def test_other_authorizations_are_refused(cloud: Running, authorization: str, code: bytes) -> None:
    """Signature Version 2 and broken headers are refused with S3's codes for them."""
    status, content = _Signed("GET", "/", {"Authorization": authorization}, b"").send(cloud)
    assert (status, code in content) == (400, True)


def test_presigned_urls(cloud: Running) -> None:
    """A presigned GET and PUT work without further headers; a changed or expired one does not."""
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b"}, ExpiresIn=60)
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b"}, ExpiresIn=60)
    where = len(cloud.url)
    assert _Signed("PUT", put[where:], {}, b"hello").send(cloud)[0] == 200
    assert _Signed("GET", get[where:], {}, b"").send(cloud) == (200, b"hello")
    assert _Signed("GET", get[where:].replace("a%20b", "other"), {}, b"").send(cloud)[0] == 403
    status, content = _Signed("GET", get[where:].replace("X-Amz-Expires=60", "X-Amz-Expires=600"), {}, b"").send(cloud)
    assert (status, b"SignatureDoesNotMatch" in content) == (403, True)


def _incoming(signed: _Signed) -> Incoming:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": signed.method,
        "RAW_URI": signed.target,
        HEADERS: list(signed.headers.items()),
        "wsgi.input": io.BytesIO(signed.body),
        "CONTENT_LENGTH": str(len(signed.body)),
    }
    return Incoming.read(environ)


@pytest.mark.parametrize(
    ("offset", "problem"),
    [(timedelta(minutes=16), "skewed"), (timedelta(minutes=-16), "skewed"), (timedelta(minutes=14), None)],
)
def test_clocks_may_differ_by_a_quarter_of_an_hour(cloud: Running, offset: timedelta, problem: str | None) -> None:
    """A signature is good for 15 minutes, in both directions."""
    signed = _sign(cloud, "GET", "/")
    signed.headers["Host"] = urlsplit(cloud.url).netloc
    incoming = _incoming(signed)
    signature = sigv4.read(incoming)
    assert signature is not None
    secret = cloud.admin.secret_access_key
    if problem is None:
        sigv4.verify(incoming, signature, secret, datetime.now(UTC) + offset)
        return
    with pytest.raises(SignatureError) as caught:
        sigv4.verify(incoming, signature, secret, datetime.now(UTC) + offset)
    assert caught.value.problem == problem


def test_a_presigned_url_ends(cloud: Running) -> None:
    """After X-Amz-Expires seconds it is worth nothing."""
    url = cloud.client("s3").generate_presigned_url("list_buckets", ExpiresIn=60)
    target = url[len(cloud.url) :]
    incoming = _incoming(_Signed("GET", target, {"Host": urlsplit(cloud.url).netloc}, b""))
    signature = sigv4.read(incoming)
    assert signature is not None
    sigv4.verify(incoming, signature, cloud.admin.secret_access_key, datetime.now(UTC) + timedelta(seconds=50))
    with pytest.raises(SignatureError, match="expired"):
        sigv4.verify(incoming, signature, cloud.admin.secret_access_key, datetime.now(UTC) + timedelta(seconds=70))


def _chunks(cloud: Running, signed: _Signed, parts: list[bytes], trailer: str = "") -> bytes:
    """The body of a chunked upload, signed chunk by chunk."""
    signature = sigv4.read(_incoming(signed))
    assert signature is not None
    key = sigv4.signing_key(cloud.admin.secret_access_key, signature)
    head, previous = f"{signature.timestamp}\n{signature.scope}", signature.signature
    made = b""
    for part in [*parts, b""]:
        text = (
            f"AWS4-HMAC-SHA256-PAYLOAD\n{head}\n{previous}\n{hashlib.sha256(b'').hexdigest()}\n"
            f"{hashlib.sha256(part).hexdigest()}"
        )
        previous = hmac.new(key, text.encode(), "sha256").hexdigest()
        made += f"{len(part):x};chunk-signature={previous}\r\n".encode()
        made += part + b"\r\n" if part else b""
    if not trailer:
        return made + b"\r\n"
    digest = hashlib.sha256(trailer.encode() + b"\n").hexdigest()
    text = f"AWS4-HMAC-SHA256-TRAILER\n{head}\n{previous}\n{digest}"
    last = hmac.new(key, text.encode(), "sha256").hexdigest()
    return made + f"{trailer}\r\nx-amz-trailer-signature:{last}\r\n\r\n".encode()


@pytest.mark.parametrize("trailing", [False, True])
def test_chunked_uploads_are_verified_chunk_by_chunk(cloud: Running, trailing: bool) -> None:
    """The SDKs' aws-chunked bodies are stored without their chunks; a changed byte in a later chunk is noticed."""
    bucket = cloud.bucket()
    parts = [b"a" * 70_000, b"b" * 10]
    checksum = base64.b64encode(zlib.crc32(b"".join(parts)).to_bytes(4, "big")).decode()
    headers = {
        "x_amz_content_sha256": sigv4.STREAMING_SIGNED[1 if trailing else 0],
        "x_amz_decoded_content_length": "70010",
        "content_encoding": "aws-chunked",
    } | ({"x_amz_trailer": "x-amz-checksum-crc32"} if trailing else {})
    signed = _sign(cloud, "PUT", f"/{bucket}/chunked", b"", **headers)
    signed.body = _chunks(cloud, signed, parts, f"x-amz-checksum-crc32:{checksum}" if trailing else "")
    assert signed.send(cloud)[0] == 200
    stored = cloud.client("s3").get_object(Bucket=bucket, Key="chunked")
    assert stored["Body"].read() == b"".join(parts)
    assert "aws-chunked" not in stored.get("ContentEncoding", "")
    signed.body = signed.body.replace(b"bbbb", b"bbxb", 1)
    status, content = signed.send(cloud)
    assert (status, b"SignatureDoesNotMatch" in content) == (403, True)


def test_unsigned_chunks_are_checked_against_their_checksum(cloud: Running) -> None:
    """STREAMING-UNSIGNED-PAYLOAD-TRAILER: the trailing checksum must be the body's."""
    bucket, body = cloud.bucket(), b"hello chunks"
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    signed = _sign(
        cloud, "PUT", f"/{bucket}/k", b"",
        x_amz_content_sha256=sigv4.STREAMING_UNSIGNED, x_amz_decoded_content_length=str(len(body)),
        x_amz_trailer="x-amz-checksum-crc32", content_encoding="aws-chunked",
        x_amz_sdk_checksum_algorithm="CRC32",
    )  # fmt: skip
    signed.body = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(body), body, checksum.encode())
    assert signed.send(cloud)[0] == 200
    stored = cloud.client("s3").get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (stored["Body"].read(), stored["ChecksumCRC32"]) == (body, checksum)
    signed.body = signed.body.replace(b"hello", b"HELLO")
    assert signed.send(cloud)[0] == 400
    signed.body = b"5\r\nhello"
    assert signed.send(cloud)[0] == 400
