"""Rotation bounds how much data one version of the key material protects; old versions keep decrypting old data.

Keys for signing and keys with imported material cannot rotate by themselves and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "EnableKeyRotation"
_YEAR = 366


def check(context: Context) -> Iterator[Violation]:
    """Symmetric keys of tenants that do not rotate."""
    for key in context.keys:
        if context.get(key, "KeySpec") not in (None, "SYMMETRIC_DEFAULT") or context.get(key, "Origin") == "EXTERNAL":
            continue
        rotation = context.get(key, _PROPERTY)
        if context.unknown(rotation):
            yield Violation(key, _PROPERTY, "rotation depends on the deployment", undecided=True)
        elif context.flag(rotation) is not True:
            found = "not set" if rotation is None else context.shown(rotation)
            yield Violation(key, _PROPERTY, f"EnableKeyRotation is {found}")
        period = context.get(key, "RotationPeriodInDays")
        if context.unknown(period):
            yield Violation(key, "RotationPeriodInDays", "the period depends on the deployment", undecided=True)
        elif isinstance(period, int) and period > _YEAR:
            yield Violation(key, "RotationPeriodInDays", f"RotationPeriodInDays is {period}: more than a year")


RULE = Rule(
    id="EMRG108",
    name="key-without-rotation",
    severity="warning",
    title="Key of a tenant without automatic rotation",
    rationale=__doc__,
    mend="Set EnableKeyRotation to true.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    frameworks={
        "AWS Well-Architected": ("SEC08-BP01",),
        "NIST 800-53 r5": ("SC-12",),
        "CIS AWS Foundations 3.0": ("3.6",),
    },
    check=check,
)
