"""Logs hold samples of a tenant's data. Kept for ever they outlive the data that was deleted on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "RetentionInDays"


def check(context: Context) -> Iterator[Violation]:
    """Log groups of applications without retention."""
    for group in context.of("AWS::Logs::LogGroup"):
        if group not in context.log_groups:
            continue
        given = context.given(group, _PROPERTY)
        if given is None:
            yield Violation(group, _PROPERTY, "whether a retention is set depends on the deployment", undecided=True)
        elif not given:
            yield Violation(group, _PROPERTY, "RetentionInDays is not set")


RULE = Rule(
    id="EMRG407",
    name="log-group-without-retention",
    severity="warning",
    title="Log group of an application that keeps logs for ever",
    rationale=__doc__,
    mend="Set RetentionInDays.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    frameworks={"NIST 800-53 r5": ("AU-11", "SI-12")},
    check=check,
)
