"""With versioning a job that overwrites or deletes its input by mistake, or on purpose, leaves the earlier version.

Without it the data is gone, and so is the record of what was changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "VersioningConfiguration.Status"


def check(context: Context) -> Iterator[Violation]:
    """Buckets that hold a tenant's data or logs and keep no earlier versions."""
    for bucket in context.buckets:
        status = context.get(bucket, _PROPERTY)
        if context.unknown(status):
            yield Violation(bucket, _PROPERTY, "versioning depends on the deployment", undecided=True)
        elif status != "Enabled":
            yield Violation(bucket, _PROPERTY, f"Status is {status}" if status else "no versioning is set")


RULE = Rule(
    id="EMRG115",
    name="bucket-without-versioning",
    severity="warning",
    title="Bucket of a tenant without versioning",
    rationale=__doc__,
    mend="Set VersioningConfiguration with Status Enabled, and a lifecycle rule that expires noncurrent versions.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    frameworks={"NIST 800-53 r5": ("CP-9",)},
    check=check,
)
