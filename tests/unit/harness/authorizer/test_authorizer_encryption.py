"""The use of KMS keys, direct and by S3 for those who read and write objects."""

from __future__ import annotations

from typing import Any

import pytest
from authorizer_support import ACCOUNT, REGION, ROOT, Account, questions, service, statement

_THROUGH_S3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
_USE = ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize("bucket_key", [True, False])
def test_an_encrypted_bucket_needs_the_use_of_its_key(account: Account, bucket_key: bool) -> None:
    """Writing needs GenerateDataKey, reading Decrypt, in S3's encryption context: the bucket's or the object's ARN."""
    key = account.key()
    account.bucket("data", key=key, bucket_key=bucket_key)
    account.client("s3").put_object(Bucket="data", Key="k", Body=b"x")
    without = account.role("without", statement("s3:*"))
    with_key = account.role("with", statement("s3:*"), statement(_USE, key, Condition=_THROUGH_S3))
    for operation, action in (("PutObject", "kms:GenerateDataKey"), ("GetObject", "kms:Decrypt")):
        refused = account.ask(without, "s3", operation, Bucket="data", Key="k")
        assert f'perform: {action} on resource: "{key}"' in refused.message
        verdict = account.ask(with_key, "s3", operation, Bucket="data", Key="k")
        assert verdict.allowed
        assert (verdict.checks[-1].action, verdict.checks[-1].resource) == (action, key)
        context = verdict.checks[-1].context
        expected = "arn:aws:s3:::data" if bucket_key else "arn:aws:s3:::data/k"
        assert context["kms:EncryptionContext:aws:s3:arn"] == expected
        assert context["kms:CallerAccount"] == ACCOUNT
        assert context["aws:CalledViaLast"] == "s3.amazonaws.com"
        assert context["aws:ViaAWSService"] == "true"
        assert "aws:SourceIp" not in context


def test_a_right_through_s3_is_none_to_call_kms(account: Account) -> None:
    """kms:ViaService is absent of direct calls."""
    key = account.key()
    role = account.role("r", statement(_USE, key, Condition=_THROUGH_S3))
    assert not account.ask(role, "kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256").allowed


def test_a_multipart_upload_reads_its_parts_again(account: Account) -> None:
    """GenerateDataKey begins an upload; its parts and its end need Decrypt."""
    key = account.key()
    account.bucket("data", key=key)
    upload = account.client("s3").create_multipart_upload(Bucket="data", Key="k")["UploadId"]
    encrypts = account.role("encrypts", statement("s3:PutObject"), statement("kms:GenerateDataKey", key))
    both = account.role("both", statement("s3:PutObject"), statement(_USE, key))
    assert account.ask(encrypts, "s3", "CreateMultipartUpload", Bucket="data", Key="k").allowed
    for operation in ("UploadPart", "CompleteMultipartUpload"):
        asked: dict[str, Any] = {"Bucket": "data", "Key": "k", "UploadId": upload}
        assert "kms:Decrypt" in account.ask(encrypts, "s3", operation, **asked).message
        assert account.ask(both, "s3", operation, **asked).allowed


def test_a_copy_needs_both_keys(account: Account) -> None:
    """Decrypt with the key of the source, GenerateDataKey with that of the target."""
    source, target = account.key(), account.key()
    account.bucket("source", key=source)
    account.bucket("target", key=target)
    account.client("s3").put_object(Bucket="source", Key="k", Body=b"x")
    admin = account.user("admin", statement("*"))
    verdict = account.ask(admin, "s3", "CopyObject", Bucket="target", Key="k", CopySource="source/k")
    assert questions(verdict) == [
        ("s3:GetObject", "arn:aws:s3:::source/k"),
        ("kms:Decrypt", source),
        ("s3:PutObject", "arn:aws:s3:::target/k"),
        ("kms:GenerateDataKey", target),
    ]


def test_no_key_is_asked_where_aws_asks_for_none(account: Account) -> None:
    """SSE-S3 and the key that AWS manages for S3 need no permission of the caller."""
    account.bucket("plain")
    account.bucket("managed", key="alias/aws/s3")
    role = account.role("r", statement("s3:PutObject"))
    assert account.ask(role, "s3", "PutObject", Bucket="plain", Key="k", ServerSideEncryption="AES256").allowed
    assert account.ask(role, "s3", "PutObject", Bucket="managed", Key="k").allowed


def test_a_key_policy_without_the_root_makes_identity_policies_worthless(account: Account) -> None:
    """Administration for the account, use for one role: an administrator of everything still cannot decrypt."""
    tenant = account.role("tenant", statement("s3:*"))
    key = account.key(
        statement(["kms:Describe*", "kms:PutKeyPolicy"], Principal={"AWS": ROOT}),
        statement(_USE, Principal={"AWS": tenant.principal.role_arn}, Condition=_THROUGH_S3),
    )
    admin = account.user("admin", statement("*"))
    account.bucket("data", key=key)
    account.client("s3").put_object(Bucket="data", Key="k", Body=b"x")
    assert account.ask(admin, "kms", "DescribeKey", KeyId=key).allowed
    assert not account.ask(admin, "kms", "Encrypt", KeyId=key).allowed
    refused = account.ask(admin, "s3", "GetObject", Bucket="data", Key="k")
    assert "because no resource-based policy allows the kms:Decrypt action" in refused.message
    # The key policy alone is enough for whom it names.
    assert account.ask(tenant, "s3", "GetObject", Bucket="data", Key="k").allowed


