"""Whoever opens a notebook or a Livy session types code. In the network of the service nothing watches where it goes.

In a VPC of your own the security group, the endpoint policies and the flow logs hold and record what such code does.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.interactive import enabled

_PROPERTY = "InteractiveConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Applications for interactive use without subnets of their own."""
    for application in context.applications:
        features = enabled(context, application)
        subnets = context.get(application, "NetworkConfiguration.SubnetIds")
        if not features or (subnets and not context.unknown(subnets)):
            continue
        names = ", ".join(features)
        if (subnets is None or subnets == []) and any(features.values()):
            yield Violation(application, _PROPERTY, f"{names} without NetworkConfiguration.SubnetIds")
        elif context.given(application, "NetworkConfiguration.SubnetIds") is not True:
            yield Violation(application, _PROPERTY, f"{names} may be on, maybe without subnets", undecided=True)


RULE = Rule(
    id="EMRG604",
    name="interactive-use-without-network",
    severity="error",
    title="Interactive use without a network that holds it",
    rationale=__doc__,
    mend="Give the application a NetworkConfiguration, or turn interactive use off.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
