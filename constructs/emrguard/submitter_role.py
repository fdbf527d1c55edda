"""The role with which people and pipelines submit one tenant's jobs."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _arguments
from emrguard._manifest import Owner
from emrguard._mfa import with_mfa


class SubmitterRole(iam.Role):
    """A role that people of the account assume with MFA, for an hour at most. It may do nothing yet.

    `SparkApplication.grant_submit` gives it the right to run jobs.

    ```python
    import aws_cdk as cdk
    from emrguard import SubmitterRole, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    tenant = Tenant(stack, "Tenant", name="flights")
    nightly = SubmitterRole(stack, "Nightly", tenant="flights")
    tenant.application.grant_submit(nightly, tenant.execution_role)
    tenant.key.grant_encrypt_decrypt(nightly)
    ```

    Args:
        tenant: name of the tenant that owns the role.
        assumed_by: who may assume it, with MFA in any case; default every principal of the account whose own policies
            allow it to.
    """

    def __init__(self, scope: Construct, id: str, *, tenant: str, assumed_by: iam.PrincipalBase | None = None) -> None:
        super().__init__(
            scope,
            id,
            description=f"Submits jobs of tenant {_arguments.tenant_name(scope, tenant)} to EMR Serverless",
            assumed_by=with_mfa(assumed_by),
            max_session_duration=cdk.Duration.hours(1),
        )
        Owner(tenant=tenant).mark_role(self, "submitter-role", within=scope)
