"""Answers of CDK that are kept, and questions that need none.

CDK runs in a process of its own: each call, attribute and object of it is a message there and back. A synth of many
tenants is made of little else, so what is always the same is asked once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct


@dataclass(frozen=True)
class Place:
    """Where the resources of a stack are; tokens where only the deployment knows."""

    account: str
    region: str
    partition: str

    def arn(self, service: str, resource: str) -> str:
        """ARN of something of this account and Region: `resource` is all after the account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


_STACKS: WeakKeyDictionary[IConstruct, cdk.Stack] = WeakKeyDictionary()
_PLACES: WeakKeyDictionary[cdk.Stack, Place] = WeakKeyDictionary()
_ARNS: WeakKeyDictionary[iam.IRole, str] = WeakKeyDictionary()


def stack_of(construct: IConstruct, within: IConstruct | None = None) -> cdk.Stack:
    """The stack of a construct; `within` is a construct above it that is in the same one."""
    found = _STACKS.get(construct)
    if found is None:
        found = cdk.Stack.of(construct) if within is None else stack_of(within)
        _STACKS[construct] = found
    return found


def place_of(construct: IConstruct, within: IConstruct | None = None) -> Place:
    """Where a construct's stack is; `within` as for `stack_of`."""
    stack = stack_of(construct, within)
    found = _PLACES.get(stack)
    if found is None:
        found = _PLACES[stack] = Place(stack.account, stack.region, stack.partition)
    return found


def arn_of(role: iam.IRole) -> str:
    """ARN of a role."""
    found = _ARNS.get(role)
    if found is None:
        found = _ARNS[role] = role.role_arn
    return found


def unresolved(value: Any) -> bool:
    """Whether a value is known to the deployment only."""
    if isinstance(value, str):
        return "${Token[" in value
    if isinstance(value, int):
        return False
    return cdk.Token.is_unresolved(value)


@cache
def days(number: int) -> cdk.Duration:
    """So many days."""
    return cdk.Duration.days(number)


@cache
def url_suffix() -> str:
    """The end of host names in the partition."""
    return cdk.Aws.URL_SUFFIX


def as_json(
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    principal: Mapping[str, Any] | None = None,
    conditions: Mapping[str, Any] | None = None,
    sid: str | None = None,
    deny: bool = False,
) -> dict[str, Any]:
    """A statement as JSON; `principal` as in a policy, such as `{"AWS": "*"}`."""
    found: dict[str, Any] = {
        "Effect": "Deny" if deny else "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    optional = {"Sid": sid, "Principal": principal, "Condition": conditions}
    return found | {name: value for name, value in optional.items() if value}


def statement(body: Mapping[str, Any]) -> iam.PolicyStatement:
    """A statement of `as_json` in one message."""
    return iam.PolicyStatement.from_json(body)


def document(*statements: Mapping[str, Any]) -> iam.PolicyDocument:
    """A policy in one message."""
    return iam.PolicyDocument.from_json({"Statement": list(statements)})


ANYONE = {"AWS": "*"}
"""Every principal, for a statement whose conditions say which ones."""
