"""A job that is refused once has a bug in its policy. One that is refused on every bucket is looking for a way out.

EventBridge is not told of refused reads of data. A metric filter for `AccessDenied` on the trail's log group counts
them all, and an alarm on it tells somebody.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import alerts
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Trails, where there are applications, without an alarm on refused calls; without any trail EMRG401 speaks."""
    trails = context.of(alerts.TRAIL)
    if not trails or not context.applications:
        return
    filters = list(alerts.alarmed_patterns(context))
    if any("errorCode" in text and "AccessDenied" in text for text in filters):
        return
    written = [context.get(counter, "FilterPattern") for counter in context.of("AWS::Logs::MetricFilter")]
    if any(map(context.unknown, written)):
        message = "whether refused calls alert somebody depends on the deployment"
        yield Violation(trails[0], "", message, undecided=True)
    else:
        yield Violation(trails[0], "", "no alarm stands on a metric filter for errorCode AccessDenied")


RULE = Rule(
    id="EMRG410",
    name="denied-calls-without-alert",
    severity="warning",
    title="Refused calls that alert nobody",
    rationale=__doc__,
    mend='Add an AWS::Logs::MetricFilter with { $.errorCode = "AccessDenied*" }, and an alarm on its metric.',
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html",
    frameworks={
        "AWS Well-Architected": ("SEC04-BP03",),
        "NIST 800-53 r5": ("SI-4(5)", "AU-6"),
        "CIS AWS Foundations 3.0": ("4.1",),
    },
    check=check,
)
