"""Acknowledgments of wildcards in identity policies, where the wildcards are written.

cdk-nag reports each wildcard resource as a finding of its own (AwsSolutions-IAM5), named after the resource as it
stands in the template, and takes no acknowledgment for all of them at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from emrguard._kept import stack_of
from emrguard_policies.nag import acknowledge

_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
_TOKENS: WeakKeyDictionary[cdk.Stack, dict[str, str]] = WeakKeyDictionary()
"""Tokens of each stack as cdk-nag writes what they stand for."""


def grant(
    role: iam.IRole, actions: tuple[str, ...], resource: str, reason: str, conditions: Mapping[str, Any] | None = None
) -> iam.Grant:
    """Allow actions on a resource with a wildcard, and say why that is right."""
    accept(role, resource, reason)
    return iam.Grant.add_to_principal(
        grantee=role, actions=list(actions), resource_arns=[resource], conditions=conditions
    )


def accept(scope: IConstruct, resource: str, reason: str) -> None:
    """Say why a resource with a wildcard is right in the policies at or below a construct."""
    acknowledge(scope, f"AwsSolutions-IAM5[Resource::{_as_reported(stack_of(scope), resource)}]", reason)


def _as_reported(stack: cdk.Stack, resource: str) -> str:
    known = _TOKENS.setdefault(stack, {})
    for token in _TOKEN.findall(resource):
        if token not in known:
            known[token] = _flat(stack.resolve(token))
    return _TOKEN.sub(lambda found: known[found[0]], resource)


def _flat(value: Any) -> str:
    """A resolved template value as cdk-nag writes it in a finding: `<Bucket83908E77.Arn>/input/*`."""
    if isinstance(value, str):
        return value
    (function, argument), *_ = value.items()
    match function:
        case "Ref":
            return f"<{argument}>"
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case "Fn::Join":
            delimiter, items = argument
            return str(delimiter).join(map(_flat, items))
        case "Fn::Sub" | "Fn::ImportValue":
            return _flat(argument)
        case _:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
