"""EMR Serverless.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html

Whoever submits a job, or opens its user interface, needs the use of the keys of its logs and disks:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/disk-encryption-cmk.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emrguard_local.authorizer import keys
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    pass_role,
    request_tags,
    resource_tags,
    tag_keys,
)
from emrguard_local.authorizer.permissions.ec2 import ec2_resource

SERVICE = "emr-serverless.amazonaws.com"
_OPERATIONS_SERVICE = "ops.emr-serverless.amazonaws.com"
_LINKED_ROLE = "AWSServiceRoleForAmazonEMRServerless"
_LOG_KEYS = ("s3MonitoringConfiguration", "managedPersistenceMonitoringConfiguration")


def _application_arn(asked: Asked) -> str:
    return asked.arn("emr-serverless", f"/applications/{_id(asked, 'applicationId')}")


def _id(asked: Asked, name: str) -> str:
    value = asked.parameters.get(name)
    if not isinstance(value, str) or not value or "/" in value:
        raise CannotTellError(f"{name} is {value!r}, not an id")
    return value


def _tags_of(asked: Asked, arn: str) -> dict[str, Value]:
    described = asked.state.describe("emr-serverless", arn) or {}
    return resource_tags(described.get("tags") or {})


def _application(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = _application_arn(asked)
        return (Needed(action, arn, _tags_of(asked, arn)),)

    return rule


def _part(action: str, collection: str, parameter: str) -> Rule:
    """Actions on a job run or a session of an application."""

    def rule(asked: Asked) -> Iterable[Needed]:
        arn = f"{_application_arn(asked)}/{collection}/{_id(asked, parameter)}"
        return (Needed(action, arn, _tags_of(asked, arn)),)

    return rule


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        parameters, arn = asked.parameters, str(asked.parameters.get("resourceArn", ""))
        if not arn.startswith(asked.arn("emr-serverless", "/applications/")):
            raise CannotTellError(f"resourceArn is {arn!r}, which is no resource of EMR Serverless here")
        context = _tags_of(asked, arn) | request_tags(parameters.get("tags") or {})
        if "tagKeys" in parameters:
            context |= tag_keys(parameters["tagKeys"])
        return (Needed(action, arn, context),)

    return rule


def _create_application(asked: Asked) -> Iterable[Needed]:
    parameters = asked.parameters
    tags = parameters.get("tags") or {}
    context = request_tags(tags)
    yield Needed("emr-serverless:CreateApplication", asked.arn("emr-serverless", "/applications/*"), context)
    if tags:
        yield Needed("emr-serverless:TagResource", asked.arn("emr-serverless", "/applications/*"), context)
    yield from _linked_role(asked)
    yield from _network(asked)


def _list_applications(asked: Asked) -> Iterable[Needed]:
    return (Needed("emr-serverless:ListApplications", asked.arn("emr-serverless", "/*")),)


def _update_application(asked: Asked) -> Iterable[Needed]:
    arn = _application_arn(asked)
    yield Needed("emr-serverless:UpdateApplication", arn, _tags_of(asked, arn))
    yield from _network(asked)


def _linked_role(asked: Asked) -> Iterator[Needed]:
    """The first application of an account makes the service's role; the caller needs the right to that."""
    if asked.state.role_named(_LINKED_ROLE) is None:
        arn = asked.iam_arn(f"role/aws-service-role/{_OPERATIONS_SERVICE}/{_LINKED_ROLE}")
        yield Needed("iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": _OPERATIONS_SERVICE}, via=SERVICE)


def _network(asked: Asked) -> Iterator[Needed]:
    """The service tries, with the caller's rights, whether it can make network interfaces where it shall."""
    network = asked.parameters.get("networkConfiguration") or {}
    subnets, groups = network.get("subnetIds") or [], network.get("securityGroupIds") or []
    if not subnets and not groups:
        return
    action = "ec2:CreateNetworkInterface"
    yield ec2_resource(asked, action, "network-interface", "*", via=_OPERATIONS_SERVICE)
    for subnet in subnets:
        yield ec2_resource(asked, action, "subnet", str(subnet), via=_OPERATIONS_SERVICE)
    for group in groups:
        yield ec2_resource(asked, action, "security-group", str(group), via=_OPERATIONS_SERVICE)


