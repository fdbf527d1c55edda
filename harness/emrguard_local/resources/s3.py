"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from emrguard_local.resources.base import Created, Creation, handles, same_document
from emrguard_local.resources.s3_lifecycle import LIFECYCLE, lifecycle_rules
from emrguard_local.resources.shapes import TAGS, Boolean, Document, Fixed, Integer, ListOf, Text, record
from emrguard_local.stacks.naming import url_suffix

_ENCRYPTION = record(
    ("ServerSideEncryptionConfiguration",),
    ServerSideEncryptionConfiguration=ListOf(
        record(
            BucketKeyEnabled=Boolean(),
            ServerSideEncryptionByDefault=record(
                ("SSEAlgorithm",), KMSMasterKeyID=Text(), SSEAlgorithm=Text(("AES256", "aws:kms", "aws:kms:dsse"))
            ),
        )
    ),
)
_PUBLIC_ACCESS = record(
    BlockPublicAcls=Boolean(),
    BlockPublicPolicy=Boolean(),
    IgnorePublicAcls=Boolean(),
    RestrictPublicBuckets=Boolean(),
)
_OWNERSHIP = record(
    ("Rules",),
    Rules=ListOf(
        record(ObjectOwnership=Text(("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"))),
    ),
)
_OBJECT_LOCK = record(
    ObjectLockEnabled=Fixed("Enabled", "S3 knows no other value"),
    Rule=record(
        DefaultRetention=record(Days=Integer(), Mode=Text(("COMPLIANCE", "GOVERNANCE")), Years=Integer()),
    ),
)
_LOGGING = record(DestinationBucketName=Text(), LogFilePrefix=Text())
_PUBLIC_ACCESS_DEFAULT = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


@handles(
    "AWS::S3::Bucket",
    record(
        BucketEncryption=_ENCRYPTION,
        BucketName=Text(),
        LifecycleConfiguration=LIFECYCLE,
        LoggingConfiguration=_LOGGING,
        ObjectLockConfiguration=_OBJECT_LOCK,
        ObjectLockEnabled=Boolean(),
        OwnershipControls=_OWNERSHIP,
        PublicAccessBlockConfiguration=_PUBLIC_ACCESS,
        Tags=TAGS,
        VersioningConfiguration=record(("Status",), Status=Text(("Enabled", "Suspended"))),
    ),
    attributes=("Arn", "DomainName", "DualStackDomainName", "RegionalDomainName"),
    system_tagged=True,
)
def bucket(creation: Creation) -> Created:
    """CreateBucket and every setting of it; `Ref` is the bucket's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """
    client = creation.client("s3")
    name = creation.get("BucketName") or creation.name(63, lower=True)
    _create(creation, client, name)
    if "OwnershipControls" in creation.properties:
        client.put_bucket_ownership_controls(Bucket=name, OwnershipControls=creation["OwnershipControls"])
        found = client.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]
        creation.verify("OwnershipControls", creation["OwnershipControls"], found)
    _public_access(creation, client, name)
    if "BucketEncryption" in creation.properties:
        rules = [_encryption_rule(rule) for rule in creation["BucketEncryption"]["ServerSideEncryptionConfiguration"]]
        client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        found = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        creation.verify("BucketEncryption", rules, found)
    if "VersioningConfiguration" in creation.properties:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration=creation["VersioningConfiguration"])
        found = client.get_bucket_versioning(Bucket=name)
        creation.verify("VersioningConfiguration", creation["VersioningConfiguration"], found)
    if "ObjectLockConfiguration" in creation.properties:
        asked = creation["ObjectLockConfiguration"]
        client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=asked)
        found = client.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
        creation.verify("ObjectLockConfiguration", asked, found)
    if "LifecycleConfiguration" in creation.properties:
        rules = lifecycle_rules(creation["LifecycleConfiguration"])
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        found = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        creation.verify("LifecycleConfiguration", rules, found)
    _logging(creation, client, name)
    _tags(creation, client, name)
    return Created(name, _attributes(creation, name))


def _create(creation: Creation, client: Any, name: str) -> None:
    # The first region of S3 is the only one that must not be named.
    where: dict[str, Any] = (
        {} if creation.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": creation.region}}
    )
    locked = creation.get("ObjectLockEnabled", False)
    client.create_bucket(Bucket=name, **where, **({"ObjectLockEnabledForBucket": True} if locked else {}))
    if locked:
        found = client.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
        creation.verify("ObjectLockEnabled", "Enabled", found["ObjectLockEnabled"])


def _public_access(creation: Creation, client: Any, name: str) -> None:
    # New buckets block public access unless the template says otherwise; a setting that it leaves out is off:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    given = creation.get("PublicAccessBlockConfiguration")
    asked = _PUBLIC_ACCESS_DEFAULT if given is None else dict.fromkeys(_PUBLIC_ACCESS_DEFAULT, False) | given
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=asked)
    found = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    creation.verify("PublicAccessBlockConfiguration", asked, found)


def _encryption_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if "BucketKeyEnabled" in rule:
        result["BucketKeyEnabled"] = rule["BucketKeyEnabled"]
    if "ServerSideEncryptionByDefault" in rule:
        result["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
    return result


def _logging(creation: Creation, client: Any, name: str) -> None:
    if "LoggingConfiguration" not in creation.properties:
        return
    given = creation["LoggingConfiguration"]
    # Without a destination the bucket logs into itself.
    asked = {
        "TargetBucket": given.get("DestinationBucketName", name),
        "TargetPrefix": given.get("LogFilePrefix", ""),
    }
    client.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": asked})
    creation.verify("LoggingConfiguration", asked, client.get_bucket_logging(Bucket=name).get("LoggingEnabled"))


def _tags(creation: Creation, client: Any, name: str) -> None:
    if creation.tags != creation.own_tags:
        creation.concede("Tags")
    if creation.own_tags:
        asked = [{"Key": key, "Value": value} for key, value in creation.own_tags.items()]
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": asked})
        creation.verify("Tags", asked, client.get_bucket_tagging(Bucket=name)["TagSet"])


def _attributes(creation: Creation, name: str) -> dict[str, str]:
    suffix = url_suffix(creation.partition)
    return {
        "Arn": f"arn:{creation.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{creation.region}.{suffix}",
        "RegionalDomainName": f"{name}.s3.{creation.region}.{suffix}",
    }


@handles(
    "AWS::S3::BucketPolicy",
    record(("Bucket", "PolicyDocument"), Bucket=Text(), PolicyDocument=Document()),
)
def bucket_policy(creation: Creation) -> Created:
    """PutBucketPolicy; `Ref` is the bucket's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucketpolicy.html
    """
    client = creation.client("s3")
    name, document = creation["Bucket"], creation["PolicyDocument"]
    client.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    creation.verify("PolicyDocument", *same_document(document, client.get_bucket_policy(Bucket=name)["Policy"]))
    return Created(name)


HANDLERS = (bucket, bucket_policy)
