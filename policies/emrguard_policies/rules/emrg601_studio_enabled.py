"""A notebook runs whatever is typed into it, with all rights of the execution role, outside of any review of jobs.

An application that production jobs share should not have it.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import switches
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Applications with StudioEnabled."""
    return switches.on(context, context.applications, "InteractiveConfiguration.StudioEnabled")


RULE = Rule(
    id="EMRG601",
    name="studio-enabled",
    severity="warning",
    title="EMR Studio notebooks open on an application",
    rationale=__doc__,
    mend="Turn StudioEnabled off, or acknowledge with the personas and the network that use it.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02", "SEC05-BP01"), "NIST 800-53 r5": ("CM-7",)},
    check=check,
)
