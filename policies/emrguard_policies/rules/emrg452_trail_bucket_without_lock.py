"""Log file validation shows that a record is gone. Object Lock keeps it.

With a default retention every record stays for that time whoever asks for its deletion, the account's administrators
included as far as they lack `s3:BypassGovernanceRetention`.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_RETENTION = "ObjectLockConfiguration.Rule.DefaultRetention"
_LEAST_DAYS = 90


def check(context: Context) -> Iterator[Violation]:
    """Buckets of trails without Object Lock by default for at least 90 days."""
    for trail in context.of("AWS::CloudTrail::Trail"):
        if (
            trail.mark.shared
            and context.target(trail, "S3BucketName") is None
            and context.given(trail, "S3BucketName") is not False
        ):
            yield Violation(trail, "S3BucketName", "the bucket of the trail is not in the assembly", undecided=True)
    for bucket in context.pointing("AWS::CloudTrail::Trail", "S3BucketName"):
        if bucket.type != "AWS::S3::Bucket":
            continue
        on = context.get(bucket, "ObjectLockEnabled")
        days, years = context.get(bucket, f"{_RETENTION}.Days"), context.get(bucket, f"{_RETENTION}.Years")
        mode = context.get(bucket, f"{_RETENTION}.Mode")
        locked = context.get(bucket, "ObjectLockConfiguration.ObjectLockEnabled")
        if any(map(context.unknown, (on, locked, days, years, mode))):
            yield Violation(bucket, _RETENTION, "Object Lock depends on the deployment", undecided=True)
        elif context.flag(on) is not True or locked is None:
            yield Violation(bucket, "ObjectLockEnabled", "Object Lock is not on")
        elif not mode or (not years and not (isinstance(days, int) and days >= _LEAST_DAYS)):
            yield Violation(bucket, _RETENTION, f"the default retention is {days} days in mode {mode}")


RULE = Rule(
    id="EMRG452",
    name="trail-bucket-without-lock",
    severity="warning",
    title="Bucket of the trail whose records can be deleted",
    rationale=__doc__,
    mend="Set ObjectLockEnabled, and a default retention of a year in ObjectLockConfiguration.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
    frameworks={"NIST 800-53 r5": ("AU-9", "AU-11")},
    check=check,
)
