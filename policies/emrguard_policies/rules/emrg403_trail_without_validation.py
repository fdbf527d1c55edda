"""With validation CloudTrail signs a digest of its files each hour: a changed or deleted file shows."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import switches
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Trails with the setting off."""
    return switches.off(context, context.of("AWS::CloudTrail::Trail"), "EnableLogFileValidation")


RULE = Rule(
    id="EMRG403",
    name="trail-without-validation",
    severity="error",
    title="Trail whose files may be changed unnoticed",
    rationale=__doc__,
    mend="Set EnableLogFileValidation to true.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
    frameworks={
        "AWS Well-Architected": ("SEC04-BP01",),
        "NIST 800-53 r5": ("AU-9",),
        "CIS AWS Foundations 3.0": ("3.2",),
    },
    check=check,
)
