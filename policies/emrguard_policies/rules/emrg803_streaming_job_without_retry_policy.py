"""A streaming job is to run for ever. How often it may fail in an hour before it is given up is a decision.

Without `maxFailedAttemptsPerHour` the service takes 5, and nobody chose it: a job that fails slowly is tried for ever,
one that fails at once is dead after minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MEMBER = "retryPolicy.maxFailedAttemptsPerHour"


def check(context: Context) -> Iterator[Violation]:
    """Jobs in streaming mode, or maybe so, without a policy for failed attempts."""
    for job in jobs.jobs(context):
        mode = jobs.mode(job)
        if mode == "BATCH" or job.get(_MEMBER) is not None:
            continue
        if context.unknown(mode):
            yield Violation(job.resource, job.where("mode"), "the mode is known only later", undecided=True)
        else:
            yield Violation(job.resource, job.where(_MEMBER), f"mode is {mode}, and {_MEMBER} is not set")


RULE = Rule(
    id="EMRG803",
    name="streaming-job-without-retry-policy",
    severity="warning",
    title="Streaming job without a retry policy",
    rationale=__doc__,
    mend="Set retryPolicy.maxFailedAttemptsPerHour, 1 to 10.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-resiliency.html",
    frameworks={"AWS Well-Architected": ("REL05-BP03",)},
    check=check,
)