def test_a_key_that_is_off_encrypts_for_nobody(account: Account) -> None:
    """S3 cannot use a key that is disabled, waiting for its end, or not there."""
    key = account.key()
    account.bucket("data", key=key)
    account.bucket("lost", key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555")
    admin = account.user("admin", statement("*"))
    assert account.ask(admin, "s3", "PutObject", Bucket="data", Key="k").allowed
    account.client("kms").disable_key(KeyId=key.rsplit("/", 1)[1])
    assert "the key is Disabled" in account.ask(admin, "s3", "PutObject", Bucket="data", Key="k").message
    assert "the key is not there" in account.ask(admin, "s3", "PutObject", Bucket="lost", Key="k").message


def test_anonymous_readers_never_decrypt(account: Account) -> None:
    """Not even where both the bucket's and the key's policy name everyone."""
    key = account.key(statement("kms:*", Principal="*"))
    account.bucket("data", statement("s3:GetObject", "arn:aws:s3:::data/*", Principal="*"), key=key)
    account.client("s3").put_object(Bucket="data", Key="k", Body=b"x")
    assert not account.ask(None, "s3", "GetObject", Bucket="data", Key="k").allowed


def test_a_trail_encrypts_by_the_key_policy(account: Account) -> None:
    """CloudTrail's encryption context has its trail, and the source is the trail's ARN."""
    trail = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/t"
    writer = {"Service": "cloudtrail.amazonaws.com"}
    key = account.key(
        statement(
            "kms:GenerateDataKey*",
            Principal=writer,
            Condition={"StringEquals": {"aws:SourceArn": trail, "kms:EncryptionContext:aws:cloudtrail:arn": trail}},
        )
    )
    account.bucket("records", statement("s3:PutObject", "arn:aws:s3:::records/*", Principal=writer))
    asked: dict[str, Any] = {"Bucket": "records", "Key": "k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    mine = service("cloudtrail.amazonaws.com", **{"aws:SourceArn": trail})
    other = service("cloudtrail.amazonaws.com", **{"aws:SourceArn": f"{trail}2"})
    assert account.ask(mine, "s3", "PutObject", **asked).allowed
    assert not account.ask(other, "s3", "PutObject", **asked).allowed


def test_a_key_answers_to_its_id_its_arn_and_its_aliases(account: Account) -> None:
    """All are judged on the key's ARN; kms:RequestAlias says by which alias it was named."""
    key = account.key()
    account.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=key)
    role = account.role("r", statement("kms:Encrypt", key))
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/mine"
    for name in (key, key.rsplit("/", 1)[1], "alias/mine", arn):
        assert account.ask(role, "kms", "Encrypt", KeyId=name).allowed
    by_alias = account.role(
        "a", statement("kms:Encrypt", Condition={"StringEquals": {"kms:RequestAlias": "alias/mine"}})
    )
    assert account.ask(by_alias, "kms", "Encrypt", KeyId="alias/mine").allowed
    assert not account.ask(by_alias, "kms", "Encrypt", KeyId=key).allowed


def test_a_ciphertext_tells_its_key(account: Account) -> None:
    """Decrypt without a key id is judged on the key that encrypted; what cannot be told is refused."""
    kms = account.client("kms")
    mine, other = account.key(), account.key()
    role = account.role("r", statement("kms:Decrypt", mine))
    for key, allowed in ((mine, True), (other, False)):
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        assert account.ask(role, "kms", "Decrypt", CiphertextBlob=blob).allowed is allowed
    # The ciphertext decides, not the key that the caller names.
    blob = kms.encrypt(KeyId=other, Plaintext=b"x")["CiphertextBlob"]
    assert not account.ask(role, "kms", "Decrypt", CiphertextBlob=blob, KeyId=mine).allowed
    admin = account.user("admin", statement("*"))
    assert not account.ask(admin, "kms", "Decrypt", CiphertextBlob=b"short").allowed


def test_the_encryption_context_is_a_condition(account: Account) -> None:
    """kms:EncryptionContext:<name> of direct calls."""
    key = account.key()
    role = account.role("r", statement("kms:Encrypt", Condition={"StringEquals": {"kms:EncryptionContext:team": "a"}}))
    assert account.ask(role, "kms", "Encrypt", KeyId=key, EncryptionContext={"team": "a"}).allowed
    assert not account.ask(role, "kms", "Encrypt", KeyId=key, EncryptionContext={"team": "b"}).allowed
    assert not account.ask(role, "kms", "Encrypt", KeyId=key).allowed


def test_an_alias_moves_only_with_rights_on_both_keys(account: Account) -> None:
    """The alias, the key that it leaves, the key that it goes to."""
    old, new = account.key(), account.key()
    account.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=old)
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/mine"
    half = account.role("half", statement("kms:UpdateAlias", [alias, new]))
    full = account.role("full", statement("kms:UpdateAlias", [alias, new, old]))
    asked = {"AliasName": "alias/mine", "TargetKeyId": new}
    assert not account.ask(half, "kms", "UpdateAlias", **asked).allowed
    assert account.ask(full, "kms", "UpdateAlias", **asked).allowed


def test_a_key_of_another_account_is_refused(account: Account) -> None:
    """Its policy is not known here, so nothing allows its use."""
    admin = account.user("admin", statement("*"))
    assert not account.ask(admin, "kms", "DescribeKey", KeyId=f"arn:aws:kms:{REGION}:999999999999:key/k").allowed
    # Of a key that does not exist here, who may ask is told so by KMS itself.
    assert account.ask(admin, "kms", "DescribeKey", KeyId="11111111-2222-3333-4444-555555555555").allowed
    nobody = account.role("nobody")
    assert not account.ask(nobody, "kms", "DescribeKey", KeyId="11111111-2222-3333-4444-555555555555").allowed
