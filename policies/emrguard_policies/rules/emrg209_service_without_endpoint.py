"""A job in a private network reaches S3, CloudWatch Logs and KMS by VPC endpoints, or by a way out to the internet.

Without the endpoint the job fails, or its traffic leaves the network where no endpoint policy watches it. S3 is needed
always, CloudWatch Logs where the application logs there, KMS where it names a key, Managed Service for Prometheus
(`aps-workspaces`) where metrics go there.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import KEY_PATHS, Context

_PROMETHEUS = "MonitoringConfiguration.PrometheusMonitoringConfiguration.RemoteWriteUrl"
_LOGS = "MonitoringConfiguration.CloudWatchLoggingConfiguration.Enabled"


def check(context: Context) -> Iterator[Violation]:
    """VPCs of applications that lack the endpoint for a service which an application in them uses."""
    endpoints = context.of("AWS::EC2::VPCEndpoint")
    unplaced = any(context.target(item, "VpcId") is None for item in endpoints)
    for vpc in context.vpcs:
        mine = context.pointing("AWS::EC2::VPCEndpoint", "VpcId").get(vpc, [])
        names = [context.get(endpoint, "ServiceName") for endpoint in mine]
        found = {str(name).rpartition(".")[2] for name in names}
        missing = [service for service in _needed(context, vpc) if service not in found]
        if not missing:
            continue
        if unplaced or any(map(context.unknown, names)):
            message = f"whether there is an endpoint for {', '.join(missing)} depends on the deployment"
            yield Violation(vpc, "", message, undecided=True)
        else:
            yield Violation(vpc, "", f"no endpoint for {', '.join(missing)}")


def _needed(context: Context, vpc: Resource) -> list[str]:
    applications = context.applications_in(vpc)
    needed = ["s3"] if applications else []
    if any(context.flag(context.get(item, _LOGS)) for item in applications):
        needed.append("logs")
    if any(context.given(item, path) for item in applications for path in KEY_PATHS):
        needed.append("kms")
    if any(context.given(item, _PROMETHEUS) for item in applications):
        needed.append("aps-workspaces")
    return needed


RULE = Rule(
    id="EMRG209",
    name="service-without-endpoint",
    severity="warning",
    title="VPC of an application without an endpoint for a service that it uses",
    rationale=__doc__,
    mend="Add a gateway endpoint for S3, and interface endpoints for the other services named.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
