"""The role of people who look at applications and job runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions
from emrguard._persona import PermissionSet, PersonaRole, demand_own_stack, owner_of
from emrguard.tenant import Tenant


class ViewerRole(PersonaRole):
    """Sees the applications and job runs of tenants: settings, states, cost figures. Nothing of their data.

    It holds no right to a session's endpoint, although IAM files `GetSessionEndpoint` under reading: who calls it acts
    as the session's role. With `logs` it also sees what jobs log, in S3 and in the Spark UI, whose address anyone
    can use for an hour once it is handed out.

    ```python
    import aws_cdk as cdk

    from emrguard import Tenant, ViewerRole

    stack = cdk.Stack(cdk.App(), "Flights")
    ViewerRole(stack, "Viewer", tenants=[Tenant(stack, "Tenant", name="flights")])
    ```

    Args:
        tenants: whose applications, all that they have by then; at least one tenant.
        because: why several tenants share the role; goes into the manifest. Needed for several tenants, and only then.
        logs: also what jobs log, default False. The role must be in the stack of the tenants then, whose keys and
            buckets name it.
        assumed_by: who may assume it, with MFA; default every principal of the account that is allowed to.
        session: how long a session lasts at most, default 1 hour.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenants: Sequence[Tenant],
        because: str | None = None,
        logs: bool = False,
        assumed_by: iam.PrincipalBase | None = None,
        session: cdk.Duration | None = None,
    ) -> None:
        owner = owner_of(scope, id, tenants, because)
        if logs:
            demand_own_stack(scope, id, "logs", tenants)
        super().__init__(
            scope,
            id,
            description="Views applications and job runs on EMR Serverless",
            owner=owner,
            part="viewer-role",
            assumed_by=assumed_by,
            session=session,
        )
        self.list_applications()
        applications = self.all_of(tenants)
        self.on_applications(applications, _actions.VIEW_APPLICATION)
        self.on_runs(applications, _actions.VIEW_JOB_RUNS)
        if logs:
            self.on_runs(applications, _actions.VIEW_DASHBOARDS)
            for tenant in tenants:
                tenant.logs.grant_read(self)
                # The service opens the Spark UI for those only who may use the key of the logs.
                tenant.key.grant_encrypt_decrypt(self)

    @staticmethod
    def permission_set(tenants: Sequence[str] | None = None) -> dict[str, Any]:
        """The same rights, without logs, as the inline policy of a permission set of IAM Identity Center.

        Job runs are seen only if they carry the tag `emrguard:tenant` themselves.

        Args:
            tenants: names of tenants, default the one in the tag `emrguard:tenant` of the person's session.
        """
        rights = PermissionSet(tenants)
        rights.allow(_actions.LIST_APPLICATIONS, "*")
        rights.on_applications((*_actions.VIEW_APPLICATION, *_actions.VIEW_JOB_RUNS))
        return rights.document()
