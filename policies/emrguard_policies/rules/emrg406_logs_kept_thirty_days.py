"""Managed storage keeps logs for 30 days and cannot be searched. An incident is often found later than that."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MONITORING = "MonitoringConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Applications whose only log sink is managed storage."""
    for application in context.applications:
        managed = context.get(application, f"{_MONITORING}.ManagedPersistenceMonitoringConfiguration.Enabled")
        s3 = context.given(application, f"{_MONITORING}.S3MonitoringConfiguration.LogUri")
        cloudwatch = context.get(application, f"{_MONITORING}.CloudWatchLoggingConfiguration.Enabled")
        if s3 or context.flag(cloudwatch) or (managed is not None and context.flag(managed) is False):
            continue
        if s3 is None or context.unknown(cloudwatch) or context.unknown(managed):
            yield Violation(application, _MONITORING, "where the logs go depends on the deployment", undecided=True)
        else:
            yield Violation(application, _MONITORING, "neither S3 nor CloudWatch takes the logs: gone after 30 days")


RULE = Rule(
    id="EMRG406",
    name="logs-kept-thirty-days",
    severity="warning",
    title="Logs of jobs in managed storage only",
    rationale=__doc__,
    mend="Log to S3 or CloudWatch, too, with the tenant's key and a retention of your choice.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-11",)},
    check=check,
)
