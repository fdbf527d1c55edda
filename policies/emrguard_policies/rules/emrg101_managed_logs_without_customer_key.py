"""EMR Serverless keeps logs of every job for 30 days in storage of the service, unless told otherwise.

Driver and executor logs hold samples of data and stack traces with values. Without a key of yours nobody can revoke
access to them, and no record in CloudTrail shows who decrypted them.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SINK = "MonitoringConfiguration.ManagedPersistenceMonitoringConfiguration"
_PROPERTY = f"{_SINK}.EncryptionKeyArn"


def check(context: Context) -> Iterator[Violation]:
    """Applications with managed logs (the default) and no key for them."""
    for application in context.applications:
        enabled = context.get(application, f"{_SINK}.Enabled")
        if enabled is not None and context.flag(enabled) is False:
            continue
        given = context.given(application, _PROPERTY)
        if given is None:
            yield Violation(application, _PROPERTY, "whether a key is set depends on the deployment", undecided=True)
        elif not given:
            yield Violation(application, _PROPERTY, "managed logs are on and EncryptionKeyArn is not set")


RULE = Rule(
    id="EMRG101",
    name="managed-logs-without-customer-key",
    severity="error",
    title="Managed log storage without a customer managed key",
    rationale=__doc__,
    mend=(
        "Set MonitoringConfiguration.ManagedPersistenceMonitoringConfiguration.EncryptionKeyArn to the ARN of "
        "the tenant's key."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)", "AU-9(3)")},
    check=check,
)
