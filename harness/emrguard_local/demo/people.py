"""The people of the demo: IAM users with a virtual MFA device, who take on one role each."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyotp

from emrguard_local.cloud import LocalCloud
from emrguard_local.credentials import Credentials

_TOTP_PERIOD = 30


@dataclass
class Person:
    """An IAM user who may assume one role, with or without a code from the MFA device."""

    name: str
    role_arn: str
    cloud: LocalCloud
    _keys: Credentials
    _mfa_serial: str
    _seed: str
    _used_codes: set[str] = field(default_factory=set)

    @cached_property
    def credentials(self) -> Credentials:
        """Credentials of the role, from one sign-in with MFA."""
        return self.sign_in()

    def sign_in(self, *, mfa: bool = True) -> Credentials:
        """New credentials of the role, by sts:AssumeRole.

        Raises:
            botocore.exceptions.ClientError: AccessDenied, for instance without MFA where the role demands it.
        """
        arguments: dict[str, Any] = {"RoleArn": self.role_arn, "RoleSessionName": self.name}
        if mfa:
            arguments |= {"SerialNumber": self._mfa_serial, "TokenCode": self._code()}
        answer = self.cloud.client("sts", self._keys).assume_role(**arguments)["Credentials"]
        return Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], answer["Expiration"]
        )

    def _code(self) -> str:
        totp = pyotp.TOTP(self._seed)
        # A code works once, as with AWS; a second sign-in within the same half minute waits for the next one.
        while (code := totp.now()) in self._used_codes:
            time.sleep(_TOTP_PERIOD - time.time() % _TOTP_PERIOD)
        self._used_codes.add(code)
        return code


def hire(cloud: LocalCloud, name: str, role_arn: str) -> Person:
    """Create the user, an access key, an MFA device and the right to assume `role_arn`, as an administrator would."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="assume-submitter",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role_arn}],
            }
        ),
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed = device["Base32StringSeed"]
    totp = pyotp.TOTP(seed.decode() if isinstance(seed, bytes) else seed)
    now = int(time.time())
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        # The codes before the present one, which is left for the first sign-in.
        AuthenticationCode1=totp.at(now - 2 * _TOTP_PERIOD),
        AuthenticationCode2=totp.at(now - _TOTP_PERIOD),
    )
    return Person(
        name,
        role_arn,
        cloud,
        Credentials(key["AccessKeyId"], key["SecretAccessKey"]),
        device["SerialNumber"],
        totp.secret,
    )
