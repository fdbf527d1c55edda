"""An idle application keeps its pre-initialized workers and, with Livy or notebooks, its sessions.

With auto-stop off, or after hours only, it is billed for and reachable while nobody works.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "AutoStopConfiguration"
_LONGEST = 60


def check(context: Context) -> Iterator[Violation]:
    """Applications whose auto-stop is off or takes longer than an hour."""
    for application in context.applications:
        enabled = context.get(application, f"{_PROPERTY}.Enabled")
        minutes = context.get(application, f"{_PROPERTY}.IdleTimeoutMinutes")
        if enabled is not None and context.flag(enabled) is False:
            yield Violation(application, _PROPERTY, "Enabled is false")
        elif context.unknown(enabled) or context.unknown(minutes):
            yield Violation(application, _PROPERTY, "auto-stop depends on the deployment", undecided=True)
        elif minutes is not None and sizes.number(minutes) > _LONGEST:
            yield Violation(application, _PROPERTY, f"IdleTimeoutMinutes is {minutes}")


RULE = Rule(
    id="EMRG503",
    name="application-without-auto-stop",
    severity="warning",
    title="Application that does not stop by itself soon",
    rationale=__doc__,
    mend="Leave AutoStopConfiguration on with an IdleTimeoutMinutes of at most 60.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html",
    frameworks={"AWS Well-Architected": ("COST09-BP03",)},
    check=check,
)
