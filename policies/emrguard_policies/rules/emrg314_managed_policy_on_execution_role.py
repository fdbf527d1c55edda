"""A managed policy of AWS knows no tenant: its resources are `*`, and AWS widens it when services grow.

A policy that stands outside of the assembly cannot be judged with it. Its rights come on top of all others.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "ManagedPolicyArns"


def check(context: Context) -> Iterator[Violation]:
    """Managed policies on execution roles that the assembly does not define."""
    for role in context.execution_roles:
        listed = context.get(role, _PROPERTY)
        for index, arn in enumerate(listed if isinstance(listed, list) else [] if listed is None else [listed]):
            where = f"{_PROPERTY}[{index}]" if isinstance(listed, list) else _PROPERTY
            if isinstance(arn, str) and ":iam::aws:policy/" in arn:
                yield Violation(role, where, f"found {context.shown(arn)}")
            elif not isinstance(arn, str) or context.resolver.find(arn) is None:
                yield Violation(role, where, f"{context.shown(arn)} is not in the assembly", undecided=True)


RULE = Rule(
    id="EMRG314",
    name="managed-policy-on-execution-role",
    severity="error",
    title="Execution role with a managed policy of AWS",
    rationale=__doc__,
    mend="Write a policy that names the tenant's resources, and attach that.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
