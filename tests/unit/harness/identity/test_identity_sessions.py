"""Sessions of roles and users: what they carry, how long they last, and codes of MFA devices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from botocore.exceptions import ClientError
from local_server_support import Running

from emrguard_local.credentials import Credentials
from emrguard_local.identity import Identities
from emrguard_local.mfa import MfaCodes
from emrguard_local.signature import SignatureError


def _refused(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def _with_device(cloud: Running) -> tuple[str, Credentials, str, pyotp.TOTP]:
    """A user with an enabled virtual MFA device."""
    name, credentials = cloud.user()
    iam = cloud.client("iam")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    totp = pyotp.TOTP(device["Base32StringSeed"].decode())
    now = int(time.time())
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp.at(now - 60),
        AuthenticationCode2=totp.at(now - 30),
    )
    return name, credentials, device["SerialNumber"], totp


def test_mfa_makes_the_call_and_the_session_authenticated(cloud: Running) -> None:
    """With a good code the trust policy sees aws:MultiFactorAuthPresent, and so does every call of the session."""
    _, credentials, serial, totp = _with_device(cloud)
    session = cloud.assume(cloud.role(), credentials, SerialNumber=serial, TokenCode=totp.now())
    identity = cloud.judge.last("AssumeRole").identity
    assert identity is not None
    assert (identity.mfa, identity.context["aws:MultiFactorAuthPresent"]) == (True, "true")
    cloud.client("sts", session).get_caller_identity()
    identity = cloud.judge.last("GetCallerIdentity").identity
    assert identity is not None
    assert identity.context["aws:MultiFactorAuthPresent"] == "true"
    assert int(str(identity.context["aws:MultiFactorAuthAge"])) < 60


def test_without_mfa_a_user_has_no_mfa_key_and_a_session_says_false(cloud: Running) -> None:
    """As with AWS the key is absent with long-term credentials and false in a session."""
    _, credentials = cloud.user()
    session = cloud.assume(cloud.role(), credentials)
    identity = cloud.judge.last("AssumeRole").identity
    assert identity is not None
    assert "aws:MultiFactorAuthPresent" not in identity.context
    cloud.client("sts", session).get_caller_identity()
    identity = cloud.judge.last("GetCallerIdentity").identity
    assert identity is not None
    assert identity.context["aws:MultiFactorAuthPresent"] == "false"


def test_a_code_works_once(cloud: Running) -> None:
    """The same code a second time is refused, whatever it is used for."""
    _, credentials, serial, totp = _with_device(cloud)
    role, code = cloud.role(), totp.now()
    cloud.assume(role, credentials, SerialNumber=serial, TokenCode=code)
    again = _refused(lambda: cloud.assume(role, credentials, SerialNumber=serial, TokenCode=code))
    assert again[0] == "AccessDenied"
    assert "invalid MFA one time pass code" in again[1]


@pytest.mark.parametrize("mistake", ["wrong code", "old code", "another user's device", "no code"])
def test_bad_codes_are_refused(cloud: Running, mistake: str) -> None:
    """A wrong or old code, the device of somebody else, or a device without a code opens no session."""
    _, credentials, serial, totp = _with_device(cloud)
    arguments: dict[str, Any] = {"SerialNumber": serial, "TokenCode": totp.now()}
    if mistake == "wrong code":
        arguments["TokenCode"] = f"{(int(totp.now()) + 1) % 1_000_000:06d}"
    elif mistake == "old code":
        arguments["TokenCode"] = totp.at(int(time.time()) - 120)
    elif mistake == "another user's device":
        _, credentials = cloud.user()
    else:
        del arguments["TokenCode"]
    role = cloud.role()
    code, _ = _refused(lambda: cloud.assume(role, credentials, **arguments))
    assert code == ("ValidationError" if mistake == "no code" else "AccessDenied")


def test_a_used_code_is_remembered_for_its_whole_life(cloud: Running) -> None:
    """Codes of the neighbouring periods count as used too when they have been."""
    name, credentials, serial, totp = _with_device(cloud)
    cloud.client("sts", credentials).get_caller_identity()
    identity = cloud.judge.last("GetCallerIdentity").identity
    codes, now = MfaCodes(), datetime.now(UTC)
    iam = Identities("123456789012", "aws").iam
    codes.check(iam, identity, serial, totp.at(now), now)
    with pytest.raises(Exception, match="invalid MFA"):
        codes.check(iam, identity, serial, totp.at(now), now + timedelta(seconds=29))
    codes.check(iam, identity, serial, totp.at(now + timedelta(seconds=30)), now)
    assert name in serial


def test_a_session_carries_name_tags_source_identity_and_policies(cloud: Running) -> None:
    """Everything that conditions can ask for is in the context of the session's calls."""
    role = cloud.role(Tags=[{"Key": "team", "Value": "role's"}, {"Key": "site", "Value": "nyc"}], Path="/data/")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    managed = cloud.client("iam").create_policy(PolicyName=cloud.name("p"), PolicyDocument=json.dumps(policy))
    session = cloud.assume(
        role,
        RoleSessionName="ana",
        SourceIdentity="ana@example.com",
        Tags=[{"Key": "team", "Value": "flights"}],
        TransitiveTagKeys=["team"],
        Policy=json.dumps(policy),
        PolicyArns=[{"arn": managed["Policy"]["Arn"]}],
    )
    told = cloud.client("sts", session).get_caller_identity()
    identity = cloud.judge.last("GetCallerIdentity").identity
    assert identity is not None
    name = role.rsplit("/", 1)[-1]
    assert told["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{name}/ana"
    assert identity.principal.role_arn == role
    assert told["UserId"] == identity.context["aws:userid"]
    assert told["UserId"].endswith(":ana")
    assert identity.context["aws:PrincipalTag/team"] == "flights"
    assert identity.context["aws:PrincipalTag/site"] == "nyc"
    assert identity.context["aws:SourceIdentity"] == "ana@example.com"
    assert len(identity.session_policies) == 2
    onward = cloud.assume(cloud.role(), session)
    cloud.client("sts", onward).get_caller_identity()
    chained = cloud.judge.last("GetCallerIdentity").identity
    assert chained is not None
    assert chained.context["aws:PrincipalTag/team"] == "flights"
    assert chained.context["aws:SourceIdentity"] == "ana@example.com"
    assert "aws:PrincipalTag/site" not in chained.context
    code, _ = _refused(lambda: cloud.assume(cloud.role(), session, SourceIdentity="other"))
    assert code == "AccessDenied"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"DurationSeconds": 899}, "ParamValidationError"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": "x" * 2049}, "PackedPolicyTooLarge"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/None"}]}, "NoSuchEntity"),
    ],
)
def test_requests_for_impossible_sessions(cloud: Running, parameters: dict[str, Any], code: str) -> None:
    """Durations beyond the role's maximum, bad names and bad policies are refused with STS's codes."""
    role = cloud.role()
    if code == "ParamValidationError":
        with pytest.raises(Exception, match="DurationSeconds"):
            cloud.assume(role, **parameters)
        return
    assert _refused(lambda: cloud.assume(role, **parameters))[0] == code


