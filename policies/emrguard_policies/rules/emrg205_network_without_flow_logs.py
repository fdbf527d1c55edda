"""Flow logs are the only record of whom a worker talked to, refused connections included.

Without them an attempt to send data out leaves no trace outside of the worker itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """VPCs of applications without a flow log of all traffic: of the VPC, or of each subnet of an application in it."""
    unplaced = any(context.unknown(context.get(log, "ResourceId")) for log in context.of("AWS::EC2::FlowLog"))
    for vpc in context.vpcs:
        kinds = _logged(context, vpc)
        if "ALL" in kinds or _subnets_logged(context, vpc):
            continue
        if unplaced or any(context.unknown(kind) for kind in kinds):
            yield Violation(vpc, "", "which traffic of which VPC is logged depends on the deployment", undecided=True)
        else:
            yield Violation(vpc, "", f"its flow log takes only {kinds[0]}" if kinds else "no flow log is set")


def _logged(context: Context, resource: Resource) -> list[object]:
    """The kinds of traffic that the flow logs of a VPC or subnet take."""
    logs = context.pointing("AWS::EC2::FlowLog", "ResourceId").get(resource, [])
    return [context.get(log, "TrafficType") for log in logs]


def _subnets_logged(context: Context, vpc: Resource) -> bool:
    subnets = [
        subnet
        for application in context.applications_in(vpc)
        for _, subnet in context.subnets(application)
        if subnet is None or context.target(subnet, "VpcId") == vpc
    ]
    return bool(subnets) and all(subnet is not None and "ALL" in _logged(context, subnet) for subnet in subnets)


RULE = Rule(
    id="EMRG205",
    name="network-without-flow-logs",
    severity="error",
    title="VPC of an application without flow logs",
    rationale=__doc__,
    mend="Add an AWS::EC2::FlowLog for the VPC, or for each subnet of the application, with TrafficType ALL.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
    frameworks={
        "AWS Well-Architected": ("SEC04-BP01",),
        "NIST 800-53 r5": ("AU-12", "SI-4"),
        "CIS AWS Foundations 3.0": ("3.7",),
    },
    check=check,
)
