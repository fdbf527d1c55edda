"""Without `.sync` Step Functions only hands the job over: the state succeeds when the job is accepted.

A failed job looks like a success, the next state runs on data that is not there, and who stops the execution does not
stop the job. A machine that calls `GetJobRun` later, or waits for a callback of the job, is not meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Batch jobs that a state machine starts and neither waits for nor asks about."""
    for job in jobs.jobs(context):
        mode = jobs.mode(job)
        if job.waits is not False or mode == "STREAMING":
            continue
        where = f"{job.path.rpartition('.')[0]}.Resource"
        if context.unknown(mode):
            yield Violation(job.resource, where, "whether it is a batch job is known only later", undecided=True)
        else:
            yield Violation(job.resource, where, f"{job.state.get('Resource')} does not wait for the job")


RULE = Rule(
    id="EMRG810",
    name="job-that-outlives-its-execution",
    severity="info",
    title="State machine that does not wait for its job",
    rationale=__doc__,
    mend="Use arn:aws:states:::emr-serverless:startJobRun.sync, or follow the job with states of your own.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html",
    check=check,
)
