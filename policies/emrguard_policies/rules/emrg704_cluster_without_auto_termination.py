"""A cluster that stays when its steps are done is billed, and reachable, until somebody remembers it."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "AutoTerminationPolicy"
_KEPT = "Instances.KeepJobFlowAliveWhenNoSteps"


def check(context: Context) -> Iterator[Violation]:
    """Clusters that stay alive without steps and have no policy to end them."""
    for cluster in context.of("AWS::EMR::Cluster"):
        kept, given = context.get(cluster, _KEPT), context.given(cluster, _PROPERTY)
        if kept is None or context.flag(kept) is False or given:
            continue
        if context.flag(kept) is None or given is None:
            yield Violation(cluster, _PROPERTY, "whether the cluster ends depends on the deployment", undecided=True)
        else:
            yield Violation(cluster, _PROPERTY, "KeepJobFlowAliveWhenNoSteps is true, AutoTerminationPolicy is not set")


RULE = Rule(
    id="EMRG704",
    name="cluster-without-auto-termination",
    severity="warning",
    title="EMR cluster that never ends by itself",
    rationale=__doc__,
    mend="Set AutoTerminationPolicy with an IdleTimeout, or let the cluster end after its steps.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-auto-termination-policy.html",
    frameworks={"AWS Well-Architected": ("COST09-BP03",)},
    check=check,
)
