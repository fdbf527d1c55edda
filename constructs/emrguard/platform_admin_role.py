"""The role of people who run the platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions, _arguments, _wildcards
from emrguard._manifest import TENANT_TAG, Owner
from emrguard._persona import PermissionSet, PersonaRole
from emrguard.exceptions import ArgumentError
from emrguard.spark_application import SparkApplication
from emrguard.tenant import Tenant

_OPS = "ops.emr-serverless.amazonaws.com"
_SERVICE_ROLE = f"role/aws-service-role/{_OPS}/AWSServiceRoleForAmazonEMRServerless*"
_KEEP_TAG = {"ForAllValues:StringNotEquals": {"aws:TagKeys": TENANT_TAG}}
_BECAUSE = "people who run the platform start, stop and mend the applications of all tenants, without a right to data"


class PlatformAdminRole(PersonaRole):
    """Creates, changes, starts, stops and deletes applications, cancels job runs and ends sessions.

    It cannot run jobs, pass a role, open a session's endpoint, read data or logs, or use a key. Applications are told
    by their tag `emrguard:tenant`, which it can put on a new application and cannot change or take off. The network
    interfaces that EMR Serverless checks when an application is created are allowed in the tenants' networks only; the
    right to create the service-linked role is for the first application of an account.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-user-access-policies.html

    ```python
    import aws_cdk as cdk

    from emrguard import PlatformAdminRole, Tenant

    stack = cdk.Stack(cdk.App(), "Platform")
    teams = [Tenant(stack, name, name=name) for name in ("flights", "payroll")]
    PlatformAdminRole(stack, "Admin", tenants=teams)
    ```

    Args:
        tenants: whose applications, all that they have by then; at least one tenant.
        because: why the tenants share the role; goes into the manifest. Default that it holds no right to data.
        assumed_by: who may assume it, with MFA; default every principal of the account that is allowed to.
        session: how long a session lasts at most, default 1 hour.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenants: Sequence[Tenant],
        because: str = _BECAUSE,
        assumed_by: iam.PrincipalBase | None = None,
        session: cdk.Duration | None = None,
    ) -> None:
        path = f"{scope.node.path}/{id}"
        if not tenants:
            raise ArgumentError(path, "tenants", [], "pass the tenants that the role is for")
        super().__init__(
            scope,
            id,
            description="Runs the applications of all tenants on EMR Serverless",
            owner=Owner(shared=_arguments.reason(path, "because", because)),
            part="platform-admin-role",
            assumed_by=assumed_by,
            session=session,
        )
        rights = PermissionSet([tenant.name for tenant in tenants])
        stack = cdk.Stack.of(self)
        applications = stack.format_arn(service="emr-serverless", resource="/applications", resource_name="*")
        self.list_applications()
        _wildcards.grant(
            self,
            _actions.CREATE_APPLICATION,
            "*",
            "emr-serverless:CreateApplication has no resource; the new application must carry a tenant's tag",
            rights.for_tenant,
        )
        why = "Applications of the tenants, by their tag; EMR Serverless makes up the ids of those to come"
        _wildcards.grant(self, _actions.RUN_APPLICATIONS, applications, why, rights.of_tenant)
        _wildcards.grant(self, _actions.TAG, applications, why, {**rights.of_tenant, **_KEEP_TAG})
        _wildcards.grant(self, _actions.TAG[:1], applications, why, _untagged(rights))
        applications_now = self.all_of(tenants)
        self.on_runs(applications_now, _actions.RUN_JOB_RUNS)
        interactive = [each for each in applications_now if isinstance(each.application, SparkApplication)]
        self.on_runs(interactive, _actions.RUN_SESSIONS, "sessions")
        for kind in ("subnet", "security-group"):
            _wildcards.grant(
                self,
                _actions.MAKE_INTERFACE,
                stack.format_arn(service="ec2", resource=kind, resource_name="*"),
                f"A {kind} of a tenant, by its tag",
                rights.of_tenant,
            )
        _wildcards.grant(
            self,
            _actions.MAKE_INTERFACE,
            stack.format_arn(service="ec2", resource="network-interface", resource_name="*"),
            "Interfaces that EMR Serverless makes for an application; EC2 makes up their ids",
            {"StringEquals": {"aws:CalledViaLast": _OPS}},
        )
        _wildcards.grant(
            self,
            _actions.MAKE_SERVICE_ROLE,
            stack.format_arn(
                service="iam", region="", resource=_SERVICE_ROLE, arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
            ),
            "The service-linked role of EMR Serverless alone; AWS may put a suffix behind its name",
            {"StringEquals": {"iam:AWSServiceName": _OPS}},
        )

    @staticmethod
    def permission_set(tenants: Sequence[str] | None = None) -> dict[str, Any]:
        """The same rights as the inline policy of a permission set of IAM Identity Center.

        Job runs and sessions are reached only if they carry the tag `emrguard:tenant` themselves.

        Args:
            tenants: names of tenants, default the one in the tag `emrguard:tenant` of the person's session.
        """
        rights = PermissionSet(tenants)
        applications = "arn:*:emr-serverless:*:*:/applications/*"
        rights.allow(_actions.LIST_APPLICATIONS, "*")
        rights.allow(_actions.CREATE_APPLICATION, "*", **rights.for_tenant)
        rights.on_applications((*_actions.RUN_APPLICATIONS, *_actions.RUN_JOB_RUNS, *_actions.RUN_SESSIONS))
        rights.allow(_actions.TAG, applications, **rights.of_tenant, **_KEEP_TAG)
        rights.allow(_actions.TAG[:1], applications, **_untagged(rights))
        rights.allow(
            _actions.MAKE_INTERFACE, ["arn:*:ec2:*:*:subnet/*", "arn:*:ec2:*:*:security-group/*"], **rights.of_tenant
        )
        rights.allow(
            _actions.MAKE_INTERFACE, "arn:*:ec2:*:*:network-interface/*", StringEquals={"aws:CalledViaLast": _OPS}
        )
        rights.allow(
            _actions.MAKE_SERVICE_ROLE, f"arn:*:iam::*:{_SERVICE_ROLE}", StringEquals={"iam:AWSServiceName": _OPS}
        )
        return rights.document()


def _untagged(rights: PermissionSet) -> dict[str, Any]:
    """An application without the tag gets one of the tenants': a new one, or one that the platform takes over."""
    return {**rights.for_tenant, "Null": {f"aws:ResourceTag/{TENANT_TAG}": "true"}}
