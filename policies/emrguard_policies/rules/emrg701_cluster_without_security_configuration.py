"""A cluster of EMR on EC2 encrypts nothing and takes IMDSv1 unless a security configuration says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "SecurityConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Clusters that name no security configuration."""
    for cluster in context.of("AWS::EMR::Cluster"):
        given = context.given(cluster, _PROPERTY)
        if given is None:
            yield Violation(cluster, _PROPERTY, "whether one is set depends on the deployment", undecided=True)
        elif not given:
            yield Violation(cluster, _PROPERTY, "SecurityConfiguration is not set")


RULE = Rule(
    id="EMRG701",
    name="cluster-without-security-configuration",
    severity="error",
    title="EMR cluster without a security configuration",
    rationale=__doc__,
    mend="Add an AWS::EMR::SecurityConfiguration with encryption at rest and in transit, and name it.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-security-configurations.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02", "SEC09-BP02"), "NIST 800-53 r5": ("SC-28", "SC-8")},
    check=check,
)
