"""What calls of EventBridge, SNS and CloudWatch need."""

from __future__ import annotations

import json

from authorizer_support import ACCOUNT, REGION, Account, document, questions, service, statement

_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


def _topic(account: Account, *statements: dict[str, object], key: str | None = None) -> None:
    sns = account.client("sns")
    attributes = {"KmsMasterKeyId": key} if key else {}
    sns.create_topic(Name="alerts", Attributes=attributes)
    sns.set_topic_attributes(TopicArn=_TOPIC, AttributeName="Policy", AttributeValue=document(*statements))


def test_a_service_publishes_by_the_topics_policy(account: Account) -> None:
    """For the account that the policy names only."""
    here = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    _topic(account, statement("sns:Publish", _TOPIC, Principal={"Service": "events.amazonaws.com"}, Condition=here))
    ours = service("events.amazonaws.com", **{"aws:SourceAccount": ACCOUNT})
    strangers = service("events.amazonaws.com", **{"aws:SourceAccount": "999999999999"})
    assert account.ask(ours, "sns", "Publish", TopicArn=_TOPIC, Message="m").allowed
    assert not account.ask(strangers, "sns", "Publish", TopicArn=_TOPIC, Message="m").allowed
    assert not account.ask(account.user("ann"), "sns", "Publish", TopicArn=_TOPIC, Message="m").allowed


def test_an_encrypted_topic_needs_its_key(account: Account) -> None:
    """Who may publish, but not use the key, is refused."""
    publisher = {"Service": "events.amazonaws.com"}
    allow = statement("sns:Publish", _TOPIC, Principal=publisher)
    closed = account.key(statement("kms:DescribeKey", Principal={"AWS": "*"}))
    _topic(account, allow, key=closed)
    events = service("events.amazonaws.com")
    verdict = account.ask(events, "sns", "Publish", TopicArn=_TOPIC, Message="m")
    assert not verdict.allowed
    assert questions(verdict) == [("sns:Publish", _TOPIC), ("kms:GenerateDataKey", closed)]
    opened = account.key(statement(["kms:GenerateDataKey*", "kms:Decrypt"], Principal=publisher))
    account.client("sns").set_topic_attributes(TopicArn=_TOPIC, AttributeName="KmsMasterKeyId", AttributeValue=opened)
    assert account.ask(events, "sns", "Publish", TopicArn=_TOPIC, Message="m").allowed


def test_rules_are_judged_by_name_and_target(account: Account) -> None:
    """A right on one rule, or on rules with one target, is not a right on others."""
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/changes"
    to_topic = {"ForAllValues:ArnEquals": {"events:TargetArn": _TOPIC}, "Null": {"events:TargetArn": "false"}}
    ann = account.user("ann", statement("events:PutRule", arn), statement("events:PutTargets", arn, Condition=to_topic))
    pattern = json.dumps({"source": ["aws.s3"]})
    assert account.ask(ann, "events", "PutRule", Name="changes", EventPattern=pattern).allowed
    assert not account.ask(ann, "events", "PutRule", Name="other", EventPattern=pattern).allowed
    for target, allowed in ((_TOPIC, True), (f"{_TOPIC}2", False)):
        targets = [{"Id": "1", "Arn": target}]
        assert account.ask(ann, "events", "PutTargets", Rule="changes", Targets=targets).allowed is allowed


def test_alarms_are_judged_by_name(account: Account) -> None:
    """Also each of several."""
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:mine"
    ann = account.user("ann", statement("cloudwatch:DeleteAlarms", arn))
    assert account.ask(ann, "cloudwatch", "DeleteAlarms", AlarmNames=["mine"]).allowed
    assert not account.ask(ann, "cloudwatch", "DeleteAlarms", AlarmNames=["mine", "yours"]).allowed


def test_eventbridge_sends_no_source_to_the_key(account: Account) -> None:
    """A condition on it in the key's policy loses every alert, here as on AWS; alarms do send theirs."""
    publishers = {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}
    here = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    key = account.key(statement(["kms:GenerateDataKey*", "kms:Decrypt"], Principal=publishers, Condition=here))
    _topic(account, statement("sns:Publish", _TOPIC, Principal=publishers, Condition=here), key=key)
    for name, allowed in (("events", False), ("cloudwatch", True)):
        who = service(f"{name}.amazonaws.com", **{"aws:SourceAccount": ACCOUNT})
        assert account.ask(who, "sns", "Publish", TopicArn=_TOPIC, Message="m").allowed is allowed
