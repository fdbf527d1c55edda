"""S3 Object Lock: versions of objects that nobody can delete for a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from emrguard import _arguments
from emrguard.exceptions import ArgumentError

_SHORTEST_DAYS = 7
"""A shorter lock is over before anybody has missed what is gone; EMRG160 says so."""
_LONGEST_DAYS = 36_500
"""S3's own limit is 100 years."""


@dataclass(frozen=True, kw_only=True)
class ObjectLock:
    """How long each version of an object is kept, whatever anybody asks for, from the time it is written.

    Lifecycle rules do not shorten it. Object Lock cannot be taken off a bucket again; its days can be changed for
    objects to come.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

    ```python
    from emrguard import ObjectLock

    seven_years = ObjectLock(days=2557, mode="COMPLIANCE")
    ```

    Args:
        days: how long, from 7 to 36500 days: a shorter lock is over before anybody has missed what is gone.
        mode: `GOVERNANCE`, the default: whoever has `s3:BypassGovernanceRetention` may still delete; the policies of
            emrguard's buckets deny it, so the bucket policy would have to be changed before, which the trail alerts of.
            `COMPLIANCE`: nobody at all, not even the account's root; what was locked by mistake is paid for to the end.
    """

    days: int
    mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"


def render(scope: IConstruct, argument: str, given: ObjectLock) -> s3.ObjectLockRetention:
    """The default retention of a bucket as CDK has it.

    Raises:
        ArgumentError: the mode is not S3's, or the days are too few or too many.
    """
    path = scope.node.path
    if given.mode not in ("GOVERNANCE", "COMPLIANCE"):
        raise ArgumentError(path, f"{argument}.mode", given.mode, "write GOVERNANCE or COMPLIANCE")
    days = cdk.Duration.days(
        _arguments.whole_number(scope, f"{argument}.days", given.days, _SHORTEST_DAYS, _LONGEST_DAYS, "days")
    )
    if given.mode == "COMPLIANCE":
        return s3.ObjectLockRetention.compliance(days)
    return s3.ObjectLockRetention.governance(days)
