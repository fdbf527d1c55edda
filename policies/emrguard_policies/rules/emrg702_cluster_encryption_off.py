"""A security configuration may leave encryption at rest (S3 and local disks) or in transit (TLS) off.

A cluster that names it looks guarded, and is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "SecurityConfiguration.EncryptionConfiguration"
_SWITCHES = ("EnableAtRestEncryption", "EnableInTransitEncryption")


def check(context: Context) -> Iterator[Violation]:
    """Security configurations of EMR on EC2 that leave encryption at rest or in transit off."""
    for configuration in context.of("AWS::EMR::SecurityConfiguration"):
        for name in _SWITCHES:
            where = f"{_PROPERTY}.{name}"
            value = context.get(configuration, where)
            if context.unknown(value):
                yield Violation(configuration, where, f"{name} depends on the deployment", undecided=True)
            elif context.flag(value) is not True:
                yield Violation(configuration, where, f"{name} is not true")


RULE = Rule(
    id="EMRG702",
    name="cluster-encryption-off",
    severity="error",
    title="Security configuration of EMR on EC2 without encryption at rest or in transit",
    rationale=__doc__,
    mend="Set EnableAtRestEncryption and EnableInTransitEncryption to true, with a KMS key and certificates.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-create-security-configuration.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02", "SEC09-BP02"), "NIST 800-53 r5": ("SC-28", "SC-8")},
    check=check,
)
