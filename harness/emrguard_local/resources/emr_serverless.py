"""AWS::EMRServerless::Application."""

from __future__ import annotations

from typing import Any

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Boolean, Integer, ListOf, MapOf, Record, Text, record

_IMAGE = record(ImageUri=Text())
_CONFIGURATION = record(("Classification",), Classification=Text(), Properties=MapOf(Text()))
# A configuration may hold configurations of its own.
_CONFIGURATIONS = ListOf(_CONFIGURATION)
_CONFIGURATION = Record({**_CONFIGURATION.fields, "Configurations": _CONFIGURATIONS}, _CONFIGURATION.required)
_CONFIGURATIONS = ListOf(_CONFIGURATION)

_MONITORING = record(
    S3MonitoringConfiguration=record(LogUri=Text(), EncryptionKeyArn=Text()),
    ManagedPersistenceMonitoringConfiguration=record(Enabled=Boolean(), EncryptionKeyArn=Text()),
    CloudWatchLoggingConfiguration=record(
        Enabled=Boolean(),
        LogGroupName=Text(),
        LogStreamNamePrefix=Text(),
        EncryptionKeyArn=Text(),
        LogTypeMap=ListOf(record(("Key", "Value"), Key=Text(), Value=ListOf(Text()))),
    ),
    PrometheusMonitoringConfiguration=record(RemoteWriteUrl=Text()),
)

_APPLICATION = record(
    ("ReleaseLabel", "Type"),
    Name=Text(),
    Type=Text(),
    ReleaseLabel=Text(),
    Architecture=Text(("ARM64", "X86_64")),
    AutoStartConfiguration=record(Enabled=Boolean()),
    AutoStopConfiguration=record(Enabled=Boolean(), IdleTimeoutMinutes=Integer()),
    InitialCapacity=ListOf(
        record(
            ("Key", "Value"),
            Key=Text(),
            Value=record(
                ("WorkerCount", "WorkerConfiguration"),
                WorkerCount=Integer(),
                WorkerConfiguration=record(("Cpu", "Memory"), Cpu=Text(), Memory=Text(), Disk=Text(), DiskType=Text()),
            ),
        )
    ),
    MaximumCapacity=record(("Cpu", "Memory"), Cpu=Text(), Memory=Text(), Disk=Text()),
    NetworkConfiguration=record(SubnetIds=ListOf(Text()), SecurityGroupIds=ListOf(Text())),
    ImageConfiguration=_IMAGE,
    WorkerTypeSpecifications=MapOf(record(ImageConfiguration=_IMAGE)),
    RuntimeConfiguration=_CONFIGURATIONS,
    MonitoringConfiguration=_MONITORING,
    InteractiveConfiguration=record(StudioEnabled=Boolean(), LivyEndpointEnabled=Boolean(), SessionEnabled=Boolean()),
    SchedulerConfiguration=record(QueueTimeoutMinutes=Integer(), MaxConcurrentRuns=Integer()),
    IdentityCenterConfiguration=record(IdentityCenterInstanceArn=Text()),
    Tags=TAGS,
)


def _camel(value: Any) -> Any:
    """CloudFormation's property names as the API's: the first letter in lower case, at every depth."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_camel(item) for item in value]
    return value


def _configurations(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # The keys of Properties are Spark's own, so `_camel` must not touch them.
    result = []
    for value in values:
        item: dict[str, Any] = {"classification": value["Classification"]}
        if "Properties" in value:
            item["properties"] = dict(value["Properties"])
        if "Configurations" in value:
            item["configurations"] = _configurations(value["Configurations"])
        result.append(item)
    return result


def _api_form(name: str, value: Any) -> Any:
    match name:
        case "InitialCapacity":
            return {item["Key"]: _camel(item["Value"]) for item in value}
        case "WorkerTypeSpecifications":
            return {key: _camel(item) for key, item in value.items()}
        case "RuntimeConfiguration":
            return _configurations(value)
        case "MonitoringConfiguration":
            monitoring = _camel(value)
            types = monitoring.get("cloudWatchLoggingConfiguration", {}).pop("logTypeMap", None)
            if types is not None:
                monitoring["cloudWatchLoggingConfiguration"]["logTypes"] = {
                    item["key"]: item["value"] for item in types
                }
            return monitoring
        case _:
            return _camel(value)


@handles("AWS::EMRServerless::Application", _APPLICATION, attributes=("ApplicationId", "Arn"))
def application(creation: Creation) -> Created:
    """CreateApplication with every property of the type, read back through GetApplication.

    `Ref` is the application's id. See
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-emrserverless-application.html
    """
    client = creation.client("emr-serverless")
    asked = {
        name[0].lower() + name[1:]: _api_form(name, value)
        for name, value in creation.properties.items()
        if name != "Tags"
    }
    made = client.create_application(**asked, **({"tags": creation.tags} if creation.tags else {}))
    found = client.get_application(applicationId=made["applicationId"])["application"]
    for name, value in asked.items():
        if name == "type":
            # CloudFormation takes `Spark` and `SPARK`; the service answers in its own spelling.
            value, found[name] = value.upper(), str(found.get(name)).upper()
        creation.verify(name[0].upper() + name[1:], value, found.get(name))
    creation.verify_tags(found.get("tags", {}))
    return Created(made["applicationId"], {"ApplicationId": made["applicationId"], "Arn": made["arn"]})


HANDLERS = (application,)
