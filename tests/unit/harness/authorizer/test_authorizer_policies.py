"""Which policies are asked: those that the caller has at the moment of the call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from authorizer_support import ACCOUNT, ROOT, Account, document, statement
from moto.iam.models import iam_backends

from emrguard_local.authorizer import policies
from emrguard_local.call import Identity
from emrguard_policies.iam import model
from emrguard_policies.iam.decide import Principal

_READ = statement("s3:GetObject", "arn:aws:s3:::data/*")
_ASKED: dict[str, Any] = {"Bucket": "data", "Key": "k"}


@pytest.fixture
def data(account: Account) -> Account:
    """A bucket `data` with the object `k`."""
    account.bucket("data")
    account.client("s3").put_object(**_ASKED, Body=b"x")
    return account


def _reads(account: Account, identity: Identity) -> bool:
    return account.ask(identity, "s3", "GetObject", **_ASKED).allowed


def test_a_user_has_inline_attached_and_group_policies(data: Account) -> None:
    """Any of the four ways gives the right, and leaving the group takes it away at once."""
    iam = data.client("iam")
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document(_READ))
    arn = iam.create_policy(PolicyName="read", PolicyDocument=document(_READ))["Policy"]["Arn"]
    member, attached, inline, none = (data.user("m"), data.user("a"), data.user("i", _READ), data.user("n"))
    iam.add_user_to_group(GroupName="g", UserName="m")
    iam.attach_user_policy(UserName="a", PolicyArn=arn)
    assert [_reads(data, each) for each in (member, attached, inline, none)] == [True, True, True, False]
    iam.remove_user_from_group(GroupName="g", UserName="m")
    assert not _reads(data, member)


def test_of_a_managed_policy_the_default_version_counts(data: Account) -> None:
    """A new default version is in force with the next call."""
    iam = data.client("iam")
    arn = iam.create_policy(PolicyName="read", PolicyDocument=document(_READ))["Policy"]["Arn"]
    role = data.role("r")
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert _reads(data, role)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(statement("s3:ListBucket")), SetAsDefault=True)
    assert not _reads(data, role)


def test_a_changed_policy_is_in_force_at_once(data: Account) -> None:
    """Open sessions lose a right as soon as the role's policy or the bucket's takes it."""
    iam, s3, role = data.client("iam"), data.client("s3"), data.role("r", _READ)
    assert _reads(data, role)
    s3.put_bucket_policy(
        Bucket="data", Policy=document(statement("s3:*", "arn:aws:s3:::data/*", "Deny", Principal="*"))
    )
    assert not _reads(data, role)
    s3.delete_bucket_policy(Bucket="data")
    assert _reads(data, role)
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    assert not _reads(data, role)


def test_an_unchanged_policy_is_parsed_once(data: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls do not get slower with the size of policies that nobody changes."""
    parsed = []

    def parse(text: str, name: str, kind: model.PolicyKind) -> model.Policy:
        parsed.append(name)
        return model.parse(text, name, kind)

    monkeypatch.setattr(policies, "parse", parse)
    role = data.role("r", _READ)
    for _ in range(3):
        assert _reads(data, role)
    assert parsed == ["own of role r"]


def test_a_boundary_limits_a_role(data: Account) -> None:
    """The role may do what its policies and its boundary allow; a boundary that is gone allows nothing."""
    iam = data.client("iam")
    arn = iam.create_policy(PolicyName="b", PolicyDocument=document(statement("s3:ListBucket")))["Policy"]["Arn"]
    bounded = data.role("bounded", statement("*"), boundary=arn)
    refused = data.ask(bounded, "s3", "GetObject", **_ASKED)
    assert "because no permissions boundary allows the s3:GetObject action" in refused.message
    assert data.ask(bounded, "s3", "ListObjectsV2", Bucket="data").allowed
    iam.delete_policy(PolicyArn=arn)
    assert "boundary" in data.ask(bounded, "s3", "ListObjectsV2", Bucket="data").message
    assert not data.ask(bounded, "s3", "ListObjectsV2", Bucket="data").allowed


