"""CloudWatch Logs encrypts with a key of the service unless the log group or the application names one.

A log group that carries its key already needs none in the application, and then the execution role needs no
`logs:AssociateKmsKey`.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SINK = "MonitoringConfiguration.CloudWatchLoggingConfiguration"
_PROPERTY = f"{_SINK}.EncryptionKeyArn"


def check(context: Context) -> Iterator[Violation]:
    """Applications that log to CloudWatch with a key neither in the application nor on the log group."""
    for application in context.applications:
        enabled = context.get(application, f"{_SINK}.Enabled")
        if enabled is None or context.flag(enabled) is False:
            continue
        given = context.given(application, _PROPERTY)
        group = context.log_group(application)
        if not given and group is not None:
            given = context.given(group, "KmsKeyId") or given
        if given is None:
            yield Violation(application, _PROPERTY, "whether a key is set depends on the deployment", undecided=True)
        elif not given:
            where = "the log group has none" if group is not None else "the log group is not in the assembly"
            yield Violation(application, _PROPERTY, f"EncryptionKeyArn is not set, and {where}")


RULE = Rule(
    id="EMRG103",
    name="cloudwatch-logs-without-customer-key",
    severity="error",
    title="Logs in CloudWatch without a customer managed key",
    rationale=__doc__,
    mend="Give the log group a KmsKeyId, or set CloudWatchLoggingConfiguration.EncryptionKeyArn.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)", "AU-9(3)")},
    check=check,
)
