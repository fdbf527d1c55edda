"""Every call of EMR Serverless is a management event of CloudTrail; without a trail it is gone after 90 days.

A trail of the organization may exist elsewhere. Then declare it with the construct `OrganizationTrail`, or acknowledge
this finding with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """One finding for the assembly, at its first application."""
    if not context.applications or context.declared("organization-trail"):
        return
    logging = [context.get(trail, "IsLogging") for trail in context.of("AWS::CloudTrail::Trail")]
    if any(context.flag(value) for value in logging):
        return
    first = context.applications[0]
    if any(map(context.unknown, logging)):
        yield Violation(first, "", "whether the trail is logging depends on the deployment", undecided=True)
    else:
        count = len(context.applications)
        state = "the trail is not logging" if logging else "no trail"
        yield Violation(first, "", f"{count} application{'s' if count > 1 else ''} and {state} in the assembly")


RULE = Rule(
    id="EMRG401",
    name="no-trail",
    severity="warning",
    title="Applications without a trail in the same assembly",
    rationale=__doc__,
    mend="Add an AWS::CloudTrail::Trail, or declare the trail that records this account (OrganizationTrail).",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail.html",
    frameworks={
        "AWS Well-Architected": ("SEC04-BP01",),
        "NIST 800-53 r5": ("AU-2", "AU-12"),
        "CIS AWS Foundations 3.0": ("3.1",),
    },
    check=check,
)
