"""What all keys and their policies have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from emrguard import _actions
from emrguard._kept import Place, arn_of, as_json, document, statement
from emrguard._regions import service_name


def new_policy(place: Place, *uses: Mapping[str, Any]) -> iam.PolicyDocument:
    """The policy of a key that the account administers, and only `uses`, statements as JSON, let use."""
    return document(_administration(place), *uses)


def new_key(
    scope: Construct,
    id: str,
    description: str,
    policy: iam.PolicyDocument,
    *,
    pending_window: cdk.Duration | None = None,
) -> kms.Key:
    """A key that rotates every year and outlives its stack."""
    return kms.Key(
        scope,
        id,
        description=description,
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
        policy=policy,
        pending_window=pending_window,
    )


def _administration(place: Place) -> dict[str, Any]:
    """The account may administer a key, so that it can never be lost, but not use it and not hand it on."""
    account = {"AWS": f"arn:{place.partition}:iam::{place.account}:root"}
    return as_json(_actions.ADMINISTER_KEY, ["*"], principal=account, sid="Administration")


def log_groups(region: str, arns: Sequence[str]) -> dict[str, Any]:
    """CloudWatch Logs may use the key for these log groups and no other one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return as_json(
        _actions.LOGS_SERVICE_KEY_USE,
        ["*"],
        principal={"Service": service_name("logs", region)},
        conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": list(arns)}},
        sid="LogGroups",
    )


def grant_through(
    key: kms.IKey, role: iam.IRole, actions: _actions.Actions, region: str, services: Sequence[str]
) -> iam.Grant:
    """Let a role use a key when it calls one of the services, not directly: in its own policy and in the key's.

    The condition stands in both: for a principal of the account that the key policy names, either one is enough.
    """
    key.add_to_resource_policy(use_through(role, actions, region, services))
    return iam.Grant.add_to_principal(
        grantee=role, actions=list(actions), resource_arns=[key.key_arn], conditions=through(region, services)
    )


def use_through(
    role: iam.IRole, actions: _actions.Actions, region: str, services: Sequence[str]
) -> iam.PolicyStatement:
    """The half of `grant_through` that stands in the policy of the key."""
    asked = through(region, services)
    return statement(as_json(actions, ["*"], principal={"AWS": arn_of(role)}, conditions=asked))


def through(region: str, services: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The condition that a key is used by way of one of the services."""
    return {"StringEquals": {"kms:ViaService": [service_name(service, region) for service in services]}}


def grant_through_if_any(
    grant: iam.Grant, key: kms.IKey | None, role: iam.IRole, actions: _actions.Actions, service: str
) -> iam.Grant:
    """A grant on what a service stores, with the use through that service of the key it is encrypted with, if any.

    The policy of a key in another stack cannot name the role: the two stacks would need each other. It must leave the
    use to the account's policies, as that of a key of CDK's does.
    """
    if key is None:
        return grant
    stack = cdk.Stack.of(role)
    if cdk.Stack.of(key) is stack:
        return grant.combine(grant_through(key, role, actions, stack.region, (service,)))
    return grant.combine(
        iam.Grant.add_to_principal(
            grantee=role, actions=list(actions), resource_arns=[key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": service_name(service, stack.region)}},
        )
    )  # fmt: skip
