"""Graviton workers (ARM64) cost about a fifth less for the same size. Pure Python, Scala and Java jobs run unchanged.

Jobs with native libraries for x86_64 need this architecture; acknowledge then.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "Architecture"


def check(context: Context) -> Iterator[Violation]:
    """Applications that name or default to x86_64."""
    for application in context.applications:
        value = context.get(application, _PROPERTY)
        if context.unknown(value):
            yield Violation(application, _PROPERTY, "the architecture depends on the deployment", undecided=True)
        elif value != "ARM64":
            yield Violation(application, _PROPERTY, f"{value or 'not set, so X86_64'}")


RULE = Rule(
    id="EMRG505",
    name="x86-where-arm-would-serve",
    severity="info",
    title="Application on x86_64",
    rationale=__doc__,
    mend="Set Architecture to ARM64 and test the jobs.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/architecture.html",
    check=check,
)
