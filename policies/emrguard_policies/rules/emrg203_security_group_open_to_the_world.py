"""EMR Serverless refuses to create, update or start an application whose security group lets anybody in.

A group that was closed when the application was created and is opened later stops the application at its next start.
A rule that the app adds to a group of somebody else, such as that of VPC endpoints, is judged likewise.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import security_groups
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Security groups of applications that let traffic in from anywhere."""
    yield from security_groups.of_applications(context, _judge)
    yield from security_groups.open_rules_elsewhere(context, "Ingress")


def _judge(context: Context, group: Resource) -> Iterator[Violation]:
    return security_groups.open_rules(context, group, "Ingress")


RULE = Rule(
    id="EMRG203",
    name="security-group-open-to-the-world",
    severity="error",
    title="Security group of an application with ingress from anywhere",
    rationale=__doc__,
    mend="Remove the rule, or name the source security group or the addresses that need access.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP02",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
