"""What S3 calls need."""

from __future__ import annotations

from typing import Any

import pytest
from authorizer_support import ACCOUNT, Account, document, questions, service, statement

from emrguard_local.authorizer import Refused


@pytest.fixture
def data(account: Account) -> Account:
    """A bucket `data` with the object `input/a`."""
    account.bucket("data")
    account.client("s3").put_object(Bucket="data", Key="input/a", Body=b"x")
    return account


def test_reading_is_bound_to_the_granted_prefix(data: Account) -> None:
    """A grant on one prefix neither opens another one nor writing."""
    role = data.role("r", statement("s3:GetObject", "arn:aws:s3:::data/input/*"))
    data.client("s3").put_object(Bucket="data", Key="secret/a", Body=b"x")
    assert data.ask(role, "s3", "GetObject", Bucket="data", Key="input/a").allowed
    assert data.ask(role, "s3", "HeadObject", Bucket="data", Key="input/a").allowed
    refused = data.ask(role, "s3", "GetObject", Bucket="data", Key="secret/a")
    assert refused.message == (
        f"User: {role.principal.arn} is not authorized to perform: s3:GetObject on resource: "
        '"arn:aws:s3:::data/secret/a" because no identity-based policy allows the s3:GetObject action'
    )
    assert not data.ask(role, "s3", "PutObject", Bucket="data", Key="input/a").allowed


