"""AWS::Events::Rule."""

from __future__ import annotations

import json

from emrguard_local.resources.base import Created, Creation, handles, same_document
from emrguard_local.resources.shapes import TAGS, Document, Fixed, ListOf, Text, record

_TARGET = record(
    ("Arn", "Id"),
    Arn=Text(),
    Id=Text(),
    Input=Text(),
    InputPath=Text(),
    RoleArn=Text(),
)


@handles(
    "AWS::Events::Rule",
    record(
        ("EventPattern",),
        Description=Text(),
        EventBusName=Fixed("default", "only the default bus gets the events of AWS services"),
        EventPattern=Document(),
        Name=Text(),
        State=Text(("DISABLED", "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")),
        Tags=TAGS,
        Targets=ListOf(_TARGET),
    ),
    attributes=("Arn",),
    system_tagged=True,
)
def rule(creation: Creation) -> Created:
    """PutRule and PutTargets; `Ref` is the rule's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
    """
    client = creation.client("events")
    name = creation.get("Name") or creation.name(64)
    pattern = creation["EventPattern"]
    asked = creation.given(Description="Description", State="State")
    tags = {"Tags": creation.tag_list()} if creation.tags else {}
    arn = client.put_rule(Name=name, EventPattern=json.dumps(pattern), **asked, **tags)["RuleArn"]
    found = client.describe_rule(Name=name)
    creation.verify("Rule", asked, found)
    creation.verify("EventPattern", *same_document(pattern, found["EventPattern"]))
    targets = creation.get("Targets", [])
    if targets:
        refused = client.put_targets(Rule=name, Targets=targets)
        creation.verify("Targets", 0, refused.get("FailedEntryCount", 0))
        creation.verify("Targets", targets, client.list_targets_by_rule(Rule=name)["Targets"])
    listed = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    creation.verify_tags({tag["Key"]: tag["Value"] for tag in listed})
    return Created(name, {"Arn": arn})


HANDLERS = (rule,)
