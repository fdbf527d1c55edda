"""AWS::SNS::Topic, AWS::SNS::TopicPolicy and AWS::SNS::Subscription."""

from __future__ import annotations

import json

from emrguard_local.resources.base import Created, Creation, handles, same_document
from emrguard_local.resources.shapes import TAGS, Boolean, Document, ListOf, Text, record


@handles(
    "AWS::SNS::Topic",
    record(DisplayName=Text(), KmsMasterKeyId=Text(), Tags=TAGS, TopicName=Text()),
    attributes=("TopicArn", "TopicName"),
    system_tagged=True,
)
def topic(creation: Creation) -> Created:
    """CreateTopic; `Ref` is the topic's ARN.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
    """
    client = creation.client("sns")
    name = creation.get("TopicName") or creation.name(256)
    asked = creation.given(DisplayName="DisplayName", KmsMasterKeyId="KmsMasterKeyId")
    tags = {"Tags": creation.tag_list()} if creation.tags else {}
    arn = client.create_topic(Name=name, Attributes=asked, **tags)["TopicArn"]
    creation.verify("Topic", asked, client.get_topic_attributes(TopicArn=arn)["Attributes"])
    listed = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    creation.verify_tags({tag["Key"]: tag["Value"] for tag in listed})
    return Created(arn, {"TopicArn": arn, "TopicName": name})


@handles(
    "AWS::SNS::TopicPolicy",
    record(("PolicyDocument", "Topics"), PolicyDocument=Document(), Topics=ListOf(Text())),
)
def topic_policy(creation: Creation) -> Created:
    """SetTopicAttributes of each topic's `Policy`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topicpolicy.html
    """
    client, document = creation.client("sns"), creation["PolicyDocument"]
    for arn in creation["Topics"]:
        client.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(document))
        found = client.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
        creation.verify("PolicyDocument", *same_document(document, found))
    return Created(creation.name(128))


@handles(
    "AWS::SNS::Subscription",
    record(
        ("Protocol", "TopicArn"),
        Endpoint=Text(),
        Protocol=Text(("email", "email-json", "sqs")),
        RawMessageDelivery=Boolean(),
        TopicArn=Text(),
    ),
    attributes=("Arn",),
)
def subscription(creation: Creation) -> Created:
    """Subscribe; `Ref` is the subscription's ARN. No mail leaves the machine.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html
    """
    client = creation.client("sns")
    asked = creation.given(TopicArn="TopicArn", Protocol="Protocol", Endpoint="Endpoint")
    attributes = {"RawMessageDelivery": "true"} if creation.get("RawMessageDelivery") else {}
    if creation["Protocol"].startswith("email"):
        creation.concede("Endpoint")
    arn = client.subscribe(**asked, Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]
    creation.verify(
        "Subscription", asked | attributes, client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    )
    return Created(arn, {"Arn": arn})


HANDLERS = (topic, topic_policy, subscription)
