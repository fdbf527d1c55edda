"""How the grants of an execution role are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from emrguard import _actions, _wildcards
from emrguard._endpoints import EndpointService
from emrguard.interfaces import INetwork

NO_RESOURCE = (
    "cloudwatch:PutMetricData and lakeformation:GetDataAccess know no resource: the namespace in a condition, and the "
    "permissions of Lake Formation, limit them"
)
"""Why `*` is right for the actions that know no resource; AwsSolutions-IAM5 takes one reason for all of a role's."""


_ENDPOINTS: dict[str, EndpointService] = {
    "cloudwatch": "monitoring",
    "dynamodb": "dynamodb",
    "glue": "glue",
    "kinesis": "kinesis-streams",
    "lakeformation": "lakeformation",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sts": "sts",
}
"""The endpoint by which jobs reach a service, by the prefix of its actions."""


class GrantingRole(iam.Role):
    """A role that grants itself rights one by one, and lets the requests through the network where its jobs run."""

    _network: INetwork | None = None

    @property
    def network(self) -> INetwork | None:
        """Where the jobs run, if that was said."""
        return self._network

    def _allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> iam.Grant:
        """Allow actions of one service on resources that are named in full."""
        self._let_through(actions, resources, conditions)
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
        """Allow actions of one service on a resource with a wildcard, and say why that is right."""
        self._let_through(actions, [resource], conditions)
        return _wildcards.grant(self, actions, resource, reason, conditions)

    def _let_through(
        self, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Mapping[str, Any]] | None
    ) -> None:
        endpoint = _ENDPOINTS.get(actions[0].partition(":")[0])
        if self._network is not None and endpoint is not None:
            self._network.allow_service(self, endpoint, actions, resources, conditions)

    def _warn_of_network(self, id: str, text: str) -> None:
        """Warn of what jobs in an isolated network would wait for in vain, and no grant can see to."""
        if self._network is not None:
            cdk.Annotations.of(self).add_warning_v2(f"emrguard:{id}", f"{text}, and acknowledge this")
