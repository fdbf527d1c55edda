"""In a public subnet the primary node gets a public address. Its web interfaces and SSH are one rule from the internet.

A private subnet with VPC endpoints serves a cluster as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import clusters, subnets
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Clusters with a public subnet, and with one outside of the assembly."""
    for cluster in context.of(clusters.CLUSTER):
        for where, subnet in clusters.subnets(context, cluster):
            if subnet is None:
                yield Violation(cluster, where, "the subnet is not in the assembly", undecided=True)
                continue
            for found in subnets.public(context, subnet):
                message = f"subnet {subnet.logical_id}: {found.message}"
                yield Violation(cluster, where, message, undecided=found.undecided)


RULE = Rule(
    id="EMRG706",
    name="cluster-with-public-primary-node",
    severity="error",
    title="EMR cluster in a public subnet",
    rationale=__doc__,
    mend="Name private subnets in Instances.Ec2SubnetIds, and a ServiceAccessSecurityGroup.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-vpc-private-subnet.html",
    frameworks={
        "AWS Well-Architected": ("SEC05-BP01",),
        "NIST 800-53 r5": ("AC-4", "SC-7"),
        "AWS Foundational Security Best Practices": ("EMR.1",),
    },
    check=check,
)
