"""Delivery of the driver's logs with the execution role's credentials.

Layout: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html
The guide names CloudWatch streams `[prefix/]applications/<id>/jobs/<id>/[attempts/<n>/]<worker-type>`; as stdout and
stderr need a stream each, theirs end in `SPARK_DRIVER/stdout` and `SPARK_DRIVER/stderr`.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from emrguard_local.credentials import Credentials
from emrguard_local.emr_serverless.credentials import RoleSession
from emrguard_local.host import Host, ServiceError

STREAMS = ("stdout", "stderr")
DEFAULT_LOG_GROUP = "/aws/emr-serverless"

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_EVENT_OVERHEAD = 26
_MAX_EVENT_BYTES = 256 * 1024 - _EVENT_OVERHEAD
_MAX_BATCH_BYTES = 1_048_576
_MAX_BATCH_EVENTS = 10_000
_READ_BYTES = 4 * 1024 * 1024

# A log that takes long to deliver is delivered less often: at most a tenth of the time goes into it.
_REST = 10


class _Sink(Protocol):
    name: str

    def deliver(self, stream: str, path: Path, final: bool) -> None: ...


class _Clients:
    """boto3 clients with the role's credentials of the moment."""

    def __init__(self, host: Host, session: RoleSession) -> None:
        self._host = host
        self._session = session
        self._made: dict[str, tuple[Credentials, Any]] = {}

    def get(self, service: str) -> Any:
        """A client.

        Raises:
            ServiceError: the role cannot be assumed any more.
        """
        credentials = self._session.current()
        known = self._made.get(service)
        if known is None or known[0] != credentials:
            self._made[service] = known = (credentials, self._host.client(service, credentials))
        return known[1]


def _compress(source: Path, target: Any) -> None:
    with gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed:
        if source.exists():
            with source.open("rb") as plain:
                shutil.copyfileobj(plain, packed)


class _S3Sink:
    def __init__(self, clients: _Clients, configuration: Mapping[str, Any], path: str) -> None:
        bucket, _, prefix = configuration["logUri"].removeprefix("s3://").partition("/")
        self._clients = clients
        self._bucket = bucket
        self._prefix = "/".join(part for part in (prefix.strip("/"), path) if part)
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": configuration["encryptionKeyArn"]}
            if "encryptionKeyArn" in configuration
            else {}
        )
        self._delivered: dict[str, int] = {}
        self.name = f"s3://{bucket}/{self._prefix}/"

    def deliver(self, stream: str, path: Path, final: bool) -> None:
        size = path.stat().st_size if path.exists() else 0
        if size == self._delivered.get(stream, -1 if final else 0):
            return
        with tempfile.TemporaryFile() as packed:
            _compress(path, packed)
            packed.seek(0)
            self._clients.get("s3").put_object(
                Bucket=self._bucket, Key=f"{self._prefix}/{stream}.gz", Body=packed, **self._encryption
            )
        self._delivered[stream] = size


class _CloudWatchSink:
    def __init__(self, clients: _Clients, configuration: Mapping[str, Any], path: str) -> None:
        prefix = configuration.get("logStreamNamePrefix", "").rstrip("/")
        self._clients = clients
        self._group = configuration.get("logGroupName", DEFAULT_LOG_GROUP)
        self._key = configuration.get("encryptionKeyArn")
        self._path = f"{prefix}/{path}" if prefix else path
        wanted = configuration.get("logTypes", {"SPARK_DRIVER": ["STDOUT", "STDERR"]})
        self._streams = {each.lower() for each in wanted.get("SPARK_DRIVER", ())}
        self._offsets = dict.fromkeys(STREAMS, 0)
        self._ready: set[str] = set()
        self.name = f"log group {self._group}, stream {self._path}"

    def deliver(self, stream: str, path: Path, final: bool) -> None:
        if stream not in self._streams:
            return
        logs = self._clients.get("logs")
        if stream not in self._ready:
            self._make(logs, f"{self._path}/{stream}")
            self._ready.add(stream)
        while path.exists():
            with path.open("rb") as source:
                source.seek(self._offsets[stream])
                data = source.read(_READ_BYTES)
            complete = data if final and len(data) < _READ_BYTES else data[: data.rfind(b"\n") + 1]
            if not complete and len(data) == _READ_BYTES:
                complete = data  # one line that is longer than what is read at once
            if not complete:
                return
            for batch in batches(complete.decode(errors="replace").splitlines(), int(time.time() * 1000)):
                logs.put_log_events(logGroupName=self._group, logStreamName=f"{self._path}/{stream}", logEvents=batch)
            self._offsets[stream] += len(complete)

    def _make(self, logs: Any, stream: str) -> None:
        if self._key is not None:
            self._use_key(logs)
        try:
            logs.create_log_stream(logGroupName=self._group, logStreamName=stream)
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "ResourceAlreadyExistsException":
                    return
                case "ResourceNotFoundException":
                    logs.create_log_group(logGroupName=self._group)
                    logs.create_log_stream(logGroupName=self._group, logStreamName=stream)
                case _:
                    raise

    def _use_key(self, logs: Any) -> None:
        found = logs.describe_log_groups(logGroupNamePrefix=self._group)["logGroups"]
        group = next((each for each in found if each["logGroupName"] == self._group), None)
        if group is None:
            logs.create_log_group(logGroupName=self._group, kmsKeyId=self._key)
        elif group.get("kmsKeyId") != self._key:
            logs.associate_kms_key(logGroupName=self._group, kmsKeyId=self._key)


