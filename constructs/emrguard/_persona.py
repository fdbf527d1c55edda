"""What the roles of people have in common, and the same rights by tag, as permission sets of IAM Identity Center."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions, _arguments, _wildcards
from emrguard._manifest import TENANT_TAG, Owner, Part
from emrguard._mfa import with_mfa
from emrguard._references import bring
from emrguard.exceptions import ArgumentError
from emrguard.tenant import Tenant, covered_by
from emrguard.tenant_application import TenantApplication

SERVICE = "emr-serverless.amazonaws.com"
_OWN_TAG = f"${{aws:PrincipalTag/{TENANT_TAG}}}"
_ANY_APPLICATION = "arn:*:emr-serverless:*:*:/applications/*"


class PersonaRole(iam.Role):
    """A role that people of the account assume with MFA. It may do nothing yet.

    Args:
        description: what it is for.
        owner: who owns the role, for the manifest.
        part: the part it plays, for the manifest.
        assumed_by: who may assume it, with MFA in any case; default every principal of the account whose own policies
            allow it to.
        session: how long a session lasts at most, from 1 to 12 hours.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        description: str,
        owner: Owner,
        part: Part,
        assumed_by: iam.PrincipalBase | None,
        session: cdk.Duration | None,
    ) -> None:
        hours = session or cdk.Duration.hours(1)
        _arguments.minutes(scope, "session", hours, 60, 12 * 60)
        super().__init__(
            scope, id, description=description, assumed_by=with_mfa(assumed_by), max_session_duration=hours
        )
        owner.mark_role(self, part)

    def list_applications(self) -> None:
        """Let the role list applications, which IAM cannot limit to some."""
        _wildcards.grant(
            self,
            _actions.LIST_APPLICATIONS,
            "*",
            "emr-serverless:ListApplications has no resource type; it tells names and states, never contents",
        )

    def all_of(self, tenants: Sequence[Tenant]) -> list[TenantApplication]:
        """The applications of tenants; no more can be added to these from then on.

        Raises:
            ArgumentError: a tenant has no application yet.
        """
        return [each for tenant in tenants for each in covered_by(tenant, self.node.path)]

    def on_applications(self, applications: Sequence[TenantApplication], actions: _actions.Actions) -> None:
        """Allow actions on applications."""
        arns = [self._arn(each) for each in applications]
        iam.Grant.add_to_principal(grantee=self, actions=list(actions), resource_arns=arns)

    def on_runs(
        self, applications: Sequence[TenantApplication], actions: _actions.Actions, kind: str = "jobruns"
    ) -> None:
        """Allow actions on the job runs, or the sessions, of applications."""
        for each in applications:
            _wildcards.grant(
                self,
                actions,
                f"{self._arn(each)}/{kind}/*",
                f"All {kind} of one application; EMR Serverless makes up their ids",
            )

    def _arn(self, of: TenantApplication) -> str:
        """ARN of an application, also where the tenant is in another stack."""
        return bring(of.application.application_arn, of.application, self)


def owner_of(scope: Construct, id: str, tenants: Sequence[Tenant], because: str | None) -> Owner:
    """One tenant owns a role of its own; a role for several is shared, which takes a reason.

    Raises:
        ArgumentError: there is no tenant, or no reason for several, or one for a single one.
    """
    path = f"{scope.node.path}/{id}"
    if not tenants:
        raise ArgumentError(path, "tenants", [], "pass the tenants that the role is for")
    if len(tenants) == 1:
        if because is not None:
            raise ArgumentError(path, "because", because, "leave it out: a role for one tenant is not shared")
        return Owner(tenant=tenants[0].name)
    if because is None:
        names = [tenant.name for tenant in tenants]
        raise ArgumentError(path, "tenants", names, "say in `because` why these tenants share a role")
    return Owner(shared=_arguments.reason(path, "because", because))


def demand_own_stack(scope: Construct, id: str, argument: str, tenants: Sequence[Tenant]) -> None:
    """The key and bucket policies of a tenant name the role, so the role must be in the tenant's stack.

    Raises:
        ArgumentError: a tenant is in another stack.
    """
    here = cdk.Stack.of(scope)
    for tenant in tenants:
        if cdk.Stack.of(tenant) is not here:
            raise ArgumentError(
                f"{scope.node.path}/{id}",
                argument,
                tenant.name,
                f"make the role in the stack of the tenant ({cdk.Stack.of(tenant).node.path}): the tenant's key and "
                "buckets name the role, and two stacks cannot need each other",
            )


class PermissionSet:
    """The inline policy of a permission set, statement by statement.

    Permission sets are used in accounts whose applications nobody can list here, so applications are told by their tag
    `emrguard:tenant`: it must be one of `tenants`, or equal to the same tag of the person's session, which Identity
    Center sets from a user attribute (attributes for access control). Identity Center asks for MFA itself; sessions of
    permission sets do not carry `aws:MultiFactorAuthPresent`.
    https://docs.aws.amazon.com/singlesignon/latest/userguide/configure-abac.html
    """

    def __init__(self, tenants: Sequence[str] | None) -> None:
        self._value: str | list[str] = _OWN_TAG if tenants is None else list(tenants)
        self._statements: list[dict[str, Any]] = []

    @property
    def of_tenant(self) -> dict[str, dict[str, Any]]:
        """The condition that a resource is of one of the tenants."""
        return {"StringEquals": {f"aws:ResourceTag/{TENANT_TAG}": self._value}}

    @property
    def for_tenant(self) -> dict[str, dict[str, Any]]:
        """The condition that a request puts the tag of one of the tenants on something."""
        return {"StringEquals": {f"aws:RequestTag/{TENANT_TAG}": self._value}}

    def allow(self, actions: _actions.Actions, resource: str | Sequence[str], **conditions: Any) -> None:
        """Add a statement."""
        found: dict[str, Any] = {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": resource if isinstance(resource, str) else list(resource),
        }
        self._statements.append(found | ({"Condition": conditions} if conditions else {}))

    def on_applications(self, actions: _actions.Actions) -> None:
        """Allow actions on the tenants' applications, and on those of their job runs and sessions that have the tag."""
        self.allow(actions, _ANY_APPLICATION, **self.of_tenant)

    def document(self) -> dict[str, Any]:
        """The policy document."""
        return {"Version": "2012-10-17", "Statement": self._statements}
