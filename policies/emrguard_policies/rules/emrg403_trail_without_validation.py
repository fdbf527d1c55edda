"""With validation CloudTrail signs a digest of its files each hour: a changed or deleted file shows."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "EnableLogFileValidation"


def check(context: Context) -> Iterator[Violation]:
    """Trails with the setting off."""
    for trail in context.of("AWS::CloudTrail::Trail"):
        value = context.get(trail, _PROPERTY)
        if context.unknown(value):
            yield Violation(trail, _PROPERTY, f"{_PROPERTY} depends on the deployment", undecided=True)
        elif context.flag(value) is not True:
            yield Violation(trail, _PROPERTY, f"{_PROPERTY} is {'not set' if value is None else context.shown(value)}")


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
