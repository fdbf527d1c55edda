"""The role that one tenant's jobs run with."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions, _arguments
from emrguard._manifest import Owner

SERVICE = "emr-serverless.amazonaws.com"


class ExecutionRole(iam.Role):
    """A job runtime role that only EMR Serverless can assume, for applications of this account. It may do nothing yet.

    Grant it what its jobs need: `data.grant_read(role, "input/")`, `logs.grant_write(role)`. As it is an `iam.Role`,
    CDK's own grants take it, too; mind that CDK's grants on buckets are wider than they look.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-runtime-role.html

    Args:
        tenant: name of the tenant that owns the role.
        require_source_arn: also demand that the request names an application of this account and Region
            (`aws:SourceArn`). Default False: EMR Serverless documents `aws:SourceAccount` for this call, but not
            `aws:SourceArn`; where it is not sent, no job could start.
    """

    def __init__(self, scope: Construct, id: str, *, tenant: str, require_source_arn: bool = False) -> None:
        stack = cdk.Stack.of(scope)
        conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": stack.account}}
        if require_source_arn:
            applications = stack.format_arn(service="emr-serverless", resource="/applications", resource_name="*")
            conditions["ArnLike"] = {"aws:SourceArn": applications}
        super().__init__(
            scope,
            id,
            description=f"Jobs of tenant {_arguments.tenant_name(scope, tenant)} on EMR Serverless",
            assumed_by=iam.ServicePrincipal(SERVICE, conditions=conditions),
        )
        Owner(tenant=tenant).mark_all_below(self, "execution-role")

    def grant_pass_to_emr_serverless(self, submitter: iam.IRole) -> iam.Grant:
        """Let a role submit jobs that run as this role: `iam:PassRole` to EMR Serverless and to no other service."""
        return iam.Grant.add_to_principal(
            grantee=submitter,
            actions=list(_actions.PASS_ROLE),
            resource_arns=[self.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": SERVICE}},
        )
