"""How the grants of an execution role are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam

from emrguard import _actions, _wildcards

NO_RESOURCE = (
    "cloudwatch:PutMetricData and lakeformation:GetDataAccess know no resource: the namespace in a condition, and the "
    "permissions of Lake Formation, limit them"
)
"""Why `*` is right for the actions that know no resource; AwsSolutions-IAM5 takes one reason for all of a role's."""


class GrantingRole(iam.Role):
    """A role that grants itself rights one by one."""

    def _allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> iam.Grant:
        """Allow actions on resources that are named in full."""
        return iam.Grant.add_to_principal(
            grantee=self, actions=list(actions), resource_arns=list(resources), conditions=conditions
        )

    def _allow_below(
        self,
        actions: _actions.Actions,
        resource: str,
        reason: str,
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> iam.Grant:
        """Allow actions on a resource with a wildcard, and say why that is right."""
        return _wildcards.grant(self, actions, resource, reason, conditions)
