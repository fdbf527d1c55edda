"""The VPC endpoints of a network: one a service, each with a policy that grows with what is let through it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal, get_args

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

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

    def allow(
        self,
        service: EndpointService,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        """Let requests through the endpoint of a service, which is made with the first of them.

        Args:
            service: the service.
            actions: the actions.
            resources: ARNs of their resources.
            conditions: default that the principal is of this account.
        """
        own = {"StringEquals": {"aws:PrincipalAccount": cdk.Stack.of(self._scope).account}}
        statement = iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=list(actions),
            resources=list(resources),
            conditions=own if conditions is None else conditions,
        )
        check_service(self._scope, "service", service)
        if service in self._existing:
            return
        if service not in self._policies:
            if self._claim is not None:
                self._claim(service)
            self._policies[service] = iam.PolicyDocument()
            self._make(service, self._policies[service])
        self._policies[service].add_statements(statement)

    def _make(self, service: EndpointService, policy: iam.PolicyDocument) -> None:
        properties: dict[str, Any]
        if service in GATEWAYS:
            name = GATEWAYS[service].name
            properties = {"vpc_endpoint_type": "Gateway", "route_table_ids": self._route_table_ids}
        else:
            name = ec2.InterfaceVpcEndpointAwsService(service).name
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
            service_name=name,
            policy_document=policy,
            tags=[cdk.CfnTag(key="Name", value=f"{self._owner.tenant} {service}")],
            **properties,
        )
        self._owner.mark(endpoint, "vpc-endpoint")
