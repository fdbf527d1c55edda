"""Without `LogUri` the logs of steps and daemons are on the nodes only and go with the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "LogUri"


def check(context: Context) -> Iterator[Violation]:
    """Clusters that keep their logs nowhere."""
    for cluster in context.of("AWS::EMR::Cluster"):
        given = context.given(cluster, _PROPERTY)
        if given is None:
            yield Violation(cluster, _PROPERTY, "whether logs are kept depends on the deployment", undecided=True)
        elif not given:
            yield Violation(cluster, _PROPERTY, "LogUri is not set")


RULE = Rule(
    id="EMRG705",
    name="cluster-without-logs",
    severity="warning",
    title="EMR cluster whose logs are kept nowhere",
    rationale=__doc__,
    mend="Set LogUri to a bucket with encryption and a retention of your choice.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-debugging.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-12",)},
    check=check,
)
