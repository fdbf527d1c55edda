"""Without `SecurityGroupIds` the workers get the default group of the VPC, which lets all traffic out.

Everything else in the VPC that nobody gave a group shares it, and may talk to the workers.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "NetworkConfiguration.SecurityGroupIds"


def check(context: Context) -> Iterator[Violation]:
    """Applications with subnets and without security groups."""
    for application in context.applications:
        if not context.get(application, "NetworkConfiguration.SubnetIds"):
            continue
        groups = context.get(application, _PROPERTY)
        given = context.given(application, _PROPERTY)
        if given is None:
            yield Violation(application, _PROPERTY, "the security groups depend on the deployment", undecided=True)
        elif not groups:
            yield Violation(application, _PROPERTY, "no security group is named: the default one of the VPC is used")


RULE = Rule(
    id="EMRG252",
    name="application-without-security-group",
    severity="warning",
    title="Application in a VPC without a security group of its own",
    rationale=__doc__,
    mend="Name a security group whose rules say where the workers may go.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP02",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