def test_session_policies_limit_a_session(data: Account) -> None:
    """They take rights away and give none."""
    narrow = model.parse(document(statement("s3:ListBucket")), "session")
    wide = model.parse(document(statement("*")), "session")
    limited = data.role("limited", _READ, session=(narrow,))
    assert "no session policy allows" in data.ask(limited, "s3", "GetObject", **_ASKED).message
    assert _reads(data, data.role("free", _READ, session=(wide,)))
    assert not _reads(data, data.role("poor", session=(wide,)))


def test_the_root_user_needs_no_policy_but_heeds_denials(data: Account) -> None:
    """The account root may do everything that no resource policy denies."""
    root = Identity(Principal("root", ROOT, ACCOUNT), "AKIAEXAMPLE")
    assert _reads(data, root)
    denial = statement("s3:GetObject", "arn:aws:s3:::data/*", "Deny", Principal="*")
    data.client("s3").put_bucket_policy(Bucket="data", Policy=document(denial))
    assert not _reads(data, root)


def test_who_is_gone_may_do_nothing(data: Account) -> None:
    """The session of a deleted role, and that of a new role with the same name but another id and path."""
    role = data.role("r", _READ)
    iam = data.client("iam")
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    iam.delete_role(RoleName="r")
    assert not _reads(data, role)
    iam.create_role(RoleName="r", Path="/new/", AssumeRolePolicyDocument=document())
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=document(_READ))
    assert not _reads(data, role)


def test_a_policy_that_cannot_be_read_refuses_the_call(data: Account) -> None:
    """Moto stores what IAM would not; the reason is in the message, for the caller's and for the resource's policy."""
    role = data.role("r", _READ)
    stored = next(iter(iam_backends[ACCOUNT]["aws"].roles.values()))
    broken = json.loads(document(_READ))
    broken["Statement"][0]["Condition"] = {"StringAlmostEquals": {"aws:username": "x"}}
    stored.policies["own"] = json.dumps(broken)
    refused = data.ask(role, "s3", "GetObject", **_ASKED)
    assert not refused.allowed
    assert "own of role r, statement #0: unknown condition operator" in refused.message
    reader = data.role("reader", _READ)
    data.client("s3").put_bucket_policy(Bucket="data", Policy="{")
    refused = data.ask(reader, "s3", "GetObject", **_ASKED)
    assert not refused.allowed
    assert "policy of bucket data: the policy is not JSON" in refused.message


def test_mfa_is_a_matter_of_temporary_credentials(data: Account) -> None:
    """The key is absent of long-term keys, false in sessions without MFA, true in those with it."""
    present = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    grant = statement("s3:GetObject", Condition=present)
    assert not _reads(data, data.user("ann", grant))
    assert not _reads(data, data.role("without", grant))
    assert _reads(data, data.role("with", grant, mfa=True))
    absent = statement("s3:GetObject", Condition={"Null": {"aws:MultiFactorAuthPresent": "true"}})
    assert _reads(data, data.user("bob", absent))
    assert not _reads(data, data.role("session", absent))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:SourceIp", "127.0.0.1"),
        ("aws:RequestedRegion", "eu-central-1"),
        ("aws:username", "ann"),
        ("aws:UserAgent", "test"),
        ("aws:CurrentTime", "2026-11-24T12:00:00Z"),
        ("aws:EpochTime", "1795521600"),
        ("aws:ResourceAccount", ACCOUNT),
        ("aws:PrincipalTag/team", "a"),
        ("s3:authType", "REST-HEADER"),
    ],
)
def test_global_condition_keys(data: Account, key: str, value: str) -> None:
    """The keys that policies most often look at."""
    ann = data.user("ann", _READ, context={"aws:PrincipalTag/team": "a"})
    assert data.ask(ann, "s3", "GetObject", **_ASKED).checks[0].context[key] == value


def test_variables_of_the_caller_are_filled_in(data: Account) -> None:
    """A policy for everybody's own prefix."""
    grant = statement("s3:PutObject", "arn:aws:s3:::data/home/${aws:username}/*")
    ann = data.user("ann", grant)
    assert data.ask(ann, "s3", "PutObject", Bucket="data", Key="home/ann/x").allowed
    assert not data.ask(ann, "s3", "PutObject", Bucket="data", Key="home/bob/x").allowed
