"""Buckets and their policies are in S3 as their template says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deploy_support import FakeCloud, Forgetful, aws, deployed, physical_id, resource

from emrguard_local.exceptions import DeployError

POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Tls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
            "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
        }
    ],
}
KEY = {"Fn::GetAtt": ["Key", "Arn"]}


def test_sealed_bucket(tmp_path: Path) -> None:
    """Encryption, versioning, public access block, ownership, lifecycle and tags, asked of S3."""
    deployment = deployed(
        tmp_path,
        Key=resource("AWS::KMS::Key"),
        Bucket=resource(
            "AWS::S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": "true",
                        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                    }
                ]
            },
            VersioningConfiguration={"Status": "Enabled"},
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "RestrictPublicBuckets": True},
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            LifecycleConfiguration={
                "Rules": [
                    {
                        "Id": "old",
                        "Status": "Enabled",
                        "ExpirationInDays": "365",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    },
                    {
                        "Status": "Disabled",
                        "Prefix": "logs/",
                        "TagFilters": [{"Key": "kind", "Value": "log"}],
                        "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 90}],
                    },
                ]
            },
            Tags=[{"Key": "tenant", "Value": "flights"}],
        ),
    )
    s3, name = aws("s3"), physical_id(deployment, "Bucket")
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    default = rule["ApplyServerSideEncryptionByDefault"]
    key_id = physical_id(deployment, "Key")
    assert default["SSEAlgorithm"] == "aws:kms"
    assert default["KMSMasterKeyID"] == f"arn:aws:kms:us-east-1:123456789012:key/{key_id}"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": True,
    }
    ownership = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    old, logs = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert old["ID"] == "old"
    assert old["Expiration"] == {"Days": 365}
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert logs["Filter"] == {"And": {"Prefix": "logs/", "Tags": [{"Key": "kind", "Value": "log"}]}}
    assert logs["Transitions"] == [{"StorageClass": "GLACIER", "Days": 90}]
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "tenant", "Value": "flights"}]


def test_bucket_without_settings_blocks_public_access(tmp_path: Path) -> None:
    """A bucket has the defaults of S3: no public access."""
    name = physical_id(deployed(tmp_path, Bucket=resource("AWS::S3::Bucket")), "Bucket")
    block = aws("s3").get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())


def test_object_lock_and_access_log(tmp_path: Path) -> None:
    """Object lock with its retention, and server access logs into another bucket."""
    deployment = deployed(
        tmp_path,
        Log=resource("AWS::S3::Bucket", BucketName="the-logs"),
        Permission=resource(
            "AWS::S3::BucketPolicy",
            Bucket={"Ref": "Log"},
            PolicyDocument={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "logging.s3.amazonaws.com"},
                        "Action": "s3:PutObject",
                        "Resource": {"Fn::Sub": "${Log.Arn}/*"},
                    }
                ],
            },
        ),
        Bucket={
            **resource(
                "AWS::S3::Bucket",
                ObjectLockEnabled=True,
                ObjectLockConfiguration={
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 5}},
                },
                LoggingConfiguration={"DestinationBucketName": {"Ref": "Log"}, "LogFilePrefix": "access/"},
            ),
            "DependsOn": "Permission",
        },
    )
    s3, name = aws("s3"), physical_id(deployment, "Bucket")
    lock = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 5)
    logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == ("the-logs", "access/")


def test_bucket_policy(tmp_path: Path) -> None:
    """The policy is S3's, word for word."""
    deployment = deployed(
        tmp_path,
        Bucket=resource("AWS::S3::Bucket"),
        Policy=resource("AWS::S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument=POLICY),
    )
    name = physical_id(deployment, "Bucket")
    kept = json.loads(aws("s3").get_bucket_policy(Bucket=name)["Policy"])
    assert kept["Statement"][0] | {"Resource": ""} == POLICY["Statement"][0] | {"Resource": ""}
    assert kept["Statement"][0]["Resource"] == f"arn:aws:s3:::{name}/*"
    assert physical_id(deployment, "Policy") == name


@pytest.mark.parametrize(
    ("operation", "answer", "name"),
    [
        (
            "get_bucket_encryption",
            {"ServerSideEncryptionConfiguration": {"Rules": [{"BucketKeyEnabled": False}]}},
            "BucketEncryption",
        ),
        (
            "get_public_access_block",
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
            "PublicAccessBlockConfiguration.BlockPublicPolicy",
        ),
        (
            "get_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
            "OwnershipControls",
        ),
        ("get_bucket_lifecycle_configuration", {"Rules": []}, "LifecycleConfiguration"),
        ("get_bucket_policy", {"Policy": '{"Statement": []}'}, "PolicyDocument"),
    ],
)
def test_dropped_setting(tmp_path: Path, operation: str, answer: dict[str, Any], name: str) -> None:
    """Whatever setting S3 does not have afterwards fails the deployment by its name."""
    cloud = FakeCloud(s3=Forgetful(aws("s3"), operation, answer))
    with pytest.raises(DeployError, match=f"the local cloud did not keep {name}"):
        deployed(
            tmp_path,
            cloud,
            Bucket=resource(
                "AWS::S3::Bucket",
                BucketEncryption={
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                LifecycleConfiguration={"Rules": [{"Status": "Enabled", "ExpirationInDays": 1}]},
            ),
            Policy=resource("AWS::S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument=POLICY),
        )
