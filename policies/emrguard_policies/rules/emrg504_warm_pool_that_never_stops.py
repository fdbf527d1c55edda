"""Pre-initialized workers are billed for all the time that the application is started, idle or not.

With auto-stop off that is for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Applications with initial capacity that nothing stops."""
    for application in context.applications:
        capacity = context.get(application, "InitialCapacity")
        enabled = context.get(application, "AutoStopConfiguration.Enabled")
        if not capacity or enabled is None or context.flag(enabled):
            continue
        if not isinstance(capacity, list) or context.flag(enabled) is None:
            yield Violation(application, "InitialCapacity", "it depends on the deployment", undecided=True)
        else:
            found = f"{len(capacity)} kinds of workers wait, and AutoStopConfiguration.Enabled is false"
            yield Violation(application, "InitialCapacity", found)


RULE = Rule(
    id="EMRG504",
    name="warm-pool-that-never-stops",
    severity="error",
    title="Pre-initialized workers with auto-stop off",
    rationale=__doc__,
    mend="Turn auto-stop on, or drop InitialCapacity.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/pre-init-capacity.html",
    frameworks={"AWS Well-Architected": ("COST09-BP03",)},
    check=check,
)
