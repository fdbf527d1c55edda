"""Flow logs, the trail and the logs of jobs are read after an incident, and most incidents are found weeks later.

Ninety days at hand is what PCI DSS asks for. The records name what a tenant does, so they lie under the tenant's or the
platform's key. The rule judges marked log groups, and the buckets that are marked for logs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_LEAST_DAYS = 90
_KEY, _RETENTION, _RULES = "KmsKeyId", "RetentionInDays", "LifecycleConfiguration.Rules"


def check(context: Context) -> Iterator[Violation]:
    """Marked log groups without key or with a short retention; marked buckets of data or logs that expire early."""
    for group in context.of("AWS::Logs::LogGroup"):
        if not (group.mark.tenant or group.mark.shared):
            continue
        given = context.given(group, _KEY)
        if given is None:
            yield Violation(group, _KEY, "whether a key is set depends on the deployment", undecided=True)
        elif not given:
            yield Violation(group, _KEY, "KmsKeyId is not set")
        days = context.get(group, _RETENTION)
        if context.unknown(days):
            yield Violation(group, _RETENTION, "how long they are kept depends on the deployment", undecided=True)
        elif isinstance(days, int) and days < _LEAST_DAYS:
            yield Violation(group, _RETENTION, f"the logs are gone after {days} day{'s' if days > 1 else ''}")
    for bucket in context.buckets:
        if bucket.mark.part in ("data-bucket", "log-bucket", "trail-bucket"):
            yield from _expiring(context, bucket)


def _expiring(context: Context, bucket: Resource) -> Iterator[Violation]:
    rules = context.get(bucket, _RULES)
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        days = rule.get("ExpirationInDays") if isinstance(rule, Mapping) else None
        if context.unknown(days):
            where = f"{_RULES}[{index}]"
            yield Violation(bucket, where, "how long objects are kept depends on the deployment", undecided=True)
        elif isinstance(days, int) and days < _LEAST_DAYS and not rule.get("Prefix") and not rule.get("TagFilters"):
            yield Violation(bucket, f"{_RULES}[{index}]", f"everything in it is gone after {days} days")


RULE = Rule(
    id="EMRG453",
    name="records-without-key-or-retention",
    severity="warning",
    title="Log group or bucket of records that is not kept for ninety days under the tenant's key",
    rationale=__doc__,
    mend="Set KmsKeyId, and a retention of at least 90 days.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    frameworks={"NIST 800-53 r5": ("AU-11", "AU-9(3)"), "PCI DSS 4.0": ("10.5.1",)},
    check=check,
)
