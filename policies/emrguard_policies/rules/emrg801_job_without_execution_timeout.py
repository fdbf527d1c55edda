"""A job that hangs is billed until its timeout: 12 hours where none is set, for ever where it is 0.

A timeout that fits the job stops it, and tells somebody, on the same day. Streaming jobs are to run for ever and are
left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import jobs, sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MEMBER = "executionTimeoutMinutes"


def check(context: Context) -> Iterator[Violation]:
    """Batch jobs that set no timeout, or 0."""
    for job in jobs.jobs(context):
        if jobs.mode(job) == "STREAMING":
            continue
        minutes = job.get(_MEMBER)
        if context.unknown(minutes):
            yield Violation(job.resource, job.where(_MEMBER), "the timeout is known only later", undecided=True)
        elif minutes is None:
            yield Violation(job.resource, job.where(_MEMBER), f"{_MEMBER} is not set, so it is 12 hours")
        elif not sizes.number(minutes) > 0:
            yield Violation(job.resource, job.where(_MEMBER), f"{_MEMBER} is {minutes}")


RULE = Rule(
    id="EMRG801",
    name="job-without-execution-timeout",
    severity="warning",
    title="Job run without a timeout of its own",
    rationale=__doc__,
    mend="Set executionTimeoutMinutes to little more than the longest run that you expect.",
    source="https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html",
    frameworks={"AWS Well-Architected": ("REL05-BP05",)},
    check=check,
)
