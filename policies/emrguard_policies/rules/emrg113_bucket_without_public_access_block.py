"""All four settings of the public access block keep a later ACL or bucket policy from opening the bucket."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PublicAccessBlockConfiguration"
_SETTINGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def check(context: Context) -> Iterator[Violation]:
    """Buckets that hold a tenant's data or logs and block public access not at all or in part."""
    for bucket in context.buckets:
        found = {setting: context.get(bucket, f"{_PROPERTY}.{setting}") for setting in _SETTINGS}
        off = [setting for setting, value in found.items() if context.flag(value) is not True]
        if off and all(context.unknown(found[setting]) for setting in off):
            yield Violation(bucket, _PROPERTY, f"{', '.join(off)} depends on the deployment", undecided=True)
        elif off:
            yield Violation(bucket, _PROPERTY, f"not true: {', '.join(off)}")


RULE = Rule(
    id="EMRG113",
    name="bucket-without-public-access-block",
    severity="error",
    title="Bucket of a tenant that may be made public",
    rationale=__doc__,
    mend="Set all four settings of PublicAccessBlockConfiguration to true.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    frameworks={
        "AWS Well-Architected": ("SEC03-BP07",),
        "NIST 800-53 r5": ("AC-3",),
        "CIS AWS Foundations 3.0": ("2.1.4",),
    },
    check=check,
)
