"""AWS::CloudTrail::Trail."""

from __future__ import annotations

from typing import Any

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Boolean, Fixed, ListOf, Text, record

_TEXTS = ListOf(Text())
_ADVANCED_SELECTOR = record(
    ("FieldSelectors",),
    Name=Text(),
    FieldSelectors=ListOf(
        record(
            ("Field",),
            Field=Text(),
            Equals=_TEXTS,
            StartsWith=_TEXTS,
            EndsWith=_TEXTS,
            NotEquals=_TEXTS,
            NotStartsWith=_TEXTS,
            NotEndsWith=_TEXTS,
        )
    ),
)
_SELECTOR = record(
    DataResources=ListOf(record(("Type",), Type=Text(), Values=_TEXTS)),
    ExcludeManagementEventSources=_TEXTS,
    IncludeManagementEvents=Boolean(),
    ReadWriteType=Text(("All", "ReadOnly", "WriteOnly")),
)


@handles(
    "AWS::CloudTrail::Trail",
    record(
        ("IsLogging", "S3BucketName"),
        AdvancedEventSelectors=ListOf(_ADVANCED_SELECTOR),
        CloudWatchLogsLogGroupArn=Text(),
        CloudWatchLogsRoleArn=Text(),
        EnableLogFileValidation=Boolean(),
        EventSelectors=ListOf(_SELECTOR),
        IncludeGlobalServiceEvents=Boolean(),
        IsLogging=Boolean(),
        IsMultiRegionTrail=Boolean(),
        IsOrganizationTrail=Fixed(False, "the local cloud is one account without an organization"),
        KMSKeyId=Text(),
        S3BucketName=Text(),
        S3KeyPrefix=Text(),
        Tags=TAGS,
        TrailName=Text(),
    ),
    attributes=("Arn",),
    system_tagged=True,
)
def trail(creation: Creation) -> Created:
    """CreateTrail, its event selectors and, with IsLogging, StartLogging; `Ref` is the trail's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html
    """
    client = creation.client("cloudtrail")
    name = creation.get("TrailName") or creation.name(128)
    kept = creation.given(
        CloudWatchLogsLogGroupArn="CloudWatchLogsLogGroupArn",
        CloudWatchLogsRoleArn="CloudWatchLogsRoleArn",
        IncludeGlobalServiceEvents="IncludeGlobalServiceEvents",
        IsMultiRegionTrail="IsMultiRegionTrail",
        KmsKeyId="KMSKeyId",
        S3BucketName="S3BucketName",
        S3KeyPrefix="S3KeyPrefix",
    )
    validated = creation.given(EnableLogFileValidation="EnableLogFileValidation")
    tags = {"TagsList": creation.tag_list()} if creation.tags else {}
    arn = client.create_trail(Name=name, **kept, **validated, **tags)["TrailARN"]
    _put_selectors(creation, client, name)
    if creation["IsLogging"]:
        client.start_logging(Name=name)
    found = client.get_trail(Name=name)["Trail"]
    asked = kept | {"LogFileValidationEnabled": validated.get("EnableLogFileValidation", False)}
    creation.verify("Trail", asked, found)
    creation.verify("IsLogging", creation["IsLogging"], client.get_trail_status(Name=name)["IsLogging"])
    listed = client.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    creation.verify_tags({tag["Key"]: tag.get("Value", "") for item in listed for tag in item["TagsList"]})
    return Created(name, {"Arn": arn})


def _put_selectors(creation: Creation, client: Any, name: str) -> None:
    asked = creation.given(AdvancedEventSelectors="AdvancedEventSelectors", EventSelectors="EventSelectors")
    if not asked:
        return
    if len(asked) > 1:
        raise creation.error("a trail has EventSelectors or AdvancedEventSelectors, not both")
    client.put_event_selectors(TrailName=name, **asked)
    creation.verify("Trail", asked, client.get_event_selectors(TrailName=name))


HANDLERS = (trail,)
