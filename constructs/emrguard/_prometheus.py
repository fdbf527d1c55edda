"""The way of an application's metrics to Amazon Managed Service for Prometheus."""

from __future__ import annotations

import re
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.interfaces import INetwork

_URL: Final = re.compile(
    r"https://aps-workspaces\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/workspaces/(?P<id>[A-Za-z0-9_-]+)/api/v1/remote_write"
)
_MEND: Final = "write https://aps-workspaces.<region>.amazonaws.com/workspaces/<id>/api/v1/remote_write"
_ARGUMENT: Final = "monitoring.prometheus_url"


def check(scope: Construct, url: str) -> None:
    """A remote write URL of a workspace in the Region of the stack, where a VPC endpoint leads.

    Raises:
        ArgumentError: it is none. What is known only later passes.
    """
    if unresolved(url):
        return
    found, region = _URL.fullmatch(url), cdk.Stack.of(scope).region
    if found is None:
        raise ArgumentError(scope.node.path, _ARGUMENT, url, _MEND)
    if not unresolved(region) and found["region"] != region:
        raise ArgumentError(scope.node.path, _ARGUMENT, url, f"use a workspace in the application's Region, {region}")


def connect(scope: Construct, url: str, network: INetwork, role: ExecutionRole) -> iam.Grant:
    """Let jobs that run as a role write metrics to the workspace: in the role's policy, and through the network.

    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/monitor-with-prometheus.html
    """
    found = None if unresolved(url) else _URL.fullmatch(url)
    workspace = cdk.Stack.of(scope).format_arn(
        service="aps",
        resource="workspace",
        resource_name=found["id"] if found else cdk.Fn.select(4, cdk.Fn.split("/", url)),
    )
    network.allow_service(role, "aps-workspaces", _actions.WRITE_PROMETHEUS, [workspace])
    return iam.Grant.add_to_principal(grantee=role, actions=list(_actions.WRITE_PROMETHEUS), resource_arns=[workspace])
