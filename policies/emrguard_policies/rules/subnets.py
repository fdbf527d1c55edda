"""Subnets that face the internet."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "MapPublicIpOnLaunch"


def public(context: Context, subnet: Resource) -> Iterator[Violation]:
    """Why a subnet is public: it hands out public addresses, or a route of its table leads to an internet gateway."""
    routes = context.once(_public_routes)
    given = context.get(subnet, _PROPERTY)
    if context.flag(given):
        yield Violation(subnet, _PROPERTY, "MapPublicIpOnLaunch is true")
    elif context.unknown(given):
        yield Violation(subnet, _PROPERTY, "MapPublicIpOnLaunch depends on the deployment", undecided=True)
    for association in context.pointing("AWS::EC2::SubnetRouteTableAssociation", "SubnetId").get(subnet, ()):
        table = context.target(association, "RouteTableId")
        if table not in routes:
            continue
        if routes[table] is None:
            yield Violation(subnet, "", "its route table has a gateway that depends on the deployment", undecided=True)
        else:
            yield Violation(subnet, "", f"its route table {table.logical_id} leads to an internet gateway")


def _public_routes(context: Context) -> dict[Resource, bool | None]:
    """Route tables that lead to an internet gateway; None where that is not known."""
    found: dict[Resource, bool | None] = {}
    for route in context.of("AWS::EC2::Route"):
        table = context.target(route, "RouteTableId")
        gateway = context.get(route, "GatewayId")
        if table is None or gateway is None:
            continue
        target = context.target(route, "GatewayId")
        if (target is not None and target.type == "AWS::EC2::InternetGateway") or str(gateway).startswith("igw-"):
            found[table] = True
        elif context.unknown(gateway):
            found.setdefault(table, None)
    return found
