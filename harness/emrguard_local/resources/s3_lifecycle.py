"""The lifecycle of a bucket: CloudFormation's form and the form of the S3 API.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-lifecycleconfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emrguard_local.resources.shapes import TAGS, Boolean, Integer, ListOf, Text, record

_TRANSITION = record(("StorageClass",), StorageClass=Text(), TransitionInDays=Integer())
_NONCURRENT_TRANSITION = record(
    ("StorageClass", "TransitionInDays"),
    NewerNoncurrentVersions=Integer(),
    StorageClass=Text(),
    TransitionInDays=Integer(),
)
LIFECYCLE = record(
    ("Rules",),
    Rules=ListOf(
        record(
            ("Status",),
            AbortIncompleteMultipartUpload=record(("DaysAfterInitiation",), DaysAfterInitiation=Integer()),
            ExpirationInDays=Integer(),
            ExpiredObjectDeleteMarker=Boolean(),
            Id=Text(),
            NoncurrentVersionExpiration=record(
                ("NoncurrentDays",), NewerNoncurrentVersions=Integer(), NoncurrentDays=Integer()
            ),
            NoncurrentVersionTransitions=ListOf(_NONCURRENT_TRANSITION),
            ObjectSizeGreaterThan=Integer(),
            ObjectSizeLessThan=Integer(),
            Prefix=Text(),
            Status=Text(("Disabled", "Enabled")),
            TagFilters=TAGS,
            Transitions=ListOf(_TRANSITION),
        )
    ),
)
"""`LifecycleConfiguration` of AWS::S3::Bucket."""


def lifecycle_rules(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules as PutBucketLifecycleConfiguration takes them."""
    return [_rule(rule) for rule in configuration["Rules"]]


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        result["ID"] = rule["Id"]
    for name in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if name in rule:
            result[name] = rule[name]
    if "ExpirationInDays" in rule:
        result["Expiration"] = {"Days": rule["ExpirationInDays"]}
    elif "ExpiredObjectDeleteMarker" in rule:
        result["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    if "Transitions" in rule:
        result["Transitions"] = [_renamed(each, "Days") for each in rule["Transitions"]]
    if "NoncurrentVersionTransitions" in rule:
        result["NoncurrentVersionTransitions"] = [
            _renamed(each, "NoncurrentDays") for each in rule["NoncurrentVersionTransitions"]
        ]
    return result


def _renamed(transition: Mapping[str, Any], days: str) -> dict[str, Any]:
    return {days if key == "TransitionInDays" else key: value for key, value in transition.items()}


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    """One predicate stands alone, several stand below `And`; none is the empty prefix."""
    one: dict[str, Any] = {
        key: rule[key] for key in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan") if key in rule
    }
    tags = rule.get("TagFilters", [])
    if len(one) + len(tags) > 1:
        return {"And": one | ({"Tags": tags} if tags else {})}
    if tags:
        return {"Tag": tags[0]}
    return one or {"Prefix": ""}
