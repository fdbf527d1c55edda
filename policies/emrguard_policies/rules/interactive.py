"""The ways to run code in an application by hand."""

from __future__ import annotations

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.context import Context

ACTIONS = {
    "StudioEnabled": "emr-serverless:AccessInteractiveEndpoints",
    "LivyEndpointEnabled": "emr-serverless:AccessLivyEndpoints",
    "SessionEnabled": "emr-serverless:StartSession",
}
"""By the setting in `InteractiveConfiguration`, the action that opens it:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html
"""


def enabled(context: Context, application: Resource) -> dict[str, bool]:
    """The settings that are on (True), and those that may be on (False), of an application."""
    found = {name: context.get(application, f"InteractiveConfiguration.{name}") for name in ACTIONS}
    return {
        name: context.flag(value) is True
        for name, value in found.items()
        if value is not None and context.flag(value) is not False
    }
