"""AWS::Macie::Session and AWS::Macie::CustomDataIdentifier."""

from __future__ import annotations

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Integer, ListOf, Text, record


@handles(
    "AWS::Macie::Session",
    record(
        FindingPublishingFrequency=Text(("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS")),
        Status=Text(("ENABLED", "PAUSED")),
    ),
    attributes=("AwsAccountId", "ServiceRole"),
)
def session(creation: Creation) -> Created:
    """EnableMacie; `Ref` is the account.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-macie-session.html
    """
    client = creation.client("macie2")
    asked = creation.given(findingPublishingFrequency="FindingPublishingFrequency", status="Status")
    client.enable_macie(**asked)
    found = client.get_macie_session()
    creation.verify("Session", asked, found)
    creation.concede("Status")
    account = creation.account_id
    return Created(account, {"AwsAccountId": account, "ServiceRole": found["serviceRole"]})


@handles(
    "AWS::Macie::CustomDataIdentifier",
    record(
        ("Name", "Regex"),
        Description=Text(),
        IgnoreWords=ListOf(Text()),
        Keywords=ListOf(Text()),
        MaximumMatchDistance=Integer(),
        Name=Text(),
        Regex=Text(),
        Tags=TAGS,
    ),
    attributes=("Arn", "Id"),
    system_tagged=True,
)
def identifier(creation: Creation) -> Created:
    """CreateCustomDataIdentifier; `Ref` is its id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-macie-customdataidentifier.html
    """
    client = creation.client("macie2")
    asked = creation.given(
        description="Description", ignoreWords="IgnoreWords", keywords="Keywords",
        maximumMatchDistance="MaximumMatchDistance", name="Name", regex="Regex",
    )  # fmt: skip
    tags = {"tags": creation.tags} if creation.tags else {}
    made = client.create_custom_data_identifier(**asked, **tags)["customDataIdentifierId"]
    found = client.get_custom_data_identifier(id=made)
    creation.verify("CustomDataIdentifier", asked, found)
    creation.verify_tags(found.get("tags", {}))
    return Created(made, {"Arn": found["arn"], "Id": made})


HANDLERS = (session, identifier)
