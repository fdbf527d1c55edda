"""The trail tells who did what with which tenant's data. Its own key decides who may read that."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "KMSKeyId"


def check(context: Context) -> Iterator[Violation]:
    """Trails without a key."""
    for trail in context.of("AWS::CloudTrail::Trail"):
        given = context.given(trail, _PROPERTY)
        if given is None:
            yield Violation(trail, _PROPERTY, "whether a key is set depends on the deployment", undecided=True)
        elif not given:
            yield Violation(trail, _PROPERTY, "KMSKeyId is not set")


RULE = Rule(
    id="EMRG404",
    name="trail-without-customer-key",
    severity="error",
    title="Trail without a customer managed key",
    rationale=__doc__,
    mend="Set KMSKeyId to a key of the platform, not of a tenant.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    frameworks={
        "AWS Well-Architected": ("SEC08-BP02",),
        "NIST 800-53 r5": ("AU-9(3)", "SC-28(1)"),
        "CIS AWS Foundations 3.0": ("3.5",),
    },
    check=check,
)
