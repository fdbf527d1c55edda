"""A job in a private network reaches S3, CloudWatch Logs and KMS by VPC endpoints, or by a way out to the internet.

Without the endpoint the job fails, or its traffic leaves the network where no endpoint policy watches it. S3 is needed
always, CloudWatch Logs where the application logs there, KMS where it names a key, Managed Service for Prometheus
(`aps-workspaces`) where metrics go there, and each of Glue, Lake Formation, Secrets Manager, DynamoDB, Kinesis, STS and
CloudWatch metrics where the role of the jobs has rights there.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import KEY_PATHS, Context

_PROMETHEUS = "MonitoringConfiguration.PrometheusMonitoringConfiguration.RemoteWriteUrl"
_BY_RIGHTS = {
    "glue": "glue", "lakeformation": "lakeformation", "secretsmanager": "secretsmanager", "dynamodb": "dynamodb",
    "kinesis": "kinesis-streams", "cloudwatch": "monitoring",
}  # fmt: skip
"""The endpoint for a service, by the prefix of its actions."""
_ASSUME = "sts:assumerole"
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
    granted = set(_granted(context, applications))
    return [*needed, *sorted(granted - set(needed))]


def _granted(context: Context, applications: list[Resource]) -> Iterator[str]:
    """The endpoints of the services that the jobs of some applications have rights in, each written by its name."""
    tenants = {application.mark.tenant for application in applications}
    alone = len(context.applications) == len(applications) == 1
    for role in context.execution_roles:
        mine = role.mark.tenant in tenants if role.mark.tenant else alone
        for document in context.documents_of(role) if mine else ():
            for statement in document.statements:
                for action in statement.actions or () if statement.effect == "Allow" else ():
                    service = action.partition(":")[0].lower()
                    if service in _BY_RIGHTS:
                        yield _BY_RIGHTS[service]
                    elif action.lower() == _ASSUME:
                        yield "sts"


RULE = Rule(
    id="EMRG209",
    name="service-without-endpoint",
    severity="warning",
    title="VPC of an application without an endpoint for a service that it uses",
    rationale=__doc__,
    mend="Add a gateway endpoint for S3 and DynamoDB, and interface endpoints for the other services named.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/vpc-access.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP01",), "NIST 800-53 r5": ("SC-7",)},
    check=check,
)
