"""A subnet with a route to an internet gateway, or one that hands out public addresses, faces the internet.

EMR Serverless needs neither: a private subnet with VPC endpoints reaches what a job needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "MapPublicIpOnLaunch"


def check(context: Context) -> Iterator[Violation]:
    """Subnets of applications that are public, and subnets outside of the assembly."""
    routes = _public_routes(context)
    judged: set[Resource] = set()
    for application in context.applications:
        for where, subnet in context.subnets(application):
            if subnet is None:
                yield Violation(application, where, "the subnet is not in the assembly", undecided=True)
            elif subnet not in judged:
                judged.add(subnet)
                yield from _judge(context, subnet, routes)


def _judge(context: Context, subnet: Resource, routes: dict[Resource, bool | None]) -> Iterator[Violation]:
    public = context.get(subnet, _PROPERTY)
    if context.flag(public):
        yield Violation(subnet, _PROPERTY, "MapPublicIpOnLaunch is true")
    elif context.unknown(public):
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


RULE = Rule(
    id="EMRG202",
    name="application-in-public-subnet",
    severity="error",
    title="Application in a public subnet",
    rationale=__doc__,
    mend=(
        "Use private subnets: no route to an internet gateway, MapPublicIpOnLaunch not true; reach AWS "
        "services by VPC endpoints."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
