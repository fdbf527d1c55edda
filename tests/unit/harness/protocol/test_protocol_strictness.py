"""Requests that two readers could understand differently are refused: what is judged is what is carried out."""

from __future__ import annotations

import http.client
import json
import re
import socket
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from local_server_support import REGION, Running
from werkzeug.wrappers import Request, Response

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded"


def _send(
    cloud: Running, service: str, method: str, target: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method=method, url=cloud.url + target, data=body, headers=named)
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials(cloud.admin.access_key_id, cloud.admin.secret_access_key), service, REGION
    )
    signer.add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=20)
    connection.request(method, target, body, dict(request.headers.items()))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_an_action_hidden_in_a_json_body_is_not_carried_out(cloud: Running) -> None:
    """Moto looks for an Action inside any body; the operation is the one of X-Amz-Target all the same."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    body = json.dumps({"x": f"&Action=ScheduleKeyDeletion&KeyId={key}&", "KeyId": key}).encode()
    status, content = _send(cloud, "kms", "POST", "/", body, x_amz_target="TrentService.DescribeKey", content_type=JSON)
    assert (status, json.loads(content)["KeyMetadata"]["KeyState"]) == (200, "Enabled")
    assert cloud.judge.calls[-1].operation == "DescribeKey"


@pytest.mark.parametrize(
    ("service", "method", "target", "body", "headers"),
    [
        ("kms", "POST", "/?Action=ScheduleKeyDeletion", b"{}",
         {"x_amz_target": "TrentService.ListKeys", "content_type": JSON}),
        ("iam", "POST", "/?Action=ListUsers&Version=2010-05-08", b"Action=DeleteUser&UserName=x",
         {"content_type": FORM}),
        ("emr-serverless", "GET", "/applications?Action=x", b"", {}),
        ("s3", "GET", "/some-bucket?list-type=2&policy", b"", {}),
        ("s3", "PUT", "/some-bucket/key?acl", b"", {"x_amz_copy_source": "other/key"}),
        ("s3", "DELETE", "/some-bucket?policy&lifecycle", b"", {}),
        ("s3", "POST", "/some-bucket?delete", b"key=x", {"content_type": FORM}),
    ],
)  # fmt: skip
def test_ambiguous_requests_are_refused(
    cloud: Running, service: str, method: str, target: str, body: bytes, headers: dict[str, str]
) -> None:
    """Two operations in one request, or parameters in two places, are refused before anybody is asked."""
    before = len(cloud.judge.calls)
    status, content = _send(cloud, service, method, target, body, **headers)
    assert (status, b"AmbiguousRequest" in content or b"does not take this request" in content) == (400, True), content
    assert len(cloud.judge.calls) == before


@pytest.mark.parametrize(
    ("service", "method", "target", "body", "headers", "code"),
    [
        ("kms", "POST", "/", b"{}", {"x_amz_target": "TrentService.Nothing", "content_type": JSON},
         b"UnknownOperation"),
        ("kms", "POST", "/", b"[1]", {"x_amz_target": "TrentService.ListKeys", "content_type": JSON},
         b"SerializationException"),
        ("kms", "POST", "/", b"{", {"x_amz_target": "TrentService.ListKeys", "content_type": JSON},
         b"SerializationException"),
        ("iam", "POST", "/", b"Action=Nothing", {"content_type": FORM}, b"UnknownOperation"),
        ("emr-serverless", "PUT", "/nothing", b"", {}, b"No operation"),
        ("nothing", "GET", "/", b"", {}, b"no service"),
        ("s3", "PUT", "/some-bucket?policy=1&versioning", b"", {}, b"AmbiguousRequest"),
        ("s3", "PUT", "/some-bucket?versioning", b"<Version", {}, b"MalformedXML"),
        ("s3", "GET", "/..%2Fbucket", b"", {}, b"InvalidBucketName"),
        ("s3", "GET", "/one%2Fkey", b"", {}, b"InvalidBucketName"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_an_error_that_says_so(
    cloud: Running, service: str, method: str, target: str, body: bytes, headers: dict[str, str], code: bytes
) -> None:
    """Unknown operations and services, and bodies that do not fit, are refused and never reach the authorizer."""
    before = len(cloud.judge.calls)
    status, content = _send(cloud, service, method, target, body, **headers)
    assert 400 <= status < 500
    assert code in content, content
    assert len(cloud.judge.calls) == before


def test_a_header_cannot_choose_the_account(cloud: Running) -> None:
    """Moto obeys x-moto-account-id; the front takes it away."""
    status, content = _send(cloud, "s3", "GET", "/", x_moto_account_id="999999999999")
    bucket = cloud.bucket()
    status, content = _send(cloud, "s3", "GET", "/", x_moto_account_id="999999999999")
    assert (status, bucket.encode() in content) == (200, True)


def test_motos_own_interface_is_not_reachable(cloud: Running) -> None:
    """/moto-api can reset everything; it is an object's path here like any other."""
    bucket = cloud.bucket()
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=20)
    connection.request("POST", "/moto-api/reset")
    assert connection.getresponse().status in (400, 403, 404)
    connection.close()
    assert cloud.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_objects_with_the_content_type_of_a_form_are_stored_as_they_are(cloud: Running) -> None:
    """Java's HTTP client sends this type by default; the object is neither parsed nor changed."""
    bucket, body = cloud.bucket(), b"uploadId=1&key=other&x=%20y"
    assert _send(cloud, "s3", "PUT", f"/{bucket}/form", body, content_type=FORM)[0] == 200
    assert cloud.client("s3").get_object(Bucket=bucket, Key="form")["Body"].read() == body


