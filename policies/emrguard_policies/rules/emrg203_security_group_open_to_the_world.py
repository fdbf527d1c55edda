"""EMR Serverless refuses to create, update or start an application whose security group lets anybody in.

A group that was closed when the application was created and is opened later stops the application at its next start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_ANYWHERE = ("0.0.0.0/0", "::/0")


def check(context: Context) -> Iterator[Violation]:
    """Security groups of applications that let traffic in from anywhere."""
    judged: set[Resource] = set()
    for application in context.applications:
        for where, group in context.security_groups(application):
            if group is None:
                yield Violation(application, where, "the security group is not in the assembly", undecided=True)
            elif group not in judged:
                judged.add(group)
                yield from _judge(context, group)


def _judge(context: Context, group: Resource) -> Iterator[Violation]:
    for resource, where, item in context.security_group_rules(group, "Ingress"):
        source = [item.get(key) for key in ("CidrIp", "CidrIpv6")] if isinstance(item, Mapping) else [item]
        found = [address for address in source if address in _ANYWHERE]
        if found:
            yield Violation(resource, where, f"ingress from {found[0]}")
        elif any(context.unknown(address) for address in source):
            yield Violation(resource, where, "the source of a rule depends on the deployment", undecided=True)


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
