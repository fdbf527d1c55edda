"""A role that several applications or tenants run with has the rights of all of them in every job.

`executionIamPolicy` narrows one run: the job may do what the role and the policy both allow. Where a role is shared,
it is all that keeps one job from another's data.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MEMBER = "executionIamPolicy"


def check(context: Context) -> Iterator[Violation]:
    """Jobs that run with a shared role, with all its rights."""
    users: dict[Resource, set[Resource | None]] = {}
    for job in jobs.jobs(context):
        if job.role is not None:
            users.setdefault(job.role, set()).add(job.application)
    for job in jobs.jobs(context):
        policy = job.get(_MEMBER)
        if jobs.member(policy, "policy") or jobs.member(policy, "policyArns"):
            continue
        if job.role is None:
            if context.unknown(job.get("executionRoleArn")):
                message = "the role is known only later; it may be a shared one"
                yield Violation(job.resource, job.where(_MEMBER), message, undecided=True)
        elif job.role.mark.shared or len(users[job.role]) > 1:
            if context.unknown(policy):
                yield Violation(job.resource, job.where(_MEMBER), "the policy is known only later", undecided=True)
            else:
                reason = "is shared" if job.role.mark.shared else "runs jobs of several applications"
                message = f"role {job.role.logical_id} {reason}, and {_MEMBER} is not set"
                yield Violation(job.resource, job.where(_MEMBER), message)


RULE = Rule(
    id="EMRG805",
    name="job-without-session-policy-on-shared-role",
    severity="error",
    title="Job with all rights of a shared execution role",
    rationale=__doc__,
    mend="Send an executionIamPolicy that names what this job needs, or give the tenant a role of its own.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-iam-policy.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
