"""The endpoint takes code over HTTPS from whoever holds `emr-serverless:AccessLivyEndpoints` and may pass a role.

An application that production jobs share should not have it, and its VPC should reach it by an endpoint only.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import switches
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Applications with LivyEndpointEnabled."""
    return switches.on(context, context.applications, "InteractiveConfiguration.LivyEndpointEnabled")


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
