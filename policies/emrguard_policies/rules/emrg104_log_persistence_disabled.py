"""With managed logs off and neither S3 nor CloudWatch set, the output of a job is gone when its workers stop.

Nobody can then tell what a job read, wrote or printed, and the Spark UI of a finished job stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MONITORING = "MonitoringConfiguration"
_MANAGED = f"{_MONITORING}.ManagedPersistenceMonitoringConfiguration.Enabled"


def check(context: Context) -> Iterator[Violation]:
    """Applications with every log sink off."""
    for application in context.applications:
        managed = context.get(application, _MANAGED)
        s3 = context.given(application, f"{_MONITORING}.S3MonitoringConfiguration.LogUri")
        cloudwatch = context.get(application, f"{_MONITORING}.CloudWatchLoggingConfiguration.Enabled")
        if s3 or context.flag(cloudwatch) or managed is None or context.flag(managed):
            continue
        if context.flag(managed) is None or s3 is None or context.unknown(cloudwatch):
            yield Violation(application, _MANAGED, "whether any log is kept depends on the deployment", undecided=True)
        else:
            yield Violation(application, _MANAGED, "Enabled is false, and neither S3 nor CloudWatch takes the logs")


RULE = Rule(
    id="EMRG104",
    name="log-persistence-disabled",
    severity="error",
    title="Application that keeps no logs at all",
    rationale=__doc__,
    mend="Turn managed persistence on, or log to S3 or CloudWatch with the tenant's key.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-12",)},
    check=check,
)
