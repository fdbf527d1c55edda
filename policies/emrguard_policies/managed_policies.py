"""The texts of AWS-managed policies that people attach most: known offline, from `managed_policies.json`.

The file is written by `python tests/managed_policies_support.py` from the copy that moto carries; a test compares both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::aws:policy(/.+)")


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy that AWS manages: `version` such as `v3`, and its document."""

    version: str
    document: Mapping[str, Any]


def aws_managed(arn: str) -> ManagedPolicy | None:
    """The policy with an ARN such as arn:aws:iam::aws:policy/ReadOnlyAccess; None if its text is not known here.

    In other partitions AWS keeps policies of the same names; their ARNs are written for that partition.
    """
    match = _ARN.fullmatch(arn)
    found = _known().get(match[2]) if match else None
    if found is None or match is None:
        return None
    document = found["document"]
    if match[1] != "aws":
        document = json.loads(json.dumps(document).replace('"arn:aws:', f'"arn:{match[1]}:'))
    return ManagedPolicy(found["version"], document)


def known_paths() -> tuple[str, ...]:
    """Path and name of every policy that is known, such as `/service-role/AWSLambdaBasicExecutionRole`."""
    return tuple(_known())


@cache
def _known() -> dict[str, Any]:
    text = (files("emrguard_policies") / "managed_policies.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
