"""The primary node of a cluster runs YARN, Livy and more on open ports, each of them without a password.

A security group with ingress from anywhere gives the cluster to whoever finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import clusters, security_groups
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Security groups of primary nodes that let traffic in from anywhere, and groups outside of the assembly."""
    judged: set[Resource] = set()
    for cluster in context.of(clusters.CLUSTER):
        for where, group in clusters.security_groups(context, cluster):
            if group is None:
                yield Violation(cluster, where, "the security group is not in the assembly", undecided=True)
            elif group not in judged:
                judged.add(group)
                yield from security_groups.open_rules(context, group, "Ingress")


RULE = Rule(
    id="EMRG709",
    name="cluster-open-to-the-world",
    severity="error",
    title="Primary node of an EMR cluster with ingress from anywhere",
    rationale=__doc__,
    mend="Remove the rule, or name the group or addresses that need access; use Session Manager for a shell.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-man-sec-groups.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP02",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
