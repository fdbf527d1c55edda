"""`emr-serverless:*` lets one principal start jobs, read everybody's logs by the dashboard, change the network and the
encryption of an application, and take over sessions of others by `GetSessionEndpoint`.

`*` does so for everything else, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SERVICE = "emr-serverless:*"
_EVERYTHING = ("*", "*:*")


def check(context: Context) -> Iterator[Violation]:
    """Identity policies that allow every action of the service; `*` counts where there is an application."""
    for document, _ in context.identity_documents:
        for statement in document.statements:
            if statement.effect != "Allow":
                continue
            found = [
                action
                for action in statement.actions or ()
                if action.lower() == _SERVICE or (action in _EVERYTHING and context.applications)
            ]
            if found:
                on = ", ".join(map(context.shown, statement.resources or ("all but some resources",)))
                where = document.where(statement)
                yield Violation(document.resource, where, f"Action {', '.join(found)} on {on}")
            elif context.applications and any(map(context.unknown, statement.actions or ())):
                where = document.where(statement)
                yield Violation(document.resource, where, "an action depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG308",
    name="every-action-of-the-service",
    severity="error",
    title="All actions of EMR Serverless, or of all services, for one principal",
    rationale=__doc__,
    mend="Split the rights: who changes applications does not start jobs; list the actions of each.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam.html",
    frameworks={
        "AWS Well-Architected": ("SEC03-BP02",),
        "NIST 800-53 r5": ("AC-5", "AC-6"),
        "CIS AWS Foundations 3.0": ("1.16",),
    },
    check=check,
)
