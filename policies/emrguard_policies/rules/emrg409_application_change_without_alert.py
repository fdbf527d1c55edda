"""One call turns Livy on, drops the network or swaps the image of an application. The trail records it; who reads it?

An EventBridge rule on the calls `UpdateApplication` and `DeleteApplication`, or an alarm on a metric filter of the
trail's log group, tells somebody within minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import alerts
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_CALLS = ("UpdateApplication", "DeleteApplication")
_SOURCE = "emr-serverless.amazonaws.com"


def check(context: Context) -> Iterator[Violation]:
    """Applications, and a trail here or in the organization, without an alert; without any trail EMRG401 speaks."""
    trails = context.of(alerts.TRAIL)
    if not context.applications or not (trails or context.declared("organization-trail")):
        return
    place = trails[0] if trails else context.applications[0]
    filters = list(alerts.alarmed_patterns(context))
    for call in _CALLS:
        event = {
            "source": "aws.emr-serverless",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventSource": _SOURCE, "eventName": call},
        }
        heard = alerts.events_heard(context, event)
        if heard or any(_SOURCE in text and ("eventName" not in text or call in text) for text in filters):
            continue
        if heard is None or any(map(context.unknown, filters)):
            yield Violation(place, "", f"whether {call} alerts somebody depends on the deployment", undecided=True)
        else:
            yield Violation(place, "", f"{call} of EMR Serverless alerts nobody")


RULE = Rule(
    id="EMRG409",
    name="application-change-without-alert",
    severity="warning",
    title="Changes of applications that alert nobody",
    rationale=__doc__,
    mend="Add an AWS::Events::Rule for the calls of emr-serverless.amazonaws.com with a target that people read.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP03",), "NIST 800-53 r5": ("CM-3(5)", "SI-4(5)")},
    check=check,
)
