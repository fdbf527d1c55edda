"""`MaxConcurrentRuns` is 1 to 1000, `QueueTimeoutMinutes` 15 to 720. CloudFormation's schema does not check them.

The stack fails when it is deployed, after everything before it was created.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_RANGES = {
    "SchedulerConfiguration.MaxConcurrentRuns": (1, 1000),
    "SchedulerConfiguration.QueueTimeoutMinutes": (15, 720),
}


def check(context: Context) -> Iterator[Violation]:
    """Applications whose queue settings are out of range."""
    for application in context.applications:
        for path, (low, high) in _RANGES.items():
            value = context.get(application, path)
            if value is None:
                continue
            if context.unknown(value):
                yield Violation(application, path, "the value depends on the deployment", undecided=True)
            elif not low <= sizes.number(value) <= high:
                yield Violation(application, path, f"found {value}; {low} to {high} are allowed")


RULE = Rule(
    id="EMRG508",
    name="queue-settings-out-of-range",
    severity="error",
    title="Queue settings that the service refuses",
    rationale=__doc__,
    mend="Choose values within the ranges.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/applications-concurrency-queuing.html",
    check=check,
)
