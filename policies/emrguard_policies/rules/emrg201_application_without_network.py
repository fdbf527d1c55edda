"""Without a network configuration the workers of an application run outside of any VPC of yours.

Then no security group, no VPC endpoint policy and no flow log stands between a job and every bucket and service of the
Region that its credentials reach: a malicious dependency can send data to the bucket of a stranger. No IAM condition
can require a VPC, so the template is the place to enforce it.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "NetworkConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Applications without subnets."""
    for application in context.applications:
        network = context.get(application, _PROPERTY)
        subnets = context.get(application, f"{_PROPERTY}.SubnetIds")
        if context.unknown(network) or context.unknown(subnets):
            yield Violation(application, _PROPERTY, "the subnets depend on the deployment", undecided=True)
        elif not subnets:
            yield Violation(application, _PROPERTY, f"{_PROPERTY} names no subnet: the workers run outside of any VPC")


RULE = Rule(
    id="EMRG201",
    name="application-without-network",
    severity="error",
    title="Application without network configuration (no VPC)",
    rationale=__doc__,
    mend="Set NetworkConfiguration with private subnets in two Availability Zones and a security group.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("AC-4", "SC-7")},
    check=check,
)
