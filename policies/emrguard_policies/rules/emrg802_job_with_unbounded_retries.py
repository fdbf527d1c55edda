"""A job that fails for a reason that stays is billed again with every attempt.

`maxAttempts` of the job and `MaxAttempts` of the state that starts it multiply: ten of each are a hundred runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.rules import jobs, sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

_MOST = 10
_MEMBERS = ("retryPolicy.maxAttempts", "retryPolicy.maxFailedAttemptsPerHour")
_BY_DEFAULT = 3
"""`MaxAttempts` of a retrier that sets none."""


def check(context: Context) -> Iterator[Violation]:
    """Jobs with more than ten attempts, alone or by the state that starts them."""
    for job in jobs.jobs(context):
        for path in _MEMBERS:
            found = job.get(path)
            if context.unknown(found):
                message = "the number of attempts is known only later"
                yield Violation(job.resource, job.where(path), message, undecided=True)
            elif found is not None and not sizes.number(found) <= _MOST:
                yield Violation(job.resource, job.where(path), f"{path.rpartition('.')[2]} is {found}")
        once = sizes.number(job.get(_MEMBERS[0]) or 1)
        starts = 1 + sum(_retries(job))
        if starts * once > _MOST and once <= _MOST:
            where = f"{job.path.rpartition('.')[0]}.Retry"
            message = f"the state starts the job up to {starts:.0f} times, of {once:.0f} attempts each"
            yield Violation(job.resource, where, message)


def _retries(job: Job) -> Iterator[float]:
    listed = job.state.get("Retry")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping):
            yield sizes.number(item.get("MaxAttempts", _BY_DEFAULT))


RULE = Rule(
    id="EMRG802",
    name="job-with-unbounded-retries",
    severity="warning",
    title="Job that may be run more than ten times",
    rationale=__doc__,
    mend="Let either the job (retryPolicy) or the state (Retry) try again, a few times, with a BackoffRate.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-resiliency.html",
    frameworks={"AWS Well-Architected": ("REL05-BP03",)},
    check=check,
)
