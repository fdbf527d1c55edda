"""Notebooks hold code, and the results that it printed. EMR Studio keeps them in S3.

Without `EncryptionKeyArn` they are encrypted with a key of the service, which no key policy of yours guards.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "EncryptionKeyArn"


def check(context: Context) -> Iterator[Violation]:
    """Studios that name no key for their workspaces."""
    for studio in context.of("AWS::EMR::Studio"):
        given = context.given(studio, _PROPERTY)
        if given is None:
            yield Violation(studio, _PROPERTY, "whether a key is set depends on the deployment", undecided=True)
        elif not given:
            yield Violation(studio, _PROPERTY, "EncryptionKeyArn is not set")


RULE = Rule(
    id="EMRG607",
    name="studio-without-customer-key",
    severity="error",
    title="EMR Studio whose workspaces have no customer managed key",
    rationale=__doc__,
    mend="Set EncryptionKeyArn to the ARN of a key of yours.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-studio-workspace-storage-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)",)},
    check=check,
)
