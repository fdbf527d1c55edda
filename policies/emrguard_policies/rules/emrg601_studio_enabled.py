"""A notebook runs whatever is typed into it, with all rights of the execution role, outside of any review of jobs.

An application that production jobs share should not have it.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "InteractiveConfiguration.StudioEnabled"


def check(context: Context) -> Iterator[Violation]:
    """Applications with StudioEnabled."""
    for application in context.applications:
        enabled = context.get(application, _PROPERTY)
        if context.unknown(enabled):
            yield Violation(application, _PROPERTY, "it depends on the deployment", undecided=True)
        elif context.flag(enabled):
            yield Violation(application, _PROPERTY, "StudioEnabled is true")


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
