"""The role with which auditors read the trail."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard._manifest import Owner
from emrguard._mfa import with_mfa


class AuditorRole(iam.Role):
    """A role that people of the account assume with MFA, for an hour at most. It may do nothing yet.

    `AuditTrail` has one, which reads the trail's bucket and nothing else.

    ```python
    import aws_cdk as cdk

    from emrguard import AuditorRole

    stack = cdk.Stack(cdk.App(), "Platform")
    AuditorRole(stack, "Auditor", shared="auditors look at all tenants")
    ```

    Args:
        shared: why all tenants share the role; goes into the manifest.
        assumed_by: who may assume it, with MFA in any case; default every principal of the account whose own policies
            allow it to.
    """

    def __init__(self, scope: Construct, id: str, *, shared: str, assumed_by: iam.PrincipalBase | None = None) -> None:
        super().__init__(
            scope,
            id,
            description="Reads the audit trail",
            assumed_by=with_mfa(assumed_by),
            max_session_duration=cdk.Duration.hours(1),
        )
        Owner(shared=shared).mark_role(self, "auditor-role")
