"""The VPC endpoints of a network: one a service, each with a policy that grows with what is let through it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal, NamedTuple, get_args

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard._kept import ANYONE, as_json, document, place_of, statement
from emrguard._manifest import Owner
from emrguard.exceptions import ArgumentError

EndpointService = Literal[
    "s3",
    "dynamodb",
    "logs",
    "kms",
    "sts",
    "glue",
    "lakeformation",
    "secretsmanager",
    "kinesis-streams",
    "monitoring",
    "aps-workspaces",
]
"""Services that jobs reach through a VPC endpoint, as the endpoint's name ends.

https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
"""

GATEWAYS: Final[dict[str, ec2.GatewayVpcEndpointAwsService]] = {
    "s3": ec2.GatewayVpcEndpointAwsService.S3,
    "dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
}
"""Services with an endpoint that is a route, which takes no address and no security group."""


def check_service(scope: Construct, argument: str, service: str) -> None:
    """It is one of the services.

    Raises:
        ArgumentError: otherwise.
    """
    if service not in get_args(EndpointService):
        mend = f"write one of {', '.join(get_args(EndpointService))}"
        raise ArgumentError(scope.node.path, argument, service, mend)


class Requests(NamedTuple):
    """Requests that an endpoint lets through: IAM actions, the ARNs of their resources, and conditions.

    Without conditions the principal must be of this account.
    """

    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Any] | None = None

    def as_json(self, account: str) -> dict[str, Any]:
        """The statement of an endpoint's policy."""
        own = {"StringEquals": {"aws:PrincipalAccount": account}}
        return as_json(self.actions, self.resources, principal=ANYONE, conditions=self.conditions or own)


@cache
def _name(service: str) -> str:
    """The name of an endpoint's service, in which tokens stand for the Region of whatever stack it is used in."""
    return (GATEWAYS.get(service) or ec2.InterfaceVpcEndpointAwsService(service)).name


class Endpoints:
    """The endpoints of one network.

    Args:
        scope: the network; the endpoints become its children.
        owner: the tenant.
        vpc_id: the VPC.
        subnet_ids: where interface endpoints get an address each.
        route_table_ids: which routes lead to gateway endpoints.
        security_group_id: the group of interface endpoints.
        existing: services that have an endpoint already, of which nothing is made.
        claim: called with each service before its endpoint is made; default nothing.
    """

    def __init__(
        self,
        scope: Construct,
        owner: Owner,
        *,
        vpc_id: str,
        subnet_ids: Sequence[str],
        route_table_ids: Sequence[str],
        security_group_id: str,
        existing: Collection[str] = (),
        claim: Callable[[EndpointService], None] | None = None,
    ) -> None:
        self._scope, self._owner, self._vpc_id = scope, owner, vpc_id
        self._subnet_ids, self._route_table_ids = list(subnet_ids), list(route_table_ids)
        self._security_group_id, self._existing = security_group_id, frozenset(existing)
        self._claim = claim
        self._policies: dict[str, iam.PolicyDocument] = {}

    def __contains__(self, service: str) -> bool:
        return service in self._policies

    @property
    def addresses(self) -> int:
        """How many addresses the endpoints take in each subnet."""
        return len(self._policies.keys() - GATEWAYS.keys())

    def allow(self, service: EndpointService, *requests: Requests) -> None:
        """Let requests through the endpoint of a service, which is made with the first of them."""
        check_service(self._scope, "service", service)
        if service in self._existing:
            return
        allowed = [each.as_json(place_of(self._scope).account) for each in requests]
        if service in self._policies:
            self._policies[service].add_statements(*map(statement, allowed))
            return
        if self._claim is not None:
            self._claim(service)
        self._policies[service] = document(*allowed)
        self._make(service, self._policies[service])

    def _make(self, service: EndpointService, policy: iam.PolicyDocument) -> None:
        properties: dict[str, Any]
        if service in GATEWAYS:
            properties = {"vpc_endpoint_type": "Gateway", "route_table_ids": self._route_table_ids}
        else:
            properties = {
                "vpc_endpoint_type": "Interface",
                "subnet_ids": self._subnet_ids,
                "security_group_ids": [self._security_group_id],
                "private_dns_enabled": True,
            }
        endpoint = ec2.CfnVPCEndpoint(
            self._scope,
            f"{service.title().replace('-', '')}Endpoint",
            vpc_id=self._vpc_id,
            service_name=_name(service),
            policy_document=policy,
            tags=[cdk.CfnTag(key="Name", value=f"{self._owner.tenant} {service}")],
            **properties,
        )
        self._owner.mark(endpoint, "vpc-endpoint")
