"""Logs that an application writes to S3 without naming a key are encrypted as the service and the bucket see fit.

With the key named in the application each log object is encrypted with it, whatever the bucket's default becomes.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SINK = "MonitoringConfiguration.S3MonitoringConfiguration"
_PROPERTY = f"{_SINK}.EncryptionKeyArn"


def check(context: Context) -> Iterator[Violation]:
    """Applications that log to S3 and name no key."""
    for application in context.applications:
        if context.given(application, f"{_SINK}.LogUri") is False:
            continue
        given = context.given(application, _PROPERTY)
        if given is None:
            yield Violation(application, _PROPERTY, "whether a key is set depends on the deployment", undecided=True)
        elif not given:
            uri = context.shown(context.get(application, f"{_SINK}.LogUri"))
            yield Violation(application, _PROPERTY, f"logs go to {uri} and EncryptionKeyArn is not set")


RULE = Rule(
    id="EMRG102",
    name="s3-logs-without-customer-key",
    severity="error",
    title="Logs in S3 without a customer managed key",
    rationale=__doc__,
    mend=("Set MonitoringConfiguration.S3MonitoringConfiguration.EncryptionKeyArn to the ARN of the tenant's key."),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)", "AU-9(3)")},
    check=check,
)
