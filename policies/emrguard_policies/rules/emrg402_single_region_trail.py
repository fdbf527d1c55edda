"""Whoever holds credentials of the account can use them in a Region that nobody watches.

Global services such as IAM and STS record in us-east-1 only: a trail of another Region misses them.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import switches
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Trails with the setting off."""
    return switches.off(context, context.of("AWS::CloudTrail::Trail"), "IsMultiRegionTrail")


RULE = Rule(
    id="EMRG402",
    name="single-region-trail",
    severity="error",
    title="Trail of a single Region",
    rationale=__doc__,
    mend="Set IsMultiRegionTrail to true.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html",
    frameworks={
        "AWS Well-Architected": ("SEC04-BP01",),
        "NIST 800-53 r5": ("AU-12",),
        "CIS AWS Foundations 3.0": ("3.1",),
    },
    check=check,
)
