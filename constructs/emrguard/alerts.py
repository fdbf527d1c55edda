"""Where alerts go: a topic that only services of this account publish to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from emrguard import _actions, _key_policy
from emrguard._kept import as_json, place_of, unresolved
from emrguard._manifest import Owner
from emrguard.exceptions import ArgumentError

PLATFORM_TAG = "emrguard:platform"
"""The tag of what watches over the tenants; the service control policy of `emrguard policies scp` goes by it."""
_OWN = 200
"""Priority of a tag of a resource itself, above that of the construct around it (100)."""
_EVENTS = "events.amazonaws.com"
_CLOUDWATCH = "cloudwatch.amazonaws.com"
_BUDGETS = "budgets.amazonaws.com"
_SHARED = "one topic takes the alerts about all tenants; they tell who called what, and hold no data of a tenant"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOPIC_ARN = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")


class Alerts(Construct):
    """An SNS topic for alerts, encrypted with a key of its own, over TLS only.

    EventBridge rules, CloudWatch alarms and budgets of this account publish to it, and nobody else without a right of
    its own. `AuditTrail` makes one unless it is given one; give the same one to `Macie` and `Budget`.

    The key names no source for EventBridge, because EventBridge sends none when it publishes to an encrypted topic:
    with the condition every alert would be lost. The key encrypts nothing but this topic's messages, and the topic's
    policy names the account.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services

    ```python
    import aws_cdk as cdk

    from emrguard import Alerts

    stack = cdk.Stack(cdk.App(), "Platform")
    Alerts(stack, "Alerts", emails=["security@example.com"])
    ```

    Args:
        emails: who gets every alert by mail, after a click on the link in SNS's first mail; default nobody, then
            subscribe otherwise: a topic without a subscriber tells nobody.
    """

    def __init__(self, scope: Construct, id: str, *, emails: Sequence[str] = ()) -> None:
        super().__init__(scope, id)
        self._stack = cdk.Stack.of(self)
        self._owner = Owner(shared=_SHARED)
        cdk.Tags.of(self).add(PLATFORM_TAG, "alerts")
        self.key: kms.Key | None = self._make_key()
        """The topic's key; None for a topic that was imported."""
        topic = sns.CfnTopic(self, "Resource", kms_master_key_id=self.key.key_arn)
        self._owner.mark(topic, "alerts")
        self.topic_arn = topic.ref
        """ARN of the topic."""
        self._policy = iam.PolicyDocument(statements=self._statements())
        policy = sns.CfnTopicPolicy(self, "Policy", topics=[topic.ref], policy_document=self._policy)
        self._owner.mark(policy, "alerts")
        for number, email in enumerate(self._checked(emails), 1):
            subscription = sns.CfnSubscription(
                self, f"Email{number}", topic_arn=topic.ref, protocol="email", endpoint=email
            )
            self._owner.mark(subscription, "alerts")

    @classmethod
    def from_topic_arn(cls, scope: Construct, id: str, topic_arn: str) -> Alerts:
        """A topic that exists, for instance that of a security team.

        Its policy must let `events.amazonaws.com`, `cloudwatch.amazonaws.com` and, for budgets,
        `budgets.amazonaws.com` publish, and so must the policy of its key. Nothing here can add that.

        Raises:
            ArgumentError: it is not the ARN of a topic.
        """
        if not unresolved(topic_arn) and not _TOPIC_ARN.fullmatch(topic_arn):
            raise ArgumentError(
                f"{scope.node.path}/{id}", "topic_arn", topic_arn, "write arn:aws:sns:<region>:<account>:<topic>"
            )
        return _Imported(scope, id, topic_arn)

    def on_event(self, scope: Construct, id: str, description: str, pattern: Mapping[str, Any]) -> events.CfnRule:
        """Alert of each event that matches an EventBridge pattern, by a rule below `scope`.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
        """
        rule = events.CfnRule(
            scope,
            id,
            description=description,
            event_pattern=pattern,
            state="ENABLED",
            targets=[events.CfnRule.TargetProperty(id="Alerts", arn=self.topic_arn)],
        )
        self._owner.mark(rule, "alerts")
        cdk.Tags.of(rule).add(PLATFORM_TAG, "alerts", priority=_OWN)
        return rule

    def on_metric(
        self, scope: Construct, id: str, description: str, *, namespace: str, metric: str, threshold: int = 1
    ) -> cloudwatch.CfnAlarm:
        """Alert when the sum of a metric without dimensions reaches the threshold within five minutes."""
        alarm = cloudwatch.CfnAlarm(
            scope,
            id,
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            threshold=threshold,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
        )
        self._owner.mark(alarm, "alerts")
        cdk.Tags.of(alarm).add(PLATFORM_TAG, "alerts", priority=_OWN)
        return alarm

    def _checked(self, emails: Sequence[str]) -> Sequence[str]:
        if isinstance(emails, str):
            raise ArgumentError(self.node.path, "emails", emails, "write a list such as ['security@example.com']")
        for number, email in enumerate(emails):
            if not unresolved(email) and not _EMAIL.fullmatch(email):
                raise ArgumentError(self.node.path, f"emails[{number}]", email, "write one such as a@example.com")
        return emails

    def _make_key(self) -> kms.Key:
        key = _key_policy.new_key(
            self,
            "Key",
            "Alerts about the tenants",
            _key_policy.new_policy(
                place_of(self),
                as_json(_actions.TOPIC_KEY_USE, ["*"], principal={"Service": _EVENTS}, sid="EventBridge"),
                *(
                    as_json(
                        _actions.TOPIC_KEY_USE,
                        ["*"],
                        principal={"Service": service},
                        conditions=self._from_here(source),
                        sid=sid,
                    )
                    for sid, service, source in self._sources()
                ),
            ),
        )
        self._owner.mark(key, "alerts-key")
        return key

    def _sources(self) -> list[tuple[str, str, str | None]]:
        """The publishers that say which resource of which account they publish for."""
        alarms = self._stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        budgets = self._stack.format_arn(
            service="budgets", region="", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
        )
        return [("Alarms", _CLOUDWATCH, alarms), ("Budgets", _BUDGETS, budgets)]

    def _from_here(self, source: str | None = None) -> dict[str, dict[str, str]]:
        account = {"StringEquals": {"aws:SourceAccount": self._stack.account}}
        return account if source is None else {**account, "ArnLike": {"aws:SourceArn": source}}

    def _statements(self) -> list[iam.PolicyStatement]:
        """https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html"""
        publish = list(_actions.PUBLISH)
        return [
            *(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[iam.ServicePrincipal(service)],
                    actions=publish,
                    resources=[self.topic_arn],
                    conditions=self._from_here(source),
                )
                for sid, service, source in [("EventBridge", _EVENTS, None), *self._sources()]
            ),
            iam.PolicyStatement(
                sid="OnlyOverTls",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=publish,
                resources=[self.topic_arn],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            ),
        ]


class _Imported(Alerts):
    """A topic that exists."""

    def __init__(self, scope: Construct, id: str, topic_arn: str) -> None:
        Construct.__init__(self, scope, id)
        self._stack = cdk.Stack.of(self)
        self._owner = Owner(shared=_SHARED)
        self.key = None
        self.topic_arn = topic_arn
