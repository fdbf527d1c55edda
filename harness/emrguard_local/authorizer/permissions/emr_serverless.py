"""EMR Serverless. ARNs have a slash before `applications`.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html
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

_SERVICE = "emr-serverless.amazonaws.com"
_OPERATIONS_SERVICE = "ops.emr-serverless.amazonaws.com"
_SERVICE_ROLE = f"role/aws-service-role/{_OPERATIONS_SERVICE}/AWSServiceRoleForAmazonEMRServerless"


def _application(asked: Asked) -> str:
    return asked.arn("emr-serverless", f"/applications/{asked.parameters['applicationId']}")


def _tags(asked: Asked, arn: str) -> dict[str, Value]:
    described = asked.state.describe("emr-serverless", arn) or {}
    return resource_tags(described.get("tags", {}))


def _needed(asked: Asked, action: str, arn: str) -> Needed:
    context = _tags(asked, arn) | request_tags(asked.parameters.get("tags") or {})
    return Needed(f"emr-serverless:{action}", arn, context)


def _on_application(action: str) -> Rule:
    return lambda asked: (_needed(asked, action, _application(asked)),)


def _below_application(action: str, kind: str, parameter: str) -> Rule:
    return lambda asked: (_needed(asked, action, f"{_application(asked)}/{kind}/{asked.parameters[parameter]}"),)


def _on_applications(action: str) -> Rule:
    # The action has no resource of its own; policies of the guide name `…:/*` as well as `*`.
    return lambda asked: (_needed(asked, action, asked.arn("emr-serverless", "/applications")),)


def _tag_on_create(asked: Asked, arn: str) -> Iterator[Needed]:
    if asked.parameters.get("tags"):
        yield _needed(asked, "TagResource", arn)


def _network(asked: Asked) -> Iterator[Needed]:
    """What the caller needs for the interfaces that the service makes on its behalf.

    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-user-access-policies.html
    """
    network = asked.parameters.get("networkConfiguration") or {}
    named = {"subnet": network.get("subnetIds") or (), "security-group": network.get("securityGroupIds") or ()}
    if not any(named.values()):
        return
    ec2 = asked.state.ec2(asked.region)
    yield _interface(asked, "network-interface/*", {})
    for kind, ids in named.items():
        for each in ids:
            yield _interface(asked, f"{kind}/{each}", ec2.tags.get(str(each), {}) if ec2 is not None else {})


def _interface(asked: Asked, resource: str, tags: Mapping[str, str]) -> Needed:
    context = resource_tags(tags, "ec2")
    return Needed("ec2:CreateNetworkInterface", asked.arn("ec2", resource), context, via=_OPERATIONS_SERVICE)


def _create(asked: Asked) -> Iterable[Needed]:
    yield from _on_applications("CreateApplication")(asked)
    yield from _tag_on_create(asked, asked.arn("emr-serverless", "/applications/*"))
    yield from _network(asked)
    # AWS makes the service's own role with the account's first application, if the caller may.
    service_role = asked.iam_arn(_SERVICE_ROLE)
    if asked.state.role(service_role) is None:
        yield Needed("iam:CreateServiceLinkedRole", service_role, {"iam:AWSServiceName": _OPERATIONS_SERVICE})


def _update(asked: Asked) -> Iterable[Needed]:
    yield from _on_application("UpdateApplication")(asked)
    yield from _network(asked)


def _start_job_run(asked: Asked) -> Iterable[Needed]:
    application = _application(asked)
    yield _needed(asked, "StartJobRun", application)
    yield pass_role(asked, str(asked.parameters["executionRoleArn"]), _SERVICE)
    yield from _tag_on_create(asked, f"{application}/jobruns/*")
    yield from _keys(asked, application)


def _keys(asked: Asked, application: str) -> Iterator[Needed]:
    """The keys of logs and disks, which the submitter must be able to use as well.

    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html
    """
    described = asked.state.describe("emr-serverless", application) or {}
    overrides = asked.parameters.get("configurationOverrides") or {}
    monitoring = dict(described.get("monitoringConfiguration") or {})
    monitoring |= overrides.get("monitoringConfiguration") or {}
    # A job replaces the application's settings by their kind.
    logs = ("s3MonitoringConfiguration", "managedPersistenceMonitoringConfiguration")
    used = {
        str(each["encryptionKeyArn"]) for name in logs if (each := monitoring.get(name) or {}).get("encryptionKeyArn")
    }
    for name in sorted(used):
        yield from _use(asked, name, ("kms:GenerateDataKey", "kms:Decrypt"), {})
    disk: Mapping[str, Any] = overrides.get("diskEncryptionConfiguration") or described.get(
        "diskEncryptionConfiguration", {}
    )
    if disk.get("encryptionKeyArn"):
        pairs = {**(disk.get("encryptionContext") or {}), "applicationId": str(asked.parameters["applicationId"])}
        actions = ("kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey")
        yield from _use(asked, str(disk["encryptionKeyArn"]), actions, pairs)


def _use(asked: Asked, name: str, actions: Iterable[str], pairs: Mapping[str, str]) -> Iterator[Needed]:
    ref = keys.resolve(asked, name, asked.region)
    context = keys.encryption_context(pairs)
    for action in actions:
        # Only cryptographic operations have an encryption context.
        plain = action == "kms:DescribeKey"
        yield keys.use(asked, action, ref, {} if plain else context, via="emr-serverless")


def _start_session(asked: Asked) -> Iterable[Needed]:
    application = _application(asked)
    yield _needed(asked, "StartSession", application)
    yield pass_role(asked, str(asked.parameters["executionRoleArn"]), _SERVICE)
    yield from _tag_on_create(asked, f"{application}/sessions/*")


def _dashboard(action: str, kind: str, parameter: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = f"{_application(asked)}/{kind}/{asked.parameters[parameter]}"
        yield _needed(asked, action, arn)
        if asked.parameters.get("accessSystemProfileLogs"):
            yield _needed(asked, "AccessSystemProfileLogs", arn)

    return rule


def _tagging(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        arn = str(asked.parameters["resourceArn"])
        if not arn.startswith(asked.arn("emr-serverless", "/applications/")):
            raise CannotTellError(f"{arn} is no application, job run or session of this account and Region")
        needed = _needed(asked, action, arn)
        if not asked.parameters.get("tagKeys"):
            return (needed,)
        context = {**needed.context, **tag_keys(asked.parameters["tagKeys"])}
        return (Needed(needed.action, arn, context),)

    return rule


_JOB_RUN = ("jobruns", "jobRunId")
_SESSION = ("sessions", "sessionId")

TABLE: Table = {
    "CancelJobRun": _below_application("CancelJobRun", *_JOB_RUN),
    "CreateApplication": _create,
    "DeleteApplication": _on_application("DeleteApplication"),
    "GetApplication": _on_application("GetApplication"),
    "GetDashboardForJobRun": _dashboard("GetDashboardForJobRun", *_JOB_RUN),
    "GetJobRun": _below_application("GetJobRun", *_JOB_RUN),
    "GetResourceDashboard": _dashboard("GetResourceDashboard", "sessions", "resourceId"),
    "GetSession": _below_application("GetSession", *_SESSION),
    "GetSessionEndpoint": _below_application("GetSessionEndpoint", *_SESSION),
    "ListApplications": _on_applications("ListApplications"),
    "ListJobRunAttempts": _below_application("ListJobRunAttempts", *_JOB_RUN),
    "ListJobRuns": _on_application("ListJobRuns"),
    "ListSessions": _on_application("ListSessions"),
    "ListTagsForResource": _tagging("ListTagsForResource"),
    "StartApplication": _on_application("StartApplication"),
    "StartJobRun": _start_job_run,
    "StartSession": _start_session,
    "StopApplication": _on_application("StopApplication"),
    "TagResource": _tagging("TagResource"),
    "TerminateSession": _below_application("TerminateSession", *_SESSION),
    "UntagResource": _tagging("UntagResource"),
    "UpdateApplication": _update,
}
