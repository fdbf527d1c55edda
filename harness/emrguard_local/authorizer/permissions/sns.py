"""SNS's topics and subscriptions. Mobile push and text messages are not mapped.

The topic's own policy is asked, too. A message to an encrypted topic needs the use of its key.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.sns.models import Topic

from emrguard_local.authorizer import keys
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    on_anything,
    request_tags,
    resource_tags,
    tag_keys,
    tag_list,
)


def _topic(asked: Asked, arn: str) -> Topic | None:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise CannotTellError(f"{arn!r} is not the ARN of a topic")
    backend = asked.state.sns(parts[3]) if parts[4] == asked.account else None
    return backend.topics.get(arn) if backend is not None else None


def _on_topic(asked: Asked, action: str, arn: str, context: dict[str, Value] | None = None) -> Needed:
    found = _topic(asked, arn)
    tags = resource_tags(found._tags) if found is not None else {}
    return Needed(action, arn, {**tags, **(context or {})}, "topic", found)


def _named(asked: Asked, *parameters: str) -> str:
    for name in parameters:
        if asked.parameters.get(name):
            return str(asked.parameters[name])
    raise CannotTellError("it does not name the topic")


def _by_topic(action: str, parameter: str = "TopicArn") -> Rule:
    return lambda asked: (_on_topic(asked, action, _named(asked, parameter)),)


def _by_subscription(action: str) -> Rule:
    """Subscriptions are judged on their topic, whose ARN is all but the last part of theirs."""
    return lambda asked: (_on_topic(asked, action, _named(asked, "SubscriptionArn").rpartition(":")[0]),)


def _create(asked: Asked) -> Iterable[Needed]:
    arn = asked.arn("sns", _named(asked, "Name"))
    tags = tag_list(asked.parameters.get("Tags"))
    yield Needed("sns:CreateTopic", arn, request_tags(tags))
    if tags:
        yield Needed("sns:TagResource", arn, request_tags(tags))


def _subscribe(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    context: dict[str, Value] = {
        f"sns:{name}": str(parameters[name]) for name in ("Protocol", "Endpoint") if parameters.get(name)
    }
    return (_on_topic(asked, "sns:Subscribe", _named(asked, "TopicArn"), context),)


def _publish(asked: Asked) -> Iterable[Needed]:
    arn = _named(asked, "TopicArn", "TargetArn")
    yield _on_topic(asked, "sns:Publish", arn)
    topic = _topic(asked, arn)
    if topic is None or not topic.kms_master_key_id:
        return
    key = keys.resolve(asked, topic.kms_master_key_id, arn.split(":")[3])
    if key.managed_by is None:
        context = keys.encryption_context({"aws:sns:topicArn": arn})
        identity = asked.call.identity
        if identity is not None and identity.principal.arn == "events.amazonaws.com":
            # EventBridge sends no source with the use of a key: a condition on it does not hold.
            context |= {"aws:SourceAccount": "", "aws:SourceArn": ""}
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            yield keys.use(asked, action, key, context, via="sns")


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        context: dict[str, Value] = request_tags(tag_list(asked.parameters.get("Tags")))
        if "TagKeys" in asked.parameters:
            context |= tag_keys(asked.parameters["TagKeys"])
        return (_on_topic(asked, action, _named(asked, "ResourceArn"), context),)

    return rule


TABLE: Table = {
    "AddPermission": _by_topic("sns:AddPermission"),
    "ConfirmSubscription": _by_topic("sns:ConfirmSubscription"),
    "CreateTopic": _create,
    "DeleteTopic": _by_topic("sns:DeleteTopic"),
    "GetSubscriptionAttributes": _by_subscription("sns:GetSubscriptionAttributes"),
    "GetTopicAttributes": _by_topic("sns:GetTopicAttributes"),
    "ListSubscriptions": on_anything("sns:ListSubscriptions"),
    "ListSubscriptionsByTopic": _by_topic("sns:ListSubscriptionsByTopic"),
    "ListTagsForResource": _tagging("sns:ListTagsForResource"),
    "ListTopics": on_anything("sns:ListTopics"),
    "Publish": _publish,
    "RemovePermission": _by_topic("sns:RemovePermission"),
    "SetSubscriptionAttributes": _by_subscription("sns:SetSubscriptionAttributes"),
    "SetTopicAttributes": _by_topic("sns:SetTopicAttributes"),
    "Subscribe": _subscribe,
    "TagResource": _tagging("sns:TagResource"),
    "Unsubscribe": _by_subscription("sns:Unsubscribe"),
    "UntagResource": _tagging("sns:UntagResource"),
}
