"""How long records are kept: ninety days at least and not for ever, unless there is a reason."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import IConstruct

from emrguard._reasons import Reasons
from emrguard.exceptions import ArgumentError

LEAST_DAYS: Final = 90
"""Most incidents are found weeks later; PCI DSS 4.0 asks for ninety days at hand (10.5.1)."""
_SHORT: Final = tuple(
    logs.RetentionDays[name]
    for name in ("ONE_DAY", "THREE_DAYS", "FIVE_DAYS", "ONE_WEEK", "TWO_WEEKS", "ONE_MONTH", "TWO_MONTHS")
)


def check(
    scope: IConstruct,
    reasons: Reasons,
    retention: logs.RetentionDays,
    expire_after: cdk.Duration,
    because: str | None,
) -> None:
    """Take the reason for records that are kept in CloudWatch or S3 for less than ninety days, or for ever.

    Raises:
        ArgumentError: there is no reason where one is needed, or one where none is.
    """
    short_bucket = not expire_after.is_unresolved() and expire_after.to_days(integral=False) < LEAST_DAYS
    wanted = {
        "retention": (retention in _SHORT, retention.name, "EMRG453"),
        "expire_after": (short_bucket, expire_after.to_human_string(), "EMRG453"),
        "retention for ever": (retention == logs.RetentionDays.INFINITE, retention.name, "EMRG407"),
    }
    rules = []
    for argument, (unusual, found, rule) in wanted.items():
        if unusual and because is None:
            mend = f"keep records for {LEAST_DAYS} days at least, and not for ever, or say retention_because"
            raise ArgumentError(scope.node.path, argument.partition(" ")[0], found, mend)
        if unusual and rule not in rules:
            rules.append(rule)
    if because is not None and not rules:
        mend = f"leave it out: it is for less than {LEAST_DAYS} days, or for ever"
        raise ArgumentError(scope.node.path, "retention_because", because, mend)
    for rule in rules:
        reasons.take("retention_because", because, rule)
