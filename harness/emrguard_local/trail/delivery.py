"""The trails of the account: what is recorded, and its delivery to their buckets and log groups.

Trails live in moto's CloudTrail. CloudTrail's own writing into a trail's bucket is judged like any other call, as that
of the service principal, but it is not recorded: a trail with data events on its own bucket would never rest.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import secrets
import string
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.core.exceptions import ServiceException
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from emrguard_local.call import Call, Identity
from emrguard_local.credentials import Credentials
from emrguard_local.host import Host, ServiceError
from emrguard_local.protocol.errors import Answer
from emrguard_local.protocol.routing import Routed
from emrguard_local.trail.records import Outcome, record
from emrguard_local.trail.selectors import selects
from emrguard_policies.iam.decide import Principal

SERVICE = "cloudtrail.amazonaws.com"
DELIVERY_SECONDS = 2.0

_LOG = logging.getLogger(__name__)
_GLOBAL_SOURCES = {"iam.amazonaws.com", "sts.amazonaws.com"}
_FILE_RECORDS = 5_000
_WAITING_RECORDS = 100_000
_LOG_EVENTS = 1_000
_LETTERS = string.ascii_letters + string.digits


class _Alerts(Protocol):
    def event(self, record: Mapping[str, Any]) -> None: ...
    def count(self, region: str, group: str, events: Iterable[Mapping[str, Any]]) -> None: ...
    def evaluate(self) -> None: ...


class _Judges(Protocol):
    def authorize(self, call: Call) -> Any: ...


class _Handled(Protocol):
    """One call of the front with its outcome."""

    @property
    def call(self) -> Call: ...
    @property
    def routed(self) -> Routed | None: ...
    @property
    def answer(self) -> Answer: ...
    @property
    def output(self) -> Mapping[str, Any] | None: ...
    @property
    def error(self) -> ServiceError | None: ...
    @property
    def access_key_id(self) -> str | None: ...


@dataclass
class _State:
    """What a trail has still to deliver, by region, and how the last deliveries went."""

    waiting: dict[str, deque[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_WAITING_RECORDS))
    )
    log_events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_WAITING_RECORDS))
    delivered: datetime | None = None
    attempted: datetime | None = None
    error: str | None = None
    logs_delivered: datetime | None = None
    logs_error: str | None = None
    credentials: Credentials | None = None


class Trails:
    """Records calls, delivers the records every two seconds, and tells `alerts` of them, if there are any."""

    def __init__(
        self, account_id: str, region: str, partition: str, authorizer: _Judges, alerts: _Alerts | None = None
    ) -> None:
        self._alerts = alerts
        self._account_id = account_id
        self._region = region
        self._partition = partition
        self._authorizer = authorizer
        self._calls: deque[tuple[Call, Outcome]] = deque(maxlen=_WAITING_RECORDS)
        self._states: dict[str, _State] = defaultdict(_State)
        self._stopped = threading.Event()
        self._delivering = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name="trail-delivery")
        self._host: Host | None = None

    def start(self, host: Host) -> None:
        """Deliver from now on; `host` gives the role and the client for trails with a log group."""
        self._host = host
        self._thread.start()

    def stop(self) -> None:
        """Deliver what is left and end."""
        self._stopped.set()
        self._thread.join()
        self.deliver()

    def record(self, handled: _Handled) -> None:
        """Record a call that came over the wire."""
        if not self._logging():
            return
        routed, answer = handled.routed, handled.answer
        if answer.status < 300 and routed is not None and routed.operation.has_streaming_output:
            answer = replace(answer, body=b"")
        outcome = Outcome(routed, answer, handled.output, handled.error, handled.access_key_id)
        self._calls.append((handled.call, outcome))

    def record_call(self, call: Call, output: Mapping[str, Any] | None, error: ServiceError | None) -> None:
        """Record a call that a service made inside."""
        if self._logging():
            self._calls.append((call, Outcome(output=output, error=error)))

    def status(self, call: Call) -> Mapping[str, Any]:
        """The output of cloudtrail:GetTrailStatus, with what went wrong at the last delivery.

        Raises:
            ServiceError: no such trail.
        """
        trail = self._named(call.parameters.get("Name", ""))
        state, moto = self._states[trail.arn], trail.status
        found = {
            "IsLogging": moto.is_logging,
            "StartLoggingTime": _aware(moto.started),
            "StopLoggingTime": _aware(moto.stopped),
            "TimeLoggingStarted": _text(_aware(moto.started)),
            "TimeLoggingStopped": _text(_aware(moto.stopped)),
            "LatestDeliveryTime": state.delivered,
            "LatestDeliveryError": state.error,
            "LatestDeliveryAttemptTime": _text(state.attempted),
            "LatestDeliveryAttemptSucceeded": _text(state.delivered),
            "LatestCloudWatchLogsDeliveryTime": state.logs_delivered,
            "LatestCloudWatchLogsDeliveryError": state.logs_error,
        }
        return {name: value for name, value in found.items() if value is not None}

    def put_event_selectors(self, call: Call) -> Mapping[str, Any]:
        """cloudtrail:PutEventSelectors: what is set replaces what was set before, of either kind.

        Raises:
            ServiceError: no such trail, or not exactly one kind of selectors.
        """
        trail = self._named(call.parameters.get("TrailName", ""))
        basic = call.parameters.get("EventSelectors") or []
        advanced = call.parameters.get("AdvancedEventSelectors") or []
        if bool(basic) == bool(advanced):
            raise ServiceError(
                "InvalidEventSelectorsException",
                f"Trail {trail.trail_name} takes either EventSelectors or AdvancedEventSelectors.",
                400,
            )
        trail.event_selectors, trail.advanced_event_selectors = list(basic), list(advanced)
        chosen = {"EventSelectors": basic} if basic else {"AdvancedEventSelectors": advanced}
        return {"TrailARN": trail.arn, **chosen}

    def _named(self, name: str) -> Trail:
        trail = next((each for each in self._trails() if name in (each.trail_name, each.arn)), None)
        if trail is None:
            raise ServiceError("TrailNotFoundException", f"Unknown trail: {name} for the user: {self._account_id}", 400)
        return trail

    def _trails(self) -> list[Trail]:
        backends = list(cloudtrail_backends[self._account_id].values())
        return [trail for backend in backends for trail in list(backend.trails.values())]

    def _logging(self) -> list[Trail]:
        return [trail for trail in self._trails() if trail.status.is_logging]

    def _run(self) -> None:
        while not self._stopped.wait(DELIVERY_SECONDS):
            self.deliver()

    def deliver(self) -> None:
        """Deliver what has been recorded so far."""
        with self._delivering:
            try:
                self._sort()
                for trail in self._trails():
                    self._deliver_trail(trail)
                if self._alerts is not None:
                    self._alerts.evaluate()
            except Exception:  # noqa: BLE001  (the thread must go on)
                _LOG.exception("the delivery of trails failed")

    def _sort(self) -> None:
        """Make records of the calls and give them to the trails that take them."""
        trails = self._logging()
        for arn in set(self._states) - {trail.arn for trail in self._trails()}:
            del self._states[arn]
        while self._calls:
            call, outcome = self._calls.popleft()
            made = record(call, outcome)
            if made is None:
                continue
            taking = [
                trail
                for trail in trails
                if _in_region(trail, made) and selects(made, trail.event_selectors, trail.advanced_event_selectors)
            ]
            if taking and self._alerts is not None:
                self._alerts.event(made)
            for trail in taking:
                state = self._states[trail.arn]
                region = str(made["awsRegion"]) if trail.is_multi_region else trail.region_name
                state.waiting[region].append(made)
                if trail.cw_log_group_arn and trail.cw_role_arn:
                    state.log_events.append(made)

    def _deliver_trail(self, trail: Trail) -> None:
        state = self._states[trail.arn]
        for region, waiting in state.waiting.items():
            while waiting:
                batch = [waiting.popleft() for _ in range(min(len(waiting), _FILE_RECORDS))]
                now = datetime.now(UTC)
                state.attempted = now
                try:
                    self._put(trail, self._key(trail, region, now), batch, now)
                except ServiceError as error:
                    if state.error is None:
                        _LOG.warning("trail %s cannot deliver: %s: %s", trail.trail_name, error.code, error.message)
                    state.error = f"{error.code}: {error.message}"
                    waiting.extendleft(reversed(batch))
                    break
                state.delivered, state.error = now, None
        if state.log_events:
            self._deliver_logs(trail, state)

    def _key(self, trail: Trail, region: str, now: datetime) -> str:
        prefix = f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""
        unique = "".join(secrets.choice(_LETTERS) for _ in range(16))
        account = self._account_id
        return (
            f"{prefix}AWSLogs/{account}/CloudTrail/{region}/{now:%Y/%m/%d}/"
            f"{account}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
        )

    def _put(self, trail: Trail, key: str, records: list[dict[str, Any]], now: datetime) -> None:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": trail.kms_key_id} if trail.kms_key_id else {}
        call = Call(
            service="s3",
            operation="PutObject",
            parameters={
                "Bucket": trail.bucket_name,
                "Key": key,
                "ACL": "bucket-owner-full-control",
                "ContentType": "application/json",
                "ContentEncoding": "gzip",
                **encryption,
            },
            region=trail.region_name,
            account_id=self._account_id,
            partition=self._partition,
            identity=Identity(
                Principal("service", SERVICE, ""),
                access_key_id="",
                context={"aws:SourceArn": trail.arn, "aws:SourceAccount": self._account_id},
            ),
            source_ip=SERVICE,
            user_agent=SERVICE,
            request_id=str(uuid.uuid4()),
            time=now,
            headers={"x-amz-acl": "bucket-owner-full-control"},
            invoked_by=SERVICE,
        )
        verdict = self._authorizer.authorize(call)
        if not verdict.allowed:
            raise ServiceError("AccessDenied", verdict.message, 403)
        body = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode(), compresslevel=6)
        try:
            stored = s3_backends[self._account_id][self._partition].put_object(
                trail.bucket_name,
                key,
                body,
                encryption=encryption.get("ServerSideEncryption"),
                kms_key_id=encryption.get("SSEKMSKeyId"),
            )
        except (S3ClientError, ServiceException) as error:
            raise ServiceError(str(getattr(error, "code", type(error).__name__)), str(error), 400) from error
        stored.set_metadata({"content-type": "application/json", "content-encoding": "gzip"})

    def _deliver_logs(self, trail: Trail, state: _State) -> None:
        group = trail.cw_log_group_arn.split(":log-group:", 1)[-1].removesuffix(":*")
        batch = [state.log_events.popleft() for _ in range(min(len(state.log_events), _LOG_EVENTS))]
        try:
            self._put_log_events(trail, state, group, batch)
        except (ServiceError, ClientError, BotoCoreError) as error:
            if state.logs_error is None:
                _LOG.warning("trail %s cannot deliver to %s: %s", trail.trail_name, group, error)
            state.logs_error = str(error)
            state.log_events.extendleft(reversed(batch))
        else:
            state.logs_delivered, state.logs_error = datetime.now(UTC), None
            if self._alerts is not None:
                self._alerts.count(trail.region_name, group, batch)

    def _put_log_events(self, trail: Trail, state: _State, group: str, batch: list[dict[str, Any]]) -> None:
        assert self._host is not None
        now = datetime.now(UTC)
        credentials = state.credentials
        if credentials is None or credentials.expiration is None or credentials.expiration - now < timedelta(minutes=5):
            credentials = self._host.assume_for_service(
                SERVICE,
                trail.cw_role_arn,
                f"CLOUDTRAIL_{self._account_id}",
                context={"aws:SourceArn": trail.arn, "aws:SourceAccount": self._account_id},
            )
            state.credentials = credentials
        logs = self._host.client("logs", credentials)
        stream = f"{self._account_id}_CloudTrail_{trail.region_name}"
        if state.logs_delivered is None:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_stream(logGroupName=group, logStreamName=stream)
        batch = sorted(batch, key=lambda each: str(each["eventTime"]))
        events = [{"timestamp": _milliseconds(each["eventTime"]), "message": json.dumps(each)} for each in batch]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _in_region(trail: Trail, made: Mapping[str, Any]) -> bool:
    if trail.is_multi_region or made["awsRegion"] == trail.region_name:
        return True
    return bool(trail.include_global_service_events) and made["eventSource"] in _GLOBAL_SOURCES


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None else None


def _text(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time is not None else None


def _milliseconds(time: str) -> int:
    return int(datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() * 1000)
