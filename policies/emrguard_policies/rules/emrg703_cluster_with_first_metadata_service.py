"""With IMDSv1 whoever makes a process on a node fetch a URL gets the credentials of the node's role.

IMDSv2 wants a token first, which such a request cannot get.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "SecurityConfiguration.InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion"


def check(context: Context) -> Iterator[Violation]:
    """Security configurations of EMR on EC2 that do not demand version 2 of the metadata service."""
    for configuration in context.of("AWS::EMR::SecurityConfiguration"):
        value = context.get(configuration, _PROPERTY)
        if context.unknown(value):
            yield Violation(configuration, _PROPERTY, "the version depends on the deployment", undecided=True)
        elif value is None or not sizes.number(value) >= 2:
            found = "is not set, so nodes take IMDSv1" if value is None else f"is {value}"
            yield Violation(configuration, _PROPERTY, f"MinimumInstanceMetadataServiceVersion {found}")


RULE = Rule(
    id="EMRG703",
    name="cluster-with-first-metadata-service",
    severity="error",
    title="Security configuration of EMR on EC2 that takes IMDSv1",
    rationale=__doc__,
    mend="Set MinimumInstanceMetadataServiceVersion to 2 and HttpPutResponseHopLimit to 1.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-create-security-configuration.html",
    frameworks={"NIST 800-53 r5": ("AC-3",)},
    check=check,
)
