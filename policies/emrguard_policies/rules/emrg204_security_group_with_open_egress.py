"""Open egress lets a job send data to any address that the network reaches.

A security group without `SecurityGroupEgress` has open egress, too: EC2 adds that rule. A job needs its data stores,
the VPC endpoints and the prefix lists of S3 and DynamoDB, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import security_groups
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "SecurityGroupEgress"


def check(context: Context) -> Iterator[Violation]:
    """Security groups of applications that let traffic out to anywhere."""
    return security_groups.of_applications(context, _judge)


def _judge(context: Context, group: Resource) -> Iterator[Violation]:
    listed = context.get(group, _PROPERTY)
    if not listed:
        yield Violation(group, _PROPERTY, "SecurityGroupEgress is not set: EC2 lets all traffic out")
    yield from security_groups.open_rules(context, group, "Egress")


RULE = Rule(
    id="EMRG204",
    name="security-group-with-open-egress",
    severity="error",
    title="Security group of an application with egress to anywhere",
    rationale=__doc__,
    mend=(
        "Set SecurityGroupEgress to the endpoint security groups, the prefix list of S3 and the data stores "
        "that the jobs use."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP02",), "NIST 800-53 r5": ("SC-7(5)", "AC-4")},
    check=check,
)
