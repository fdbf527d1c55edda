"""A key is the gate that still holds when a bucket policy or an IAM policy is wrong.

Tenants that share one open each other's gate. Things that carry no tenant's mark count as one tenant an application.
A key that is shared on purpose says so in its mark (`shared`, with the reason).
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import KEY_PATHS, Context, tenant_of


def check(context: Context) -> Iterator[Violation]:
    """Keys that serve applications, buckets or log groups of two tenants."""
    for key, users in context.keys.items():
        tenants = {tenant_of(user) for user in [key, *users]} - {""}
        if len(tenants) > 1 and not key.mark.shared:
            yield Violation(key, "", f"the key serves {', '.join(sorted(tenants))}")
    unknown = [
        (application, path)
        for application in context.applications
        for path in KEY_PATHS
        if context.unknown(context.get(application, path))
    ]
    if len(context.applications) > 1:
        for application, path in unknown:
            yield Violation(application, path, "the key depends on the deployment; it may be another's", undecided=True)


RULE = Rule(
    id="EMRG110",
    name="key-shared-by-tenants",
    severity="error",
    title="One key for two tenants",
    rationale=__doc__,
    mend="Give each tenant its own key.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP01",), "NIST 800-53 r5": ("SC-12",)},
    check=check,
)
