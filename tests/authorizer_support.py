"""An account in moto, the people in it, and the calls that they make, for tests of the authorizer."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3

from emrguard_local.authorizer import Authorizer, Verdict
from emrguard_local.call import Call, Identity
from emrguard_policies.iam.decide import Principal
from emrguard_policies.iam.model import Policy

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SIGNED = {"authorization": "AWS4-HMAC-SHA256 …"}


def statement(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement; `Principal` and `Condition` go into `more`."""
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> str:
    """A trust policy of one statement."""
    return document({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def service(name: str, **context: Any) -> Identity:
    """An AWS service that acts as itself."""
    return Identity(Principal("service", name, ""), "", context=context)


@functools.cache
def _client(name: str) -> Any:
    # Made once: to read the API models takes longer than any of the tests.
    session: Any = boto3.Session("testing", "testing", region_name=REGION)
    return session.client(name)


@dataclass
class Account:
    """The account, to be made within `moto.mock_aws`."""

    authorizer: Authorizer = field(default_factory=lambda: Authorizer(ACCOUNT, REGION, "aws"))

    def client(self, name: str) -> Any:
        """A client on moto in this process."""
        return _client(name)

    def user(self, name: str, *statements: Mapping[str, Any], **more: Any) -> Identity:
        """A new user with an inline policy; more fields of the identity in `more`."""
        made = self.client("iam").create_user(UserName=name)["User"]
        if statements:
            self.client("iam").put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
        return Identity(Principal("user", made["Arn"], ACCOUNT), "AKIAEXAMPLE", user_id=made["UserId"], **more)

    def role(
        self,
        name: str,
        *statements: Mapping[str, Any],
        trusts: str | None = None,
        boundary: str | None = None,
        session: tuple[Policy, ...] = (),
        **more: Any,
    ) -> Identity:
        """A session of a new role with an inline policy."""
        asked: dict[str, Any] = {"PermissionsBoundary": boundary} if boundary else {}
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusts or trust({"AWS": ROOT}), **asked)["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session"
        return Identity(
            Principal("role-session", arn, ACCOUNT, made["Arn"]),
            "ASIAEXAMPLE",
            user_id=f"{made['RoleId']}:session",
            session_issued_at=datetime.now(UTC),
            session_policies=session,
            **more,
        )

    def bucket(self, name: str, *statements: Mapping[str, Any], key: str | None = None, bucket_key: bool = True) -> str:
        """A new bucket with a bucket policy, encrypted with a key by default; its name."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if statements:
            s3.put_bucket_policy(Bucket=name, Policy=document(*statements))
        if key is not None:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        return name

    def key(self, *statements: Mapping[str, Any]) -> str:
        """A new key with a key policy; without statements the account's identity policies count. Its ARN."""
        delegated = statement("kms:*", Principal={"AWS": ROOT})
        policy = document(*(statements or (delegated,)))
        return str(self.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])

    def call(self, identity: Identity | None, service: str, operation: str, **parameters: Any) -> Call:
        """A call as the front makes it."""
        return Call(
            service=service,
            operation=operation,
            parameters=parameters,
            region=REGION,
            account_id=ACCOUNT,
            partition="aws",
            identity=identity,
            source_ip="127.0.0.1",
            user_agent="test",
            request_id="1",
            time=datetime(2026, 11, 24, 12, tzinfo=UTC),
            headers=SIGNED,
        )

    def ask(self, identity: Identity | None, service: str, operation: str, **parameters: Any) -> Verdict:
        """The authorizer's verdict on a call."""
        return self.authorizer.authorize(self.call(identity, service, operation, **parameters))


def questions(verdict: Verdict) -> list[tuple[str, str]]:
    """The actions and resources that were judged."""
    return [(check.action, check.resource) for check in verdict.checks]