def batches(lines: Iterable[str], timestamp: int) -> Iterator[list[dict[str, Any]]]:
    """Lines as batches for PutLogEvents, within its limits of events and bytes; empty lines become a space."""
    batch: list[dict[str, Any]] = []
    taken = 0
    for line in lines:
        for message in _pieces(line or " "):
            size = len(message.encode()) + _EVENT_OVERHEAD
            if batch and (taken + size > _MAX_BATCH_BYTES or len(batch) == _MAX_BATCH_EVENTS):
                yield batch
                batch, taken = [], 0
            batch.append({"timestamp": timestamp, "message": message})
            taken += size
    if batch:
        yield batch


def _pieces(line: str) -> Iterator[str]:
    data = line.encode()
    start = 0
    while start < len(data):
        end = min(start + _MAX_EVENT_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[start:end].decode()
        start = end


class LogDelivery:
    """Delivers one attempt's driver logs to where its monitoring configuration says, and keeps them in `keep` too."""

    def __init__(
        self, host: Host, session: RoleSession, monitoring: Mapping[str, Any], path: str, keep: Path, seconds: float
    ) -> None:
        clients = _Clients(host, session)
        self._sinks: list[_Sink] = []
        bucket = monitoring.get("s3MonitoringConfiguration", {})
        if bucket.get("logUri"):
            self._sinks.append(_S3Sink(clients, bucket, path))
        watch = monitoring.get("cloudWatchLoggingConfiguration", {})
        if watch.get("enabled"):
            self._sinks.append(_CloudWatchSink(clients, watch, path))
        self._keep = keep
        self._seconds = seconds
        self._due = time.monotonic() + seconds
        self._problems: dict[str, str] = {}

    def deliver_if_due(self, files: Mapping[str, Path]) -> None:
        """Deliver what is new, when the last delivery is long enough ago."""
        if time.monotonic() >= self._due:
            begun = time.monotonic()
            self._deliver(files, final=False)
            now = time.monotonic()
            self._due = now + max(self._seconds, _REST * (now - begun))

    def finish(self, files: Mapping[str, Path], *, deliver: bool = True) -> str:
        """Keep everything, and deliver it unless told otherwise; says what could not be delivered and why, if so."""
        self._keep.mkdir(parents=True, exist_ok=True)
        for stream, path in files.items():
            with (self._keep / f"{stream}.gz").open("wb") as target:
                _compress(path, target)
        if not deliver:
            return ""
        self._deliver(files, final=True)
        return " ".join(
            f"Logs could not be delivered to {sink}: {why} (kept in the local cloud's state directory)."
            for sink, why in self._problems.items()
        )

    def _deliver(self, files: Mapping[str, Path], *, final: bool) -> None:
        for sink in self._sinks:
            try:
                for stream, path in files.items():
                    sink.deliver(stream, path, final)
                self._problems.pop(sink.name, None)
            except (ClientError, BotoCoreError, ServiceError, OSError) as error:
                self._problems[sink.name] = str(error)
