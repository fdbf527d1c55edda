"""A job runs within one subnet; with a second one in another zone the service can place it elsewhere.

One subnet means that a zone without capacity, or without free addresses, stops every job.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "NetworkConfiguration.SubnetIds"


def check(context: Context) -> Iterator[Violation]:
    """Applications whose subnets are all in one zone."""
    for application in context.applications:
        listed = context.get(application, _PROPERTY)
        if context.unknown(listed):
            yield Violation(application, _PROPERTY, "the subnets depend on the deployment", undecided=True)
            continue
        if not isinstance(listed, list) or not listed:
            continue
        if len(listed) == 1:
            yield Violation(application, _PROPERTY, "one subnet is named")
            continue
        zones = [context.get(subnet, "AvailabilityZone") for _, subnet in context.subnets(application) if subnet]
        if len(zones) == len(listed) and None not in zones and len(set(map(str, zones))) == 1:
            yield Violation(application, _PROPERTY, f"{len(zones)} subnets, all in {context.shown(zones[0])}")


RULE = Rule(
    id="EMRG206",
    name="application-in-one-zone",
    severity="warning",
    title="Application in a single Availability Zone",
    rationale=__doc__,
    mend="Name subnets of at least two Availability Zones.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("REL10-BP01",)},
    check=check,
)
