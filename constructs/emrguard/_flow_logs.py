"""Records of every flow in the subnets of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs
from constructs import Construct

from emrguard import _actions
from emrguard._kept import arn_of, place_of
from emrguard._manifest import Owner
from emrguard.interfaces import IApplicationKey


def log_flows(
    scope: Construct, tenant: str, key: IApplicationKey, kind: Literal["VPC", "Subnet"], ids: Sequence[str]
) -> None:
    """Log all traffic of a VPC, or of subnets, for a year, in a log group encrypted with the tenant's key.

    Own L1 flow log and role: CDK's own also lets the role pass itself.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    owner, place = Owner(tenant=tenant), place_of(scope)
    name = f"/aws/vpc/flow-logs/{tenant}"
    key.allow_log_group(name)
    group = aws_logs.LogGroup(
        scope,
        "FlowLogGroup",
        log_group_name=name,
        encryption_key=key.key,
        retention=aws_logs.RetentionDays.ONE_YEAR,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    owner.mark(group, "log-group")
    key.accept_for(group)
    flow_logs = place.arn("ec2", "vpc-flow-log/*")
    role = iam.Role(
        scope,
        "FlowLogRole",
        description=f"Delivers the flow logs of tenant {tenant}",
        assumed_by=iam.ServicePrincipal(
            "vpc-flow-logs.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": place.account},
                "ArnLike": {"aws:SourceArn": flow_logs},
            },
        ),
    )
    owner.mark_role(role, "flow-log", within=scope)
    delivery = iam.Grant.add_to_principal(
        grantee=role, actions=list(_actions.DELIVER_FLOW_LOGS), resource_arns=[group.log_group_arn]
    )
    for number, each in enumerate(ids, 1):
        flow_log = ec2.CfnFlowLog(
            scope,
            "FlowLog" if kind == "VPC" else f"FlowLog{number}",
            resource_id=each,
            resource_type=kind,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=arn_of(role),
            max_aggregation_interval=60,
            tags=[cdk.CfnTag(key="Name", value=f"{tenant} flows")],
        )
        delivery.apply_before(flow_log)
        owner.mark(flow_log, "flow-log")
