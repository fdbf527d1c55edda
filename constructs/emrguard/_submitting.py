"""What a role needs to run jobs on an application."""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from emrguard import _actions, _wildcards
from emrguard._kept import arn_of

SERVICE = "emr-serverless.amazonaws.com"


def grant_use(role: iam.IRole, application_arn: str) -> iam.Grant:
    """Start, follow, cancel and inspect the job runs of one application, and list applications."""
    use = iam.Grant.add_to_principal(
        grantee=role, actions=list(_actions.USE_APPLICATION), resource_arns=[application_arn]
    )
    job_runs = _wildcards.grant(
        role,
        _actions.USE_JOB_RUNS,
        f"{application_arn}/jobruns/*",
        "All job runs of one application; EMR Serverless makes up their ids",
    )
    listing = _wildcards.grant(
        role,
        _actions.LIST_APPLICATIONS,
        "*",
        "emr-serverless:ListApplications has no resource type; it tells names and states, never contents",
    )
    return use.combine(job_runs).combine(listing)


def grant_pass(role: iam.IRole, execution_role: iam.IRole) -> iam.Grant:
    """Submit jobs that run as an execution role: `iam:PassRole` to EMR Serverless and to no other service."""
    return iam.Grant.add_to_principal(
        grantee=role,
        actions=list(_actions.PASS_ROLE),
        resource_arns=[arn_of(execution_role)],
        conditions={"StringEquals": {"iam:PassedToService": SERVICE}},
    )
