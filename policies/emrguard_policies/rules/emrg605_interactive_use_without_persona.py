"""Interactive use that no policy of the assembly grants is open to whoever has wide rights elsewhere, and to them only.

A role for it, with the one action on this application, says who may, and is where MFA and a session's length belong.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.interactive import ACTIONS, enabled

_PROPERTY = "InteractiveConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Settings for interactive use that nobody of the assembly is allowed to use."""
    opaque = any(document.opaque for document, _ in context.identity_documents)
    wanted = tuple(action.lower() for action in ACTIONS.values())
    granted = {action for grant in context.granting(wanted) for action in statements.named(grant.statement, wanted)}
    for application in context.applications:
        for name, certain in enabled(context, application).items():
            if ACTIONS[name].lower() in granted:
                continue
            where = f"{_PROPERTY}.{name}"
            if certain and not opaque:
                yield Violation(application, where, f"{name} is on, and no policy allows {ACTIONS[name]}")
            else:
                yield Violation(application, where, f"who may use {name} depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG605",
    name="interactive-use-without-persona",
    severity="warning",
    title="Interactive use that no role of the assembly is for",
    rationale=__doc__,
    mend="Add a role that people assume with MFA and that holds the one action on this application, or turn it off.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",)},
    check=check,
)