def test_the_maximum_duration_is_the_roles(cloud: Running) -> None:
    """A role may allow up to twelve hours; by role chaining it is one."""
    role = cloud.role(MaxSessionDuration=43200)
    session = cloud.assume(role, DurationSeconds=43200)
    assert session.expiration is not None
    assert session.expiration - datetime.now(UTC) > timedelta(hours=11, minutes=59)
    assert _refused(lambda: cloud.assume(role, session, DurationSeconds=7200))[0] == "ValidationError"


def test_a_role_that_is_not_there_cannot_be_told_from_one_that_refuses(cloud: Running) -> None:
    """AssumeRole of an unknown role is AccessDenied, as with AWS."""
    code, message = _refused(lambda: cloud.assume("arn:aws:iam::123456789012:role/none"))
    assert (code, "sts:AssumeRole" in message) == ("AccessDenied", True)


def test_a_session_ends_with_its_time_and_with_its_role() -> None:
    """Afterwards the bearer hears that the token has expired, or that it is unknown."""
    identities = Identities("123456789012", "aws")
    made = identities.iam.create_role("ends", "{}", "/", None, "", [], "3600")
    now = datetime.now(UTC)
    credentials, _ = identities.open_role_session(made, "s", seconds=900, now=now)
    token = credentials.session_token
    assert identities.bearer(credentials.access_key_id, token, now + timedelta(seconds=899)).secret
    identities.iam.delete_role("ends")
    with pytest.raises(SignatureError) as caught:
        identities.bearer(credentials.access_key_id, token, now)
    assert caught.value.problem == "unknown-key"
    with pytest.raises(SignatureError) as caught:
        identities.bearer(credentials.access_key_id, token, now + timedelta(seconds=900))
    assert caught.value.problem == "expired-token"


def test_a_users_session_token(cloud: Running) -> None:
    """GetSessionToken gives a session of the user, with MFA when a code is given, and not from a session."""
    name, credentials, serial, totp = _with_device(cloud)
    made = cloud.client("sts", credentials).get_session_token(SerialNumber=serial, TokenCode=totp.now())["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert cloud.client("sts", session).get_caller_identity()["Arn"].endswith(f"user/{name}")
    identity = cloud.judge.last("GetCallerIdentity").identity
    assert identity is not None
    assert identity.context["aws:MultiFactorAuthPresent"] == "true"
    assert _refused(cloud.client("sts", session).get_session_token)[0] == "AccessDenied"
    assert replace(session, session_token=None) != session


def test_tags_of_users_are_principal_tags(cloud: Running) -> None:
    """aws:PrincipalTag and aws:username of a user come from IAM as it is now."""
    name, credentials = cloud.user()
    cloud.client("iam").tag_user(UserName=name, Tags=[{"Key": "team", "Value": "payroll"}])
    cloud.client("sts", credentials).get_caller_identity()
    identity = cloud.judge.last("GetCallerIdentity").identity
    assert identity is not None
    assert identity.context["aws:PrincipalTag/team"] == "payroll"
    assert identity.context["aws:username"] == name


def test_a_service_that_may_not_assume_the_role(cloud: Running) -> None:
    """The service gets AccessDenied with the authorizer's words, and session policies limit what it gets."""
    role = cloud.role()
    with cloud.judge.denying("emr-serverless.amazonaws.com", "no trust"), pytest.raises(Exception, match="no trust"):
        cloud.host.assume_for_service("emr-serverless.amazonaws.com", role, "job", context={})
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    credentials = cloud.host.assume_for_service(
        "emr-serverless.amazonaws.com", role, "job", context={}, policies=(policy,)
    )
    cloud.host.client("sts", credentials).get_caller_identity()
    identity = cloud.judge.last("GetCallerIdentity").identity
    assert identity is not None
    assert len(identity.session_policies) == 1
