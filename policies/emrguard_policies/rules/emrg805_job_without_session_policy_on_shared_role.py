"""A role that several applications or tenants run with has the rights of all of them in every job.

`executionIamPolicy` narrows one run: the job may do what the role and the policy both allow. Where a role is shared,
it is all that keeps one job from another's data. Where a state machine sends one for some of a role's jobs, a job
without one is the way around.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import PolicyError, parse
from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MEMBER = "executionIamPolicy"


def check(context: Context) -> Iterator[Violation]:
    """Jobs that run with all rights of a role that is shared, or that other jobs have a part of."""
    users: dict[Resource, set[Resource | None]] = {}
    narrowed: set[Resource] = set()
    for job in jobs.jobs(context):
        if job.role is not None:
            users.setdefault(job.role, set()).add(job.application)
            if _given(job) and not _open(context, job):
                narrowed.add(job.role)
    for job in jobs.jobs(context):
        policy = job.get(_MEMBER)
        if _given(job) and not _open(context, job):
            continue
        if job.role is None:
            if context.unknown(job.get("executionRoleArn")):
                message = "the role is known only later; it may be a shared one"
                yield Violation(job.resource, job.where(_MEMBER), message, undecided=True)
        elif job.role.mark.shared or len(users[job.role]) > 1 or job.role in narrowed:
            if context.unknown(policy) or _open(context, job):
                yield Violation(job.resource, job.where(_MEMBER), "the policy is known only later", undecided=True)
            else:
                several = "runs jobs of several applications" if len(users[job.role]) > 1 else "runs jobs that have one"
                reason = "is shared" if job.role.mark.shared else several
                message = f"role {job.role.logical_id} {reason}, and {_MEMBER} is not set"
                yield Violation(job.resource, job.where(_MEMBER), message)


def _open(context: Context, job: jobs.Job) -> bool:
    """Whether nothing is known of the policy that a job sends."""
    return context.anything(jobs.member(job.get(_MEMBER), "policy"))


def _given(job: jobs.Job) -> bool:
    """Whether a job sends a policy that takes something away."""
    policy = job.get(_MEMBER)
    text = jobs.member(policy, "policy")
    if jobs.member(policy, "policyArns"):
        return True
    if not isinstance(text, str | dict):
        return bool(text)
    try:
        found = parse(text, _MEMBER, "identity").statements
    except PolicyError:
        # What cannot be read here, such as a text of the deployment, is a policy all the same.
        return True
    everything = [item for item in found if item.effect == "Allow" and {"*"} == {*(item.actions or ())}]
    return not any(item.resources and "*" in item.resources for item in everything)


RULE = Rule(
    id="EMRG805",
    name="job-without-session-policy-on-shared-role",
    severity="error",
    title="Job with all rights of an execution role that is shared, or that other jobs have a part of",
    rationale=__doc__,
    mend="Send an executionIamPolicy that names what this job needs, or give the tenant a role of its own.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-iam-policy.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
