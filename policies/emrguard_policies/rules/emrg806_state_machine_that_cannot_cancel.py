"""With `.sync` Step Functions follows the job, and cancels it when the execution is stopped. It needs the rights to.

Without `CancelJobRun` and `GetJobRun` on the job runs of the application, and `PutRule`, `PutTargets` and
`DescribeRule` on a managed rule of EventBridge, a stopped execution leaves its job running, and billed.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import jobs, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

_PROPERTY = "RoleArn"
_ON_JOB_RUNS = ("emr-serverless:CancelJobRun", "emr-serverless:GetJobRun")
_ON_RULES = ("events:DescribeRule", "events:PutRule", "events:PutTargets")


def check(context: Context) -> Iterator[Violation]:
    """State machines whose role cannot follow or cancel the jobs that they wait for."""
    for job in jobs.jobs(context):
        if ".sync" not in str(job.state.get("Resource")):
            continue
        role = context.target(job.resource, _PROPERTY)
        if role is None or role.type != "AWS::IAM::Role" or not _readable(context, role):
            message = "not all policies of the state machine's role are in the assembly"
            yield Violation(job.resource, _PROPERTY, message, undecided=True)
            continue
        lacking = [action for action in (*_ON_JOB_RUNS, *_ON_RULES) if not _may(context, role, action, job)]
        if lacking:
            yield Violation(job.resource, _PROPERTY, f"{role.logical_id} may not call {', '.join(lacking)}")


def _readable(context: Context, role: Resource) -> bool:
    attached = role.properties.get("ManagedPolicyArns")
    targets = [context.resolver.target(role.template, item) for item in attached] if isinstance(attached, list) else []
    known = attached is None or (isinstance(attached, list) and None not in targets)
    return known and all(document.policy is not None for document in context.documents_of(role))


def _may(context: Context, role: Resource, action: str, job: Job) -> bool:
    arn = context.resolver.arn(job.application) if job.application is not None else None
    return any(
        statements.allows(statement, action.lower())
        and (arn is None or action not in _ON_JOB_RUNS or context.covers(statement, f"{arn}/jobruns/00example"))
        for document in context.documents_of(role)
        for statement in document.statements
    )


RULE = Rule(
    id="EMRG806",
    name="state-machine-that-cannot-cancel",
    severity="warning",
    title="State machine that waits for a job which it may not follow or cancel",
    rationale=__doc__,
    mend=(
        "Allow its role GetJobRun and CancelJobRun on <application ARN>/jobruns/*, and the three events actions on "
        "rule/StepFunctionsGetEventsForEMRServerlessJobRule."
    ),
    source="https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html",
    check=check,
)
