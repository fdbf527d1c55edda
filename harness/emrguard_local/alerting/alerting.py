"""Who is told what: rules, metric filters and alarms of the account, evaluated, and their topics published to.

Each publication is judged like any other call, as that of the service principal: by the topic's policy and by the
policy of its key. It goes to the topic's HTTP and SQS subscriptions; mail stays here.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests
from moto.cloudwatch.models import Alarm, cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.events.models import Rule, events_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends

from emrguard_local.alerting.patterns import PatternError, parse
from emrguard_local.call import Call, Identity
from emrguard_policies.iam.decide import Principal

EVENTS = "events.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"

_LOG = logging.getLogger(__name__)
_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_COMPARE = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


class _Judges(Protocol):
    def authorize(self, call: Call) -> Any: ...


class Alerting:
    """The alerts of one account.

    Args:
        account_id: the account.
        partition: such as `aws`.
        authorizer: the judge of publications.
    """

    def __init__(self, account_id: str, partition: str, authorizer: _Judges) -> None:
        self._account_id = account_id
        self._partition = partition
        self._authorizer = authorizer
        self._outgoing: queue.SimpleQueue[tuple[str, str, str | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, daemon=True, name="alerts")

    def start(self) -> None:
        """Publish from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what is left, for a few seconds at most, and end."""
        self._outgoing.put(None)
        self._thread.join(timeout=5)

    def event(self, record: Mapping[str, Any]) -> None:
        """Match a record that a trail of the account takes against the rules of its Region.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
        """
        region = str(record["awsRegion"])
        rules = self._rules(region)
        if not rules:
            return
        event: dict[str, Any] = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "AWS API Call via CloudTrail",
            "source": f"aws.{str(record['eventSource']).partition('.')[0]}",
            "account": self._account_id,
            "time": record["eventTime"],
            "region": region,
            "resources": [],
            "detail": dict(record),
        }
        for rule in rules:
            if record["readOnly"] and not (rule.state == _WITH_READS and record["managementEvent"]):
                continue
            if rule.state != "DISABLED" and rule.event_pattern.matches_event(event):  # type: ignore[arg-type]
                for target in list(rule.targets):
                    self._publish(EVENTS, rule.arn, str(target["Arn"]), json.dumps(event))

    def count(self, region: str, group: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Count log events in the metrics of the group's metric filters."""
        filters = logs_backends[self._account_id][region].filters.get_matching_filters(log_group_name=group)
        for each in filters:
            try:
                matcher = parse(each["filterPattern"])
            except PatternError as error:
                _LOG.warning("metric filter %s counts nothing: %s", each["filterName"], error)
                continue
            matched = sum(1 for event in events if matcher(event))
            for metric in each["metricTransformations"] if matched else ():
                datum = {"MetricName": metric["metricName"], "Value": float(metric["metricValue"]) * matched}
                cloudwatch_backends[self._account_id][region].put_metric_data(metric["metricNamespace"], [datum])

    def evaluate(self) -> None:
        """Bring the state of each alarm up to date, and tell its topics when it changes.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
        """
        for region, backend in list(cloudwatch_backends[self._account_id].items()):
            for alarm in list(backend.alarms.values()):
                state = self._state(backend.metric_data, alarm) if alarm.metric_name else None
                if state is not None and state != alarm.state_value:
                    self._change(region, alarm, state)

    def _rules(self, region: str) -> list[Rule]:
        try:
            buses = events_backends[self._account_id][region].event_buses
        except KeyError:
            # Global services are recorded in a Region that EventBridge may not have.
            return []
        return [rule for rule in list(buses["default"].rules.values()) if rule.event_pattern.dump()]

    def _state(self, metric_data: list[Any], alarm: Alarm) -> str | None:
        """The state that the alarm should be in; None where missing data leaves it as it is."""
        now = datetime.now(UTC)
        breaching = known = 0
        for number in range(alarm.evaluation_periods):
            end = now - timedelta(seconds=alarm.period * number)
            value = _statistic(metric_data, alarm, end - timedelta(seconds=alarm.period), end)
            if value is not None:
                known += 1
                breaching += _COMPARE[alarm.comparison_operator](value, alarm.threshold)
            elif alarm.treat_missing_data in ("breaching", "notBreaching"):
                known += 1
                breaching += alarm.treat_missing_data == "breaching"
        if breaching >= (alarm.datapoints_to_alarm or alarm.evaluation_periods):
            return "ALARM"
        if known:
            return "OK"
        return None if alarm.treat_missing_data == "ignore" else "INSUFFICIENT_DATA"

    def _change(self, region: str, alarm: Alarm, state: str) -> None:
        old = alarm.state_value
        reason = f"The {alarm.statistic} of {alarm.metric_name} was compared with the threshold {alarm.threshold}."
        alarm.update_state(reason, "{}", state)
        if not alarm.actions_enabled:
            return
        message = {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": self._account_id,
            "NewStateValue": state,
            "NewStateReason": reason,
            "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
            "Region": region,
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": old,
        }
        topics = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }
        for topic in topics[state]:
            subject = f'{state}: "{alarm.name}"'[:100]
            self._publish(CLOUDWATCH, alarm.alarm_arn, topic, json.dumps(message), subject)

    def _publish(self, service: str, source: str, topic: str, message: str, subject: str | None = None) -> None:
        if ":sns:" not in topic:
            _LOG.warning("%s: the target %s is no topic, and nothing else is modelled", source, topic)
            return
        parameters = {"TopicArn": topic, "Message": message}
        call = Call(
            service="sns",
            operation="Publish",
            parameters=parameters,
            region=topic.split(":")[3],
            account_id=self._account_id,
            partition=self._partition,
            identity=Identity(
                Principal("service", service, ""),
                access_key_id="",
                context={"aws:SourceArn": source, "aws:SourceAccount": self._account_id},
            ),
            source_ip=service,
            user_agent=service,
            request_id=str(uuid.uuid4()),
            time=datetime.now(UTC),
        )
        verdict = self._authorizer.authorize(call)
        if not verdict.allowed:
            _LOG.warning("%s alerts nobody: %s", source, verdict.message)
            return
        self._outgoing.put((topic, message, subject))

    def _send(self) -> None:
        # Apart from the thread that delivers trails: a subscriber that does not answer must not hold it up.
        while (each := self._outgoing.get()) is not None:
            topic, message, subject = each
            try:
                sns_backends[self._account_id][topic.split(":")[3]].publish(message, arn=topic, subject=subject)
            except (ServiceException, requests.RequestException, ValueError) as error:
                _LOG.warning("an alert was not delivered to %s: %s", topic, error)


def _statistic(metric_data: list[Any], alarm: Alarm, start: datetime, end: datetime) -> float | None:
    wanted = {(each.name, each.value) for each in alarm.dimensions}
    values = [
        each.value
        for each in list(metric_data)
        if each.name == alarm.metric_name
        and each.namespace == alarm.namespace
        and {(one.name, one.value) for one in each.dimensions} == wanted
        and start < _aware(each.timestamp) <= end
        and hasattr(each, "value")
    ]
    if not values:
        return None
    statistics: dict[str, float] = {
        "Sum": sum(values),
        "Average": sum(values) / len(values),
        "Minimum": min(values),
        "Maximum": max(values),
        "SampleCount": float(len(values)),
    }
    return statistics[alarm.statistic]


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