def _submission(action: str) -> Rule:
    """StartJobRun and StartSession: on the application, with a role to pass and perhaps tags."""

    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        arn = _application_arn(asked)
        tags = parameters.get("tags") or {}
        yield Needed(action, arn, _tags_of(asked, arn) | request_tags(tags))
        role = parameters.get("executionRoleArn")
        if not isinstance(role, str) or ":role/" not in role:
            raise CannotTellError(f"executionRoleArn is {role!r}, not the ARN of a role")
        yield pass_role(asked, role, SERVICE)
        if tags:
            collection = "jobruns" if action.endswith("StartJobRun") else "sessions"
            yield Needed("emr-serverless:TagResource", f"{arn}/{collection}/*", request_tags(tags))
        described = asked.state.describe("emr-serverless", arn) or {}
        overrides = parameters.get("configurationOverrides") or {}
        yield from _keys(asked, str(parameters["applicationId"]), (described, overrides))

    return rule


def _dashboard(asked: Asked) -> Iterable[Needed]:
    application = _application_arn(asked)
    arn = f"{application}/jobruns/{_id(asked, 'jobRunId')}"
    yield from _user_interface(asked, "emr-serverless:GetDashboardForJobRun", arn)
    sources = [asked.state.describe("emr-serverless", each) or {} for each in (application, arn)]
    yield from _keys(asked, str(asked.parameters["applicationId"]), sources, disk=False)


def _session_dashboard(asked: Asked) -> Iterable[Needed]:
    arn = f"{_application_arn(asked)}/sessions/{_id(asked, 'resourceId')}"
    return _user_interface(asked, "emr-serverless:GetResourceDashboard", arn)


def _user_interface(asked: Asked, action: str, arn: str) -> Iterator[Needed]:
    context = _tags_of(asked, arn)
    yield Needed(action, arn, context)
    if asked.parameters.get("accessSystemProfileLogs"):
        yield Needed("emr-serverless:AccessSystemProfileLogs", arn, context)


def _keys(
    asked: Asked, application_id: str, sources: Iterable[Mapping[str, Any]], *, disk: bool = True
) -> Iterator[Needed]:
    """The use of the keys of logs and disks; of two configurations the later one counts where it says something."""
    logs: dict[str, str] = {}
    disk_key: str | None = None
    disk_context: Mapping[str, str] = {}
    for source in sources:
        monitoring = source.get("monitoringConfiguration") or {}
        for kind in _LOG_KEYS:
            if kind in monitoring:
                logs[kind] = (monitoring[kind] or {}).get("encryptionKeyArn") or ""
        disks = source.get("diskEncryptionConfiguration") or {}
        if disks.get("encryptionKeyArn"):
            disk_key, disk_context = disks["encryptionKeyArn"], disks.get("encryptionContext") or {}
    for name in dict.fromkeys(each for each in logs.values() if each):
        ref = keys.resolve(asked, name, asked.region)
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            yield keys.use(asked, action, ref, via="emr-serverless")
    if disk and disk_key:
        ref = keys.resolve(asked, disk_key, asked.region)
        context = keys.encryption_context({**disk_context, "applicationId": application_id})
        yield keys.use(asked, "kms:DescribeKey", ref, via="emr-serverless")
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            yield keys.use(asked, action, ref, context, via="emr-serverless")


TABLE: Table = {
    "CancelJobRun": _part("emr-serverless:CancelJobRun", "jobruns", "jobRunId"),
    "CreateApplication": _create_application,
    "DeleteApplication": _application("emr-serverless:DeleteApplication"),
    "GetApplication": _application("emr-serverless:GetApplication"),
    "GetDashboardForJobRun": _dashboard,
    "GetJobRun": _part("emr-serverless:GetJobRun", "jobruns", "jobRunId"),
    "GetResourceDashboard": _session_dashboard,
    "GetSession": _part("emr-serverless:GetSession", "sessions", "sessionId"),
    "GetSessionEndpoint": _part("emr-serverless:GetSessionEndpoint", "sessions", "sessionId"),
    "ListApplications": _list_applications,
    "ListJobRunAttempts": _part("emr-serverless:ListJobRunAttempts", "jobruns", "jobRunId"),
    "ListJobRuns": _application("emr-serverless:ListJobRuns"),
    "ListSessions": _application("emr-serverless:ListSessions"),
    "ListTagsForResource": _tagging("emr-serverless:ListTagsForResource"),
    "StartApplication": _application("emr-serverless:StartApplication"),
    "StartJobRun": _submission("emr-serverless:StartJobRun"),
    "StartSession": _submission("emr-serverless:StartSession"),
    "StopApplication": _application("emr-serverless:StopApplication"),
    "TagResource": _tagging("emr-serverless:TagResource"),
    "TerminateSession": _part("emr-serverless:TerminateSession", "sessions", "sessionId"),
    "UntagResource": _tagging("emr-serverless:UntagResource"),
    "UpdateApplication": _update_application,
}
