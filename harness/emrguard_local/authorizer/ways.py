"""The way of a call out of a VPC: through the endpoint of its service, whose policy counts, or to the internet.

https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emrguard_local.authorizer.policies import PolicyStore
from emrguard_local.authorizer.state import State
from emrguard_local.call import Call
from emrguard_policies.iam.model import Policy

# How the names of endpoints end, where that is not botocore's name of the service.
_NAMES = {"cloudwatch": "monitoring", "kinesis": "kinesis-streams", "stepfunctions": "states"}


@dataclass(frozen=True)
class Way:
    """`keys` are what the call has of the network in its context; `blocked` says why it reaches nothing."""

    keys: Mapping[str, str] = field(default_factory=dict)
    policy: Policy | None = None
    blocked: str = ""


class Ways:
    """Finds the way of each call in the VPCs of the account."""

    def __init__(self, state: State, policies: PolicyStore) -> None:
        self._state = state
        self._policies = policies

    def of(self, call: Call) -> Way:
        """The way of a call; of one that a service makes for the caller, or from outside of any VPC, an empty one.

        Raises:
            UnreadablePolicyError: the policy of the endpoint does not parse.
        """
        subnet_id = call.identity.subnet if call.identity is not None else ""
        backend = self._state.ec2(call.region)
        if not subnet_id or call.invoked_by is not None or backend is None:
            return Way()
        subnet = next((zone[subnet_id] for zone in backend.subnets.values() if subnet_id in zone), None)
        if subnet is None:
            return Way(blocked=f"the subnet {subnet_id}, where the call comes from, does not exist")
        suffix = f".{_NAMES.get(call.service, call.service)}"
        for endpoint in list(backend.vpc_end_points.values()):
            if endpoint.vpc_id == subnet.vpc_id and endpoint.service_name.endswith(suffix):
                keys = {"aws:SourceVpc": subnet.vpc_id, "aws:SourceVpce": endpoint.id}
                return Way(keys, self._policies.of_endpoint(endpoint))
        if _reaches_the_internet(backend, subnet.vpc_id):
            return Way()
        return Way(
            blocked=f"{subnet.vpc_id} has no VPC endpoint for {call.service} and no way to the internet; on AWS the"
            " call times out"
        )


def _reaches_the_internet(backend: Any, vpc_id: str) -> bool:
    return any(
        (route.gateway is not None and str(getattr(route.gateway, "id", "")).startswith("igw-")) or route.nat_gateway
        for table in list(backend.route_tables.values())
        if table.vpc_id == vpc_id
        for route in table.routes
    )
