"""A VPC that exists already, for the workers of a tenant."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from emrguard._endpoints import GATEWAYS, EndpointService, check_service
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_MADE: WeakKeyDictionary[cdk.Stage, dict[tuple[str, str, str], str]] = WeakKeyDictionary()
"""Paths of the networks that made endpoints in existing VPCs, by account, VPC and service, in each app or stage."""


@dataclass(frozen=True, kw_only=True)
class ExistingEndpoint:
    """A VPC endpoint that is there already, in place of one that `IsolatedNetwork` makes.

    It keeps its own policy, which may let more through than the tenant needs, or less than its jobs need.

    ```python
    from aws_cdk import aws_ec2 as ec2

    from emrguard import ExistingEndpoint, ExistingVpc


    def shared(vpc: ec2.IVpc, endpoints: ec2.ISecurityGroup) -> ExistingVpc:
        logs = ExistingEndpoint(because="the network team has one for CloudWatch Logs", security_group=endpoints)
        return ExistingVpc(vpc=vpc, because="peered with the warehouse", endpoints={"logs": logs})
    ```

    Args:
        because: why it is enough; goes into the manifest.
        security_group: the group of an interface endpoint; it lets the workers in. None for `s3` and `dynamodb`, whose
            endpoints have none.
    """

    because: str
    security_group: ec2.ISecurityGroup | None = None


@dataclass(frozen=True, kw_only=True)
class ExistingVpc:
    """A VPC of yours, in place of one that `IsolatedNetwork` makes: for data stores that are in it, such as Amazon MSK.

    The tenant gets security groups, endpoints and flow logs of its own there. What else is in the VPC, and what its
    routes lead to, is not the tenant's: the security group of the workers lets them reach nothing of it, until you
    allow it by `network.connections`.

    Checked at synth, where CDK knows it: the subnets are not public, and in two zones; DNS of a VPC of the app is on.
    Of a VPC that is only named (`from_vpc_attributes`), the reason stands for that, too.

    ```python
    import aws_cdk as cdk
    from aws_cdk import aws_ec2 as ec2

    from emrguard import ExistingVpc, Tenant

    stack = cdk.Stack(cdk.App(), "Flights")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        isolated_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        isolated_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )
    Tenant(stack, "Tenant", name="flights", vpc=ExistingVpc(vpc=vpc, because="the Kafka cluster is in this VPC"))
    ```

    Args:
        vpc: the VPC.
        because: why the tenant has none of its own; goes into the manifest.
        subnets: where the workers run, default all isolated subnets. Subnets with a way out through a NAT gateway are
            taken if you select them; the security group of the workers does not let them use it.
        endpoints: endpoints that the VPC has already, by service (see `IsolatedNetwork.allow_service`), default none:
            two with private DNS for one service cannot be.
        flow_logs_because: leaves the flow logs out, for this reason, such as that the VPC has its own; default None:
            flows of the subnets are logged for the tenant.
    """

    vpc: ec2.IVpc
    because: str
    subnets: ec2.SubnetSelection | None = None
    endpoints: Mapping[EndpointService, ExistingEndpoint] = field(default_factory=dict)
    flow_logs_because: str | None = None


def check_endpoints(scope: Construct, given: ExistingVpc) -> None:
    """Each existing endpoint is of a service that jobs use, and has a security group exactly where it needs one.

    Raises:
        ArgumentError: otherwise.
    """
    for service, endpoint in given.endpoints.items():
        where = f"vpc.endpoints[{service!r}].security_group"
        check_service(scope, "vpc.endpoints", service)
        if service in GATEWAYS and endpoint.security_group is not None:
            raise ArgumentError(scope.node.path, where, "a group", "leave it out: a gateway endpoint has none")
        if service not in GATEWAYS and endpoint.security_group is None:
            raise ArgumentError(scope.node.path, where, None, "pass it, so that it lets the workers in")


def claim(scope: Construct, vpc: ec2.IVpc, service: EndpointService) -> None:
    """A VPC has one endpoint with private DNS, or one route, for each service.

    Raises:
        ArgumentError: another network of the app has made one.
    """
    root = cdk.Stage.of(scope)
    name = vpc.node.path if unresolved(vpc.vpc_id) else vpc.vpc_id
    made = {} if root is None else _MADE.setdefault(root, {})
    other = made.setdefault((cdk.Stack.of(scope).account, name, service), scope.node.path)
    if other != scope.node.path:
        mend = f"{other} makes it: make one endpoint for both, whose policy names what both need, and name it there"
        raise ArgumentError(scope.node.path, f"vpc.endpoints[{service!r}]", None, mend)


def select(scope: Construct, given: ExistingVpc) -> tuple[list[ec2.ISubnet], bool]:
    """The workers' subnets, and whether they are known to be in one zone only.

    Raises:
        ArgumentError: there is none, one is public, the VPC is of another Region or has no DNS.
    """
    path, vpc = scope.node.path, given.vpc
    wanted = given.subnets or ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    there, here = vpc.env.region, cdk.Stack.of(scope).region
    if not unresolved(there) and not unresolved(here) and there != here:
        raise ArgumentError(path, "vpc.vpc", f"a VPC in {there}", f"use one in the network's Region, {here}")
    if isinstance(vpc, ec2.Vpc) and not (vpc.dns_support_enabled and vpc.dns_hostnames_enabled):
        mend = "turn enable_dns_support and enable_dns_hostnames on: endpoints need both"
        raise ArgumentError(path, "vpc.vpc", "a VPC without DNS", mend)
    if wanted.subnets:
        subnets, pending = list(wanted.subnets), False
    else:
        subnets, pending = _selected(scope, vpc, wanted)
    if not pending:
        public = {subnet.node.path for subnet in vpc.public_subnets}
        for subnet in subnets:
            if subnet.node.path in public:
                mend = "select isolated or private ones: workers need no way to or from the internet"
                raise ArgumentError(path, "vpc.subnets", f"{subnet.node.path}, a public subnet", mend)
    # Of a pending lookup the subnets are made up: it ends this synthesis, and starts another one with what it found.
    zones = [None if pending else _zone(scope, subnet) for subnet in subnets]
    return subnets, None not in zones and len(set(zones)) == 1


def _selected(scope: Construct, vpc: ec2.IVpc, wanted: ec2.SubnetSelection) -> tuple[list[ec2.ISubnet], bool]:
    try:
        found = vpc.select_subnets(
            availability_zones=wanted.availability_zones,
            one_per_az=wanted.one_per_az,
            subnet_filters=wanted.subnet_filters,
            subnet_group_name=wanted.subnet_group_name,
            subnet_type=wanted.subnet_type,
        )
    except RuntimeError as error:  # what jsii makes of an error of CDK's
        mend = "select isolated or private subnets that the VPC has"
        raise ArgumentError(scope.node.path, "vpc.subnets", str(error).partition("\n")[0], mend) from error
    if not found.subnets:
        raise ArgumentError(scope.node.path, "vpc.subnets", [], "select at least two subnets, in different zones")
    return list(found.subnets), bool(found.is_pending_lookup)


def _zone(scope: Construct, subnet: ec2.ISubnet) -> str | None:
    """The zone of a subnet as the template has it; None of a subnet that is named by its id only."""
    try:
        return json.dumps(cdk.Stack.of(scope).resolve(subnet.availability_zone))
    except RuntimeError:
        return None


def route_tables(scope: Construct, subnets: list[ec2.ISubnet]) -> list[str]:
    """The route tables of subnets, each once.

    Raises:
        ArgumentError: CDK does not know one.
    """
    found = []
    for subnet in subnets:
        try:
            found.append(subnet.route_table.route_table_id)
        except RuntimeError as error:
            mend = "import it with its route table, or say in vpc.endpoints that there is an endpoint already"
            raise ArgumentError(scope.node.path, "vpc.subnets", subnet.subnet_id, mend) from error
    return list(dict.fromkeys(found))


def addresses(subnets: list[ec2.ISubnet]) -> list[int] | None:
    """How many addresses each subnet has; None where CDK does not know its range."""
    try:
        return [ipaddress.IPv4Network(subnet.ipv4_cidr_block).num_addresses for subnet in subnets]
    except (RuntimeError, ValueError):
        return None
