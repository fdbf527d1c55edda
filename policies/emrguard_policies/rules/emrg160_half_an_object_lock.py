"""Object Lock without a default retention locks nothing, and a retention without the lock does not hold.

Both belong together: `ObjectLockEnabled`, and a mode and a time in `ObjectLockConfiguration`. A lock of less than a
week is over before anybody has missed what is gone. The rule judges buckets that are marked as a tenant's or the
platform's and have one of the two; for the trail's bucket, which must have it, see EMRG452.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_ON, _CONFIGURATION = "ObjectLockEnabled", "ObjectLockConfiguration"
_RETENTION = f"{_CONFIGURATION}.Rule.DefaultRetention"
_LEAST_DAYS = 7


def check(context: Context) -> Iterator[Violation]:
    """Marked buckets with one half of Object Lock, or with one that is over within days."""
    for bucket in context.of("AWS::S3::Bucket"):
        on, configuration = context.get(bucket, _ON), context.get(bucket, _CONFIGURATION)
        if not (bucket.mark.tenant or bucket.mark.shared) or (on is None and configuration is None):
            continue
        mode, state = context.get(bucket, f"{_RETENTION}.Mode"), context.get(bucket, f"{_CONFIGURATION}.{_ON}")
        days, years = context.get(bucket, f"{_RETENTION}.Days"), context.get(bucket, f"{_RETENTION}.Years")
        if any(map(context.unknown, (on, configuration, state, mode, days, years))):
            yield Violation(bucket, _CONFIGURATION, "Object Lock depends on the deployment", undecided=True)
        elif context.flag(on) is not True or state != "Enabled":
            yield Violation(bucket, _ON, f"a retention is configured, but {_ON} is {on}, {_CONFIGURATION} {state}")
        elif not mode or not (days or years):
            yield Violation(bucket, _RETENTION, "there is no default retention: nothing is locked")
        elif not years and isinstance(days, int) and days < _LEAST_DAYS:
            yield Violation(bucket, _RETENTION, f"versions are locked for {days} days")


RULE = Rule(
    id="EMRG160",
    name="half-an-object-lock",
    severity="warning",
    title="Bucket with Object Lock that locks nothing, or hardly",
    rationale=__doc__,
    mend="Set ObjectLockEnabled, and Mode and Days of a default retention in ObjectLockConfiguration.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
    frameworks={"NIST 800-53 r5": ("AU-9", "AU-11")},
    check=check,
)
