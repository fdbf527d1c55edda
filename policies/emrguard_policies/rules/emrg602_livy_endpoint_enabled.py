"""The endpoint takes code over HTTPS from whoever holds `emr-serverless:AccessLivyEndpoints` and may pass a role.

An application that production jobs share should not have it, and its VPC should reach it by an endpoint only.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "InteractiveConfiguration.LivyEndpointEnabled"


def check(context: Context) -> Iterator[Violation]:
    """Applications with LivyEndpointEnabled."""
    for application in context.applications:
        enabled = context.get(application, _PROPERTY)
        if context.unknown(enabled):
            yield Violation(application, _PROPERTY, "it depends on the deployment", undecided=True)
        elif context.flag(enabled):
            yield Violation(application, _PROPERTY, "LivyEndpointEnabled is true")


RULE = Rule(
    id="EMRG602",
    name="livy-endpoint-enabled",
    severity="warning",
    title="Livy endpoint open on an application",
    rationale=__doc__,
    mend="Turn LivyEndpointEnabled off, or acknowledge with the personas and the network that use it.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads-livy-endpoints.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02", "SEC05-BP01"), "NIST 800-53 r5": ("CM-7",)},
    check=check,
)