def _raw(cloud: Running, *requests: bytes) -> bytes:
    """Send raw bytes over one connection and read until the server closes it."""
    parts = urlsplit(cloud.url)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as connection:
        for request in requests:
            connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


def test_one_connection_serves_many_requests(cloud: Running) -> None:
    """Connections are kept alive, also after a body that nobody wanted and after an error."""
    answer = _raw(
        cloud,
        b"POST /_emrguard/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /_emrguard/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"404", b"200", b"404"]


def test_a_body_in_transfer_chunks_and_after_100_continue(cloud: Running) -> None:
    """`Transfer-Encoding: chunked` and `Expect: 100-continue` are understood; the answer comes once."""
    answer = _raw(
        cloud,
        b"POST /_emrguard/nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"GET /_emrguard/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"100", b"404", b"404"]


@pytest.mark.parametrize(
    "lengths",
    [b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n", b"Content-Length: x\r\n"],
)
def test_two_lengths_or_none_close_the_connection(cloud: Running, lengths: bytes) -> None:
    """A request whose end is unclear cannot smuggle another one in."""
    answer = _raw(
        cloud, b"POST / HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


def test_routes_of_services(cloud: Running) -> None:
    """What a service registers below /_emrguard/ is answered without a signature; an error in it ends in a 500."""

    def fail(_: Request) -> Response:
        raise RuntimeError("broken")

    cloud.host.routes["/_emrguard/hello/"] = lambda request: Response(request.path)
    cloud.host.routes["/_emrguard/broken/"] = fail
    for path, status in (("/_emrguard/hello/x", 200), ("/_emrguard/broken/", 500), ("/_emrguard/none", 404)):
        connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=20)
        connection.request("GET", path)
        assert connection.getresponse().status == status
        connection.close()


@pytest.mark.parametrize("domain", ["s3.us-east-1.amazonaws.com", "s3.amazonaws.com", "localhost"])
def test_the_bucket_may_be_in_the_host(cloud: Running, domain: str) -> None:
    """Virtual-hosted-style requests are judged on, and answered from, the bucket in the Host header."""
    bucket = cloud.bucket()
    cloud.client("s3").put_object(Bucket=bucket, Key="folder/key", Body=b"body")
    host = f"{bucket}.{domain}"
    request = AWSRequest(method="GET", url=f"http://{host}/folder/key", headers={"Host": host})
    S3SigV4Auth(Credentials(cloud.admin.access_key_id, cloud.admin.secret_access_key), "s3", REGION).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=20)
    connection.request("GET", "/folder/key", headers=dict(request.headers.items()))
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"body")
    connection.close()
    asked = cloud.judge.last("GetObject").parameters
    assert (asked["Bucket"], asked["Key"]) == (bucket, "folder/key")
