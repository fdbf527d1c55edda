"""A file in a bucket comes after minutes and waits until somebody opens it. A log group can raise an alarm.

EventBridge is not told of refused reads of objects, so a metric filter on the trail's log group is the only way to hear
of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTIES = ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")


def check(context: Context) -> Iterator[Violation]:
    """Trails that do not deliver to CloudWatch Logs."""
    for trail in context.of("AWS::CloudTrail::Trail"):
        given = {path: context.given(trail, path) for path in _PROPERTIES}
        lacking = [path for path, value in given.items() if value is False]
        if lacking:
            yield Violation(trail, lacking[0], f"{' and '.join(lacking)} not set")
        elif None in given.values():
            yield Violation(
                trail, _PROPERTIES[0], "whether a log group is set depends on the deployment", undecided=True
            )


RULE = Rule(
    id="EMRG451",
    name="trail-without-log-group",
    severity="warning",
    title="Trail that nobody can watch while it happens",
    rationale=__doc__,
    mend="Set CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP02",), "NIST 800-53 r5": ("AU-6(1)",)},
    check=check,
)
