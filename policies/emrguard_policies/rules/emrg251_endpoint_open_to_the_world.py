"""A group that no application uses today can be attached tomorrow, and a group of endpoints guards the way to the keys.

Groups of applications have rules of their own, EMRG203 and EMRG204; this one judges the other groups that are marked as
a tenant's, those of its endpoints above all. A group without `SecurityGroupEgress` lets all traffic out.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import security_groups
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Marked groups that are no application's and have an open rule, or no rule for egress."""
    used = {group for application in context.applications for _, group in context.security_groups(application)}
    for group in context.of("AWS::EC2::SecurityGroup"):
        if group in used or not group.mark.tenant:
            continue
        if not context.get(group, "SecurityGroupEgress"):
            yield Violation(group, "SecurityGroupEgress", "SecurityGroupEgress is not set: EC2 lets all traffic out")
        for direction in ("Ingress", "Egress"):
            yield from security_groups.open_rules(context, group, direction)


RULE = Rule(
    id="EMRG251",
    name="endpoint-open-to-the-world",
    severity="error",
    title="Security group of a tenant that is open to anywhere, in or out",
    rationale=__doc__,
    mend="Name the source security group, and for egress a rule that lets nothing through.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP02",), "NIST 800-53 r5": ("SC-7(5)",)},
    check=check,
)
