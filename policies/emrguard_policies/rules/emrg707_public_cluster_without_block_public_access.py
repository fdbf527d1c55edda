"""Block public access of EMR refuses clusters whose security groups are open to the world. Who changed it, and when?

It is a setting of the account and Region, on unless somebody turned it off, with an exception for SSH. A cluster in a
public subnet relies on it. CloudFormation has no type for it: a custom resource that calls
`PutBlockPublicAccessConfiguration` makes sure.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import clusters, custom_resources, subnets
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_CALL = "putblockpublicaccessconfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Clusters in subnets that are, or may be, public, where nothing in the assembly sets block public access."""
    said = custom_resources.anywhere(context).says(_CALL) if context.of(clusters.CLUSTER) else True
    for cluster in () if said else context.of(clusters.CLUSTER):
        found = list(clusters.subnets(context, cluster))
        reasons = [reason for _, subnet in found if subnet is not None for reason in subnets.public(context, subnet)]
        if any(not reason.undecided for reason in reasons) and said is False:
            message = "the cluster is in a public subnet, and nothing in the assembly sets block public access"
            yield Violation(cluster, "", message)
        elif reasons or any(subnet is None for _, subnet in found):
            message = "whether the cluster relies on block public access depends on the deployment"
            yield Violation(cluster, "", message, undecided=True)


RULE = Rule(
    id="EMRG707",
    name="public-cluster-without-block-public-access",
    severity="warning",
    title="Public EMR cluster that relies on an account setting which nothing here makes",
    rationale=__doc__,
    mend="Call PutBlockPublicAccessConfiguration with BlockPublicSecurityGroupRules true by a custom resource.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-block-public-access.html",
    frameworks={"NIST 800-53 r5": ("SC-7",), "AWS Foundational Security Best Practices": ("EMR.2",)},
    check=check,
)