@pytest.mark.parametrize("operation", ["GetObject", "HeadObject"])
def test_who_may_not_list_is_not_told_that_an_object_is_missing(data: Account, operation: str) -> None:
    """403 instead of 404; a right to list one prefix is not enough, for such a request has no s3:prefix."""
    reader = data.role("reader", statement("s3:GetObject", "arn:aws:s3:::data/*"))
    some = data.role(
        "some",
        statement("s3:GetObject", "arn:aws:s3:::data/*"),
        statement("s3:ListBucket", "arn:aws:s3:::data", Condition={"StringLike": {"s3:prefix": "input/*"}}),
    )
    lister = data.role(
        "lister", statement(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::data", "arn:aws:s3:::data/*"])
    )
    asked: dict[str, Any] = {"Bucket": "data", "Key": "input/none"}
    assert not data.ask(reader, "s3", operation, **asked).allowed
    assert not data.ask(some, "s3", operation, **asked).allowed
    assert data.ask(lister, "s3", operation, **asked).allowed


def test_a_version_needs_its_own_action(account: Account) -> None:
    """GetObject does not open old versions, and a delete by version is another action than a delete."""
    account.bucket("data")
    s3 = account.client("s3")
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="data", Key="k", Body=b"1")["VersionId"]
    plain = account.role("plain", statement(["s3:GetObject", "s3:DeleteObject"]))
    versions = account.role("versions", statement(["s3:GetObjectVersion", "s3:DeleteObjectVersion"]))
    for operation in ("GetObject", "DeleteObject"):
        asked = {"Bucket": "data", "Key": "k", "VersionId": version}
        assert not account.ask(plain, "s3", operation, **asked).allowed
        assert account.ask(versions, "s3", operation, **asked).allowed


def test_listing_is_judged_by_prefix_and_delimiter(data: Account) -> None:
    """s3:prefix, s3:delimiter and s3:max-keys come from the request; a listing without prefix has no s3:prefix."""
    role = data.role(
        "r", statement("s3:ListBucket", "arn:aws:s3:::data", Condition={"StringLike": {"s3:prefix": "input/*"}})
    )
    assert data.ask(role, "s3", "ListObjectsV2", Bucket="data", Prefix="input/x").allowed
    assert not data.ask(role, "s3", "ListObjectsV2", Bucket="data", Prefix="output/").allowed
    assert not data.ask(role, "s3", "ListObjectsV2", Bucket="data").allowed
    verdict = data.ask(role, "s3", "ListObjects", Bucket="data", Prefix="input/", Delimiter="/", MaxKeys=2)
    assert {name: verdict.checks[0].context[name] for name in ("s3:prefix", "s3:delimiter", "s3:max-keys")} == {
        "s3:prefix": "input/",
        "s3:delimiter": "/",
        "s3:max-keys": "2",
    }


def test_a_copy_needs_the_right_to_read_its_source(data: Account) -> None:
    """Who may write one bucket cannot pull another one's objects into it."""
    data.bucket("mine")
    writer = data.role("writer", statement("s3:PutObject", "arn:aws:s3:::mine/*"))
    both = data.role(
        "both", statement("s3:PutObject", "arn:aws:s3:::mine/*"), statement("s3:GetObject", "arn:aws:s3:::data/*")
    )
    for operation, more in (("CopyObject", {}), ("UploadPartCopy", {"UploadId": "u", "PartNumber": 1})):
        asked: dict[str, Any] = {"Bucket": "mine", "Key": "k", "CopySource": "/data/input%2Fa", **more}
        refused = data.ask(writer, "s3", operation, **asked)
        assert '"arn:aws:s3:::data/input/a"' in refused.message
        assert not refused.allowed
        assert data.ask(both, "s3", operation, **asked).allowed
    assert not data.ask(both, "s3", "CopyObject", Bucket="mine", Key="k", CopySource="data").allowed


def test_a_copy_takes_tags_along_only_with_the_rights_for_them(data: Account) -> None:
    """The tags of the source are read and written, too."""
    data.client("s3").put_object(Bucket="data", Key="tagged", Body=b"", Tagging="team=a")
    role = data.role("r", statement(["s3:GetObject", "s3:PutObject"]))
    asked: dict[str, Any] = {"Bucket": "data", "Key": "copy", "CopySource": "data/tagged"}
    assert "s3:GetObjectTagging" in data.ask(role, "s3", "CopyObject", **asked).message
    assert data.ask(role, "s3", "CopyObject", **asked, TaggingDirective="REPLACE").allowed


def test_deleting_many_is_judged_key_by_key(data: Account) -> None:
    """The verdict names the objects that must stay; AWS deletes the others."""
    role = data.role("r", statement("s3:DeleteObject", "arn:aws:s3:::data/input/*"))
    objects = [{"Key": "input/a"}, {"Key": "secret"}, {"Key": "input/b", "VersionId": "1"}]
    verdict = data.ask(role, "s3", "DeleteObjects", Bucket="data", Delete={"Objects": objects})
    assert not verdict.allowed
    assert [(each.key, each.version_id) for each in verdict.refused] == [("secret", None), ("input/b", "1")]
    assert isinstance(verdict.refused[0], Refused)
    assert "s3:DeleteObjectVersion" in verdict.refused[1].message
    assert data.ask(role, "s3", "DeleteObjects", Bucket="data", Delete={"Objects": objects[:1]}).allowed
    assert not data.ask(role, "s3", "DeleteObjects", Bucket="data", Delete={"Objects": []}).allowed


def test_encryption_headers_reach_the_bucket_policy(account: Account) -> None:
    """A policy that denies any other key sees the key's ARN, however the request names it."""
    right, wrong = account.key(), account.key()
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    account.bucket(
        "data",
        statement(
            "s3:PutObject",
            "arn:aws:s3:::data/*",
            "Deny",
            Principal="*",
            Condition={"Null": {header: "false"}, "StringNotEquals": {header: right}},
        ),
    )
    role = account.role("r", statement(["s3:PutObject", "kms:*"]))
    asked: dict[str, Any] = {"Bucket": "data", "Key": "k", "ServerSideEncryption": "aws:kms"}
    assert account.ask(role, "s3", "PutObject", Bucket="data", Key="k").allowed
    assert account.ask(role, "s3", "PutObject", **asked, SSEKMSKeyId=right).allowed
    assert account.ask(role, "s3", "PutObject", **asked, SSEKMSKeyId=right.rsplit("/", 1)[1]).allowed
    assert not account.ask(role, "s3", "PutObject", **asked, SSEKMSKeyId=wrong).allowed


def test_loopback_counts_as_tls(account: Account) -> None:
    """The usual denials of plain HTTP and of old TLS do not hit the local cloud's own clients."""
    account.bucket(
        "data",
        statement("s3:*", "*", "Deny", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        statement("s3:*", "*", "Deny", Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    )
    role = account.role("r", statement("s3:PutObject"))
    assert account.ask(role, "s3", "PutObject", Bucket="data", Key="k").allowed


def test_a_bucket_policy_shuts_even_administrators_out(data: Account) -> None:
    """An explicit Deny for all but one role, as sealed buckets have it."""
    tenant, admin = data.role("tenant", statement("s3:*")), data.user("admin", statement("*"))
    data.client("s3").put_bucket_policy(
        Bucket="data",
        Policy=document(
            statement(
                "s3:GetObject*",
                "arn:aws:s3:::data/*",
                "Deny",
                Principal="*",
                Condition={"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/tenant"}},
            )
        ),
    )
    assert data.ask(tenant, "s3", "GetObject", Bucket="data", Key="input/a").allowed
    assert "explicit deny" in data.ask(admin, "s3", "GetObject", Bucket="data", Key="input/a").message


def test_anonymous_calls_live_by_bucket_policies_alone(data: Account) -> None:
    """Without a policy that names everyone nothing is public, and RestrictPublicBuckets takes that away again."""
    asked: dict[str, Any] = {"Bucket": "data", "Key": "input/a"}
    assert not data.ask(None, "s3", "GetObject", **asked).allowed
    s3 = data.client("s3")
    s3.put_bucket_policy(
        Bucket="data", Policy=document(statement("s3:GetObject", "arn:aws:s3:::data/*", Principal="*"))
    )
    assert data.ask(None, "s3", "GetObject", **asked).allowed
    assert not data.ask(None, "s3", "ListBuckets").allowed
    assert not data.ask(None, "sts", "GetCallerIdentity").allowed
    s3.put_public_access_block(Bucket="data", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert not data.ask(None, "s3", "GetObject", **asked).allowed


def test_a_service_writes_only_where_the_bucket_policy_lets_it(account: Account) -> None:
    """CloudTrail's delivery is bound to its trail and its ACL; no identity policy stands behind it."""
    condition = {"StringEquals": {"aws:SourceArn": "arn:trail", "s3:x-amz-acl": "bucket-owner-full-control"}}
    account.bucket(
        "records",
        statement("s3:PutObject", "arn:aws:s3:::records/AWSLogs/*", Principal={"Service": "cloudtrail.amazonaws.com"},
                  Condition=condition),
    )  # fmt: skip
    mine = service("cloudtrail.amazonaws.com", **{"aws:SourceArn": "arn:trail"})
    other = service("cloudtrail.amazonaws.com", **{"aws:SourceArn": "arn:other"})
    asked: dict[str, Any] = {"Bucket": "records", "Key": "AWSLogs/1", "ACL": "bucket-owner-full-control"}
    assert account.ask(mine, "s3", "PutObject", **asked).allowed
    assert not account.ask(other, "s3", "PutObject", **asked).allowed
    assert not account.ask(mine, "s3", "PutObject", **{**asked, "Key": "elsewhere"}).allowed
    assert not account.ask(service("config.amazonaws.com"), "s3", "PutObject", **asked).allowed


@pytest.mark.parametrize(
    ("operation", "more", "action"),
    [
        ("PutObject", {"Tagging": "a=b"}, "s3:PutObjectTagging"),
        ("PutObject", {"ACL": "public-read"}, "s3:PutObjectAcl"),
        ("PutObject", {"ObjectLockMode": "GOVERNANCE"}, "s3:PutObjectRetention"),
        ("DeleteObject", {"BypassGovernanceRetention": True}, "s3:BypassGovernanceRetention"),
        ("GetObjectAttributes", {}, "s3:GetObjectAttributes"),
    ],
)
def test_some_requests_need_a_second_action(data: Account, operation: str, more: dict[str, Any], action: str) -> None:
    """Tags, ACLs and locks are not to be had with the plain right to write."""
    role = data.role("r", statement(["s3:PutObject", "s3:DeleteObject", "s3:GetObject"]))
    verdict = data.ask(role, "s3", operation, Bucket="data", Key="input/a", **more)
    assert f"perform: {action} " in verdict.message


def test_conditions_on_the_tags_of_an_object(data: Account) -> None:
    """s3:ExistingObjectTag is what the object has at the moment."""
    role = data.role(
        "r", statement("s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/class": "public"}})
    )
    s3 = data.client("s3")
    assert not data.ask(role, "s3", "GetObject", Bucket="data", Key="input/a").allowed
    s3.put_object_tagging(Bucket="data", Key="input/a", Tagging={"TagSet": [{"Key": "class", "Value": "public"}]})
    assert data.ask(role, "s3", "GetObject", Bucket="data", Key="input/a").allowed


def test_names_of_actions_differ_from_those_of_operations(account: Account) -> None:
    """A few that are easily mistaken."""
    admin = account.user("admin", statement("*"))
    account.bucket("data")
    for operation, action in {
        "HeadBucket": "s3:ListBucket",
        "PutBucketEncryption": "s3:PutEncryptionConfiguration",
        "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
        "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
        "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    }.items():
        assert questions(account.ask(admin, "s3", operation, Bucket="data")) == [(action, "arn:aws:s3:::data")]
