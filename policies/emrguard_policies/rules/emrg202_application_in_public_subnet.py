"""A subnet with a route to an internet gateway, or one that hands out public addresses, faces the internet.

EMR Serverless needs neither: a private subnet with VPC endpoints reaches what a job needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import subnets
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Subnets of applications that are public, and subnets outside of the assembly."""
    judged: set[Resource] = set()
    for application in context.applications:
        for where, subnet in context.subnets(application):
            if subnet is None:
                yield Violation(application, where, "the subnet is not in the assembly", undecided=True)
            elif subnet not in judged:
                judged.add(subnet)
                yield from subnets.public(context, subnet)


RULE = Rule(
    id="EMRG202",
    name="application-in-public-subnet",
    severity="error",
    title="Application in a public subnet",
    rationale=__doc__,
    mend=(
        "Use private subnets: no route to an internet gateway, MapPublicIpOnLaunch not true; reach AWS "
        "services by VPC endpoints."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
