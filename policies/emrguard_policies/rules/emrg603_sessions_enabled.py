"""`GetSessionEndpoint` counts as a read, yet its token runs code with the rights of the session's role.

What goes through the session is not in CloudTrail. Open it only where nobody holds read-all policies.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import switches
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Applications with SessionEnabled."""
    return switches.on(context, context.applications, "InteractiveConfiguration.SessionEnabled")


RULE = Rule(
    id="EMRG603",
    name="sessions-enabled",
    severity="warning",
    title="Spark Connect sessions open on an application",
    rationale=__doc__,
    mend="Turn SessionEnabled off, or acknowledge with the personas and the network that use it.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02", "SEC05-BP01"), "NIST 800-53 r5": ("CM-7",)},
    check=check,
)
