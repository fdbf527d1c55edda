"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

import json
from typing import Any

from emrguard_local.resources.base import Created, Creation, handles, same_document
from emrguard_local.resources.shapes import TAGS, Boolean, Document, Integer, Text, record

_DEFAULT_ROTATION_DAYS = 365


@handles(
    "AWS::KMS::Key",
    record(
        BypassPolicyLockoutSafetyCheck=Boolean(),
        Description=Text(),
        EnableKeyRotation=Boolean(),
        Enabled=Boolean(),
        KeyPolicy=Document(),
        KeySpec=Text(),
        KeyUsage=Text(),
        MultiRegion=Boolean(),
        Origin=Text(("AWS_KMS", "EXTERNAL")),
        PendingWindowInDays=Integer(),
        RotationPeriodInDays=Integer(),
        Tags=TAGS,
    ),
    attributes=("Arn", "KeyId"),
)
def key(creation: Creation) -> Created:
    """CreateKey with its policy, rotation and state; `Ref` is the key's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
    """
    client = creation.client("kms")
    asked = creation.given(
        Description="Description", KeySpec="KeySpec", KeyUsage="KeyUsage", MultiRegion="MultiRegion", Origin="Origin"
    )
    extra: dict[str, Any] = creation.given(BypassPolicyLockoutSafetyCheck="BypassPolicyLockoutSafetyCheck")
    if "KeyPolicy" in creation.properties:
        extra["Policy"] = json.dumps(creation["KeyPolicy"])
    made = client.create_key(**asked, **extra, Tags=creation.tag_list("TagKey", "TagValue"))["KeyMetadata"]
    key_id = made["KeyId"]
    if creation.get("EnableKeyRotation"):
        days = creation.get("RotationPeriodInDays")
        client.enable_key_rotation(KeyId=key_id, **({} if days is None else {"RotationPeriodInDays": days}))
        _verify_rotation(creation, client.get_key_rotation_status(KeyId=key_id))
    if creation.get("Enabled") is False:
        client.disable_key(KeyId=key_id)
    if "PendingWindowInDays" in creation.properties:
        creation.concede("PendingWindowInDays")
    found = client.describe_key(KeyId=key_id)["KeyMetadata"]
    creation.verify("Key", asked | {"Enabled": creation.get("Enabled", True)}, found)
    if "KeyPolicy" in creation.properties:
        text = client.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
        creation.verify("KeyPolicy", *same_document(creation["KeyPolicy"], text))
    tags = client.list_resource_tags(KeyId=key_id)["Tags"] if creation.tags else []
    creation.verify_tags({tag["TagKey"]: tag["TagValue"] for tag in tags})
    return Created(key_id, {"Arn": made["Arn"], "KeyId": key_id})


def _verify_rotation(creation: Creation, status: dict[str, Any]) -> None:
    creation.verify("EnableKeyRotation", True, status["KeyRotationEnabled"])
    days = creation.get("RotationPeriodInDays", _DEFAULT_ROTATION_DAYS)
    if "RotationPeriodInDays" in status:
        creation.verify("RotationPeriodInDays", days, status["RotationPeriodInDays"])
    elif "RotationPeriodInDays" in creation.properties:
        creation.concede("RotationPeriodInDays")


@handles("AWS::KMS::Alias", record(("AliasName", "TargetKeyId"), AliasName=Text(), TargetKeyId=Text()))
def alias(creation: Creation) -> Created:
    """CreateAlias; `Ref` is the alias's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-alias.html
    """
    client = creation.client("kms")
    name, target = creation["AliasName"], creation["TargetKeyId"].rsplit("/", 1)[-1]
    client.create_alias(AliasName=name, TargetKeyId=target)
    pages = client.get_paginator("list_aliases").paginate(KeyId=target)
    found = [item["AliasName"] for page in pages for item in page["Aliases"]]
    if name not in found:
        raise creation.error(f"the local cloud did not keep AliasName {name}")
    return Created(name)


HANDLERS = (key, alias)
