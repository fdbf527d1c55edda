"""Without `MaximumCapacity` one job may take all vCPUs of the account's quota: the other tenants wait, you pay.

It is the only ceiling of cost that an application has.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "MaximumCapacity"


def check(context: Context) -> Iterator[Violation]:
    """Applications without a ceiling for CPU and memory."""
    for application in context.applications:
        given = [context.given(application, f"{_PROPERTY}.{part}") for part in ("Cpu", "Memory")]
        if None in given:
            yield Violation(
                application, _PROPERTY, "whether a maximum is set depends on the deployment", undecided=True
            )
        elif not all(given):
            yield Violation(application, _PROPERTY, "MaximumCapacity is not set")


RULE = Rule(
    id="EMRG501",
    name="application-without-maximum-capacity",
    severity="error",
    title="Application without a maximum capacity",
    rationale=__doc__,
    mend="Set MaximumCapacity with Cpu, Memory and Disk.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html",
    frameworks={"AWS Well-Architected": ("REL01-BP01",), "NIST 800-53 r5": ("SC-6",)},
    check=check,
)
