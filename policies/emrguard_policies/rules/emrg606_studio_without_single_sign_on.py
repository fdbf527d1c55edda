"""An EMR Studio in IAM mode lets in whoever holds a role of the account; people have no identity of their own.

In SSO mode they sign in through IAM Identity Center, with the MFA and the groups of the company, and the audit knows
who typed what.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "AuthMode"


def check(context: Context) -> Iterator[Violation]:
    """Studios that do not sign people in through IAM Identity Center."""
    for studio in context.of("AWS::EMR::Studio"):
        mode = context.get(studio, _PROPERTY)
        if context.unknown(mode):
            yield Violation(studio, _PROPERTY, "AuthMode depends on the deployment", undecided=True)
        elif mode != "SSO":
            yield Violation(studio, _PROPERTY, f"AuthMode is {mode}")


RULE = Rule(
    id="EMRG606",
    name="studio-without-single-sign-on",
    severity="warning",
    title="EMR Studio without IAM Identity Center",
    rationale=__doc__,
    mend="Set AuthMode to SSO, with UserRole and IdcInstanceArn.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-studio-authentication.html",
    frameworks={"AWS Well-Architected": ("SEC02-BP04",), "NIST 800-53 r5": ("IA-2",)},
    check=check,
)
