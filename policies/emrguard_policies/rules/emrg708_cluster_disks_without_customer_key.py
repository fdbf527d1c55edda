"""`EnableAtRestEncryption` is a switch for what the rest of the security configuration says, and it may say little.

Local disks are encrypted with your key only with a LocalDiskEncryptionConfiguration of provider AwsKms (or Custom),
the root and storage volumes only with EnableEbsEncryption beside it, and objects in S3 only with an
S3EncryptionConfiguration.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "SecurityConfiguration.EncryptionConfiguration"
_REST = f"{_PROPERTY}.AtRestEncryptionConfiguration"
_DISKS = f"{_REST}.LocalDiskEncryptionConfiguration"
_KEYS = ("AwsKms", "Custom")


def check(context: Context) -> Iterator[Violation]:
    """Security configurations with encryption at rest on that leave disks, volumes or objects out."""
    for configuration in context.of("AWS::EMR::SecurityConfiguration"):
        if context.flag(context.get(configuration, f"{_PROPERTY}.EnableAtRestEncryption")) is not True:
            continue
        values = {
            path: context.get(configuration, path)
            for path in (
                f"{_REST}.S3EncryptionConfiguration.EncryptionMode",
                f"{_DISKS}.EncryptionKeyProviderType",
                f"{_DISKS}.EnableEbsEncryption",
            )
        }
        for path, value in values.items():
            name = path.rpartition(".")[2]
            if context.unknown(value):
                yield Violation(configuration, path, f"{name} depends on the deployment", undecided=True)
            elif value is None or (name.startswith("Enable") and context.flag(value) is not True):
                yield Violation(configuration, path, f"{name} is {'not set' if value is None else value}")
            elif name.endswith("ProviderType") and value not in _KEYS:
                yield Violation(configuration, path, f"{name} is {value}")


RULE = Rule(
    id="EMRG708",
    name="cluster-disks-without-customer-key",
    severity="error",
    title="Encryption at rest of EMR on EC2 that leaves disks, volumes or objects out",
    rationale=__doc__,
    mend="Set S3EncryptionConfiguration, and LocalDiskEncryptionConfiguration with AwsKms and EnableEbsEncryption.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-create-security-configuration.html",
    frameworks={
        "AWS Well-Architected": ("SEC08-BP02",),
        "NIST 800-53 r5": ("SC-28",),
        "AWS Foundational Security Best Practices": ("EMR.3",),
    },
    check=check,
)
