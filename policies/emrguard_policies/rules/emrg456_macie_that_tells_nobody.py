"""Macie finds personal data in a bucket that everybody took for harmless, and its console keeps that to itself.

It publishes each finding to EventBridge. The rule asks for one that is enabled, takes findings and has a target.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import alerts
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SESSION = "AWS::Macie::Session"
_FINDING: alerts.Event = {"source": "aws.macie", "detail-type": "Macie Finding"}


def check(context: Context) -> Iterator[Violation]:
    """The session of the assembly, unless it is paused, whose findings no rule takes."""
    for session in context.of(_SESSION):
        state = context.get(session, "Status")
        if state not in (None, "ENABLED") and not context.unknown(state):
            continue
        heard = alerts.events_heard(context, _FINDING)
        if heard is None or (heard is False and context.unknown(state)):
            yield Violation(
                session, "", "whether its findings reach somebody depends on the deployment", undecided=True
            )
        elif not heard:
            yield Violation(session, "", "no AWS::Events::Rule with a target takes its findings")


RULE = Rule(
    id="EMRG456",
    name="macie-that-tells-nobody",
    severity="warning",
    title="Macie whose findings reach nobody",
    rationale=__doc__,
    mend="Add an AWS::Events::Rule on source aws.macie and detail-type Macie Finding, with a target that people read.",
    source="https://docs.aws.amazon.com/macie/latest/user/findings-monitor-events-eventbridge.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP03",), "NIST 800-53 r5": ("SI-4(5)", "IR-6(1)")},
    check=check,
)
