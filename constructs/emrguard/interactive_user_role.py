"""The role of people who type code into an application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions
from emrguard._persona import SERVICE, PermissionSet, PersonaRole, demand_own_stack, owner_of
from emrguard.exceptions import ArgumentError
from emrguard.spark_application import SparkApplication
from emrguard.tenant import Tenant
from emrguard.tenant_application import TenantApplication

Way = Literal["studio", "livy", "sessions"]


class InteractiveUserRole(PersonaRole):
    """Works interactively in one application of a tenant, with all rights of the application's execution role.

    The application must open the same ways (`Interactive`). The role passes the application's execution role, and no
    other one, to EMR Serverless, and to no other service. Whoever has it can take over any session of the application,
    which belongs to one trust domain. A tenant with several Spark applications has one such role for each: see
    `Tenant` for why.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-workloads.html

    ```python
    import aws_cdk as cdk

    from emrguard import Interactive, InteractiveUserRole, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    open_ways = Interactive(livy_because="analysts explore on-time statistics in notebooks")
    tenant = Tenant(stack, "Tenant", name="flights", interactive=open_ways)
    InteractiveUserRole(stack, "Analyst", tenant=tenant, ways=["livy"])
    ```

    Args:
        tenant: whose application; the role must be in its stack, as its key names the role.
        ways: one or more of `studio` (EMR Studio notebooks), `livy` (the Livy endpoint), `sessions` (Spark Connect).
        application: name of the application within the tenant, one for Spark; default the only one for Spark.
        assumed_by: who may assume it, with MFA; default every principal of the account that is allowed to.
        session: how long a session of the role lasts at most, default 1 hour.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: Tenant,
        ways: Sequence[Way],
        application: str | None = None,
        assumed_by: iam.PrincipalBase | None = None,
        session: cdk.Duration | None = None,
    ) -> None:
        chosen = _checked(f"{scope.node.path}/{id}", ways)
        demand_own_stack(scope, id, "tenant", [tenant])
        used = _used(f"{scope.node.path}/{id}", tenant, application)
        super().__init__(
            scope,
            id,
            description=f"Works interactively on EMR Serverless as tenant {tenant.name}",
            owner=owner_of(scope, id, [tenant], None),
            part="interactive-role",
            assumed_by=assumed_by,
            session=session,
        )
        self.list_applications()
        self.on_applications([used], _on_application(chosen))
        if "livy" in chosen:
            self.on_runs([used], _actions.VIEW_DASHBOARDS)
        if "sessions" in chosen:
            self.on_runs([used], _actions.USE_SESSIONS, "sessions")
        used.execution_role.grant_pass_to_emr_serverless(self)
        tenant.key.grant_encrypt_decrypt(self)
        tenant.key.grant_disks(self)

    @staticmethod
    def permission_set(
        ways: Sequence[Way], execution_roles: Sequence[str], tenants: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """The same rights as the inline policy of a permission set of IAM Identity Center.

        The keys that encrypt the logs must let the permission set's role use them, too. Sessions are reached only if
        they carry the tag `emrguard:tenant` themselves.

        Args:
            ways: see the role.
            execution_roles: ARNs of the execution roles that may be passed; `*` for the account is right. They cannot
                be told by a tag: AWS documents that conditions on tags are not reliable for `iam:PassRole`.
            tenants: names of tenants, default the one in the tag `emrguard:tenant` of the person's session.

        Raises:
            ArgumentError: a way is unknown, or an execution role is no ARN of a role.
        """
        chosen, rights = _checked("permission_set", ways), PermissionSet(tenants)
        if isinstance(execution_roles, str) or not execution_roles:
            raise ArgumentError("permission_set", "execution_roles", execution_roles, "list the ARNs of roles")
        for arn in execution_roles:
            if arn.count(":") < 5 or not arn.split(":", 5)[5].removeprefix("role/").strip("*/"):
                raise ArgumentError(
                    "permission_set", "execution_roles", arn, "write arn:aws:iam::<account>:role/<name>, not any role"
                )
        rights.allow(_actions.LIST_APPLICATIONS, "*")
        more = [*_on_application(chosen)]
        if "livy" in chosen:
            more.extend(_actions.VIEW_DASHBOARDS)
        if "sessions" in chosen:
            more.extend(_actions.USE_SESSIONS)
        rights.on_applications(tuple(more))
        rights.allow(_actions.PASS_ROLE, list(execution_roles), StringEquals={"iam:PassedToService": SERVICE})
        return rights.document()


def _used(path: str, tenant: Tenant, name: str | None) -> TenantApplication:
    """The application that is meant."""
    spark = {key: each for key, each in tenant.applications.items() if isinstance(each.application, SparkApplication)}
    if name is None and len(spark) == 1:
        return next(iter(spark.values()))
    if name is None or name not in spark:
        listed = ", ".join(spark) or "none"
        raise ArgumentError(path, "application", name, f"name an application for Spark; the tenant has {listed}")
    return spark[name]


def _on_application(ways: Sequence[Way]) -> _actions.Actions:
    by_way = {
        "studio": _actions.USE_STUDIO,
        "livy": _actions.USE_LIVY,
        "sessions": _actions.START_SESSIONS,
    }
    return (*_actions.WAKE_APPLICATION, *(action for way in ways for action in by_way[way]))


def _checked(path: str, ways: Sequence[Way]) -> Sequence[Way]:
    known = get_args(Way)
    if isinstance(ways, str) or not ways or not set(ways) <= set(known) or len(set(ways)) != len(ways):
        raise ArgumentError(path, "ways", ways, f"list one or more of {', '.join(known)}, each once")
    return ways
