"""Every property of AWS::EMRServerless::Application has a typed argument, and the unsafe ones ask for a reason."""

from __future__ import annotations

import inspect
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless
from construct_support import Synthesized, acknowledged, synthesize

from emrguard import (
    ArgumentError,
    InitialCapacity,
    Interactive,
    Monitoring,
    ReleaseLabel,
    RuntimeConfiguration,
    SparkApplication,
    Tenant,
    WorkerImage,
)
from emrguard.spark_application import ApplicationOptions

_REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/spark"
_IMAGE = f"{_REPOSITORY}@sha256:{'0a' * 32}"
_WORKSPACE = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"
_INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"


def _tenant(**arguments: Any) -> Synthesized:
    return synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", **arguments), region="eu-west-1")


def test_a_tenant_hands_on_every_argument() -> None:
    """What an application takes, a tenant takes, too."""
    application = set(inspect.signature(SparkApplication.__init__).parameters)
    named = set(inspect.signature(Tenant.__init__).parameters)
    own = {"tenant", "network", "logs", "key", "application_name"}
    assert application - named - own == set(ApplicationOptions.__annotations__)


def test_every_property_is_reachable() -> None:
    """None of CloudFormation's needs an escape hatch; `image` excludes `worker_images`."""
    found = _tenant(
        initial_capacity={"DRIVER": InitialCapacity(workers=1)},
        runtime_configuration=[
            RuntimeConfiguration(
                classification="spark-env",
                configurations=[RuntimeConfiguration(classification="export", properties={"ZONE": "UTC"})],
            ),
        ],
        worker_images={"Driver": WorkerImage(uri=_IMAGE), "Executor": WorkerImage(uri=_IMAGE)},
        monitoring=Monitoring(
            log_types={"SPARK_DRIVER": ["STDERR"], "SPARK_EXECUTOR": ["STDOUT", "STDERR"]},
            log_stream_prefix="nightly",
            prometheus_url=_WORKSPACE,
        ),
        identity_center_instance_arn=_INSTANCE,
        tags={"cost center": "4711"},
    ).one("AWS::EMRServerless::Application")
    every = {
        "Architecture",
        "AutoStartConfiguration",
        "AutoStopConfiguration",
        "IdentityCenterConfiguration",
        "InitialCapacity",
        "InteractiveConfiguration",
        "MaximumCapacity",
        "MonitoringConfiguration",
        "Name",
        "NetworkConfiguration",
        "ReleaseLabel",
        "RuntimeConfiguration",
        "SchedulerConfiguration",
        "Tags",
        "Type",
        "WorkerTypeSpecifications",
    }
    assert set(found) - {"_id"} == every
    cloudformation = set(inspect.signature(emrserverless.CfnApplication.__init__).parameters) - {"self", "scope", "id"}
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in every | {"ImageConfiguration"}}
    assert cloudformation == names
    assert found["RuntimeConfiguration"][1:] == [
        {
            "Classification": "spark-env",
            "Configurations": [{"Classification": "export", "Properties": {"ZONE": "UTC"}}],
        }
    ]
    image = {"ImageConfiguration": {"ImageUri": _IMAGE}}
    assert found["WorkerTypeSpecifications"] == {"Driver": image, "Executor": image}
    monitoring = found["MonitoringConfiguration"]
    assert monitoring["PrometheusMonitoringConfiguration"] == {"RemoteWriteUrl": _WORKSPACE}
    assert monitoring["CloudWatchLoggingConfiguration"]["LogStreamNamePrefix"] == "nightly"
    assert monitoring["CloudWatchLoggingConfiguration"]["LogTypeMap"] == [
        {"Key": "SPARK_DRIVER", "Value": ["STDERR"]},
        {"Key": "SPARK_EXECUTOR", "Value": ["STDOUT", "STDERR"]},
    ]
    assert found["IdentityCenterConfiguration"] == {"IdentityCenterInstanceArn": _INSTANCE}
    assert {"Key": "cost center", "Value": "4711"} in found["Tags"]


def test_the_less_safe_way_needs_a_reason_that_stays() -> None:
    """It is in the manifest, and where a rule would report it, in the acknowledgment."""
    why = "the analysts explore here, alone"

    def build(stack: cdk.Stack) -> None:
        team = Tenant(
            stack,
            "Tenant",
            name="flights",
            interactive=Interactive(studio_because=why, livy_because=why, sessions_because=why),
            image=WorkerImage(uri=f"{_REPOSITORY}:latest", mutable_tag_because=why),
            monitoring=Monitoring(no_managed_logs_because=why, no_cloudwatch_because=why),
        )
        assert acknowledged(team.application) == {f"EmrGuard::EMRG{number}": why for number in (511, 601, 602, 603)}

    found = synthesize(build)
    application = found.one("AWS::EMRServerless::Application")
    assert application["ImageConfiguration"] == {"ImageUri": f"{_REPOSITORY}:latest"}
    assert set(application["InteractiveConfiguration"].values()) == {True}
    monitoring = application["MonitoringConfiguration"]
    assert monitoring["ManagedPersistenceMonitoringConfiguration"] == {"Enabled": False}
    assert monitoring["CloudWatchLoggingConfiguration"] == {"Enabled": False}
    assert "LogUri" in monitoring["S3MonitoringConfiguration"]
    assert found.mark(application["_id"])["reasons"] == dict.fromkeys(
        (
            "interactive.studio_because",
            "interactive.livy_because",
            "interactive.sessions_because",
            "image.mutable_tag_because",
            "monitoring.no_managed_logs_because",
            "monitoring.no_cloudwatch_because",
        ),
        why,
    )


def _classification(name: str, **properties: str) -> dict[str, Any]:
    return {"runtime_configuration": [RuntimeConfiguration(classification=name, properties=properties)]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": WorkerImage(uri="spark:latest")}, r"image\.uri is 'spark:latest'; write <12 digits>\.dkr"),
        ({"image": WorkerImage(uri=f"{_REPOSITORY}:1")}, r"image\.uri is .*:1'; name the image by @sha256:"),
        (
            {"image": WorkerImage(uri=cdk.Token.as_string({"Ref": "Image"}))},
            r"image\.uri is .*; name the image by @sha256:",
        ),
        (
            {"image": WorkerImage(uri=_IMAGE.replace("eu-west-1", "us-east-1"))},
            r"use an image in the application's Region, eu-west-1",
        ),
        (
            {"image": WorkerImage(uri=_IMAGE, mutable_tag_because="we tag by hand")},
            r"leave mutable_tag_because out: the image has a digest",
        ),
        ({"worker_images": {"Driver": WorkerImage(uri=_IMAGE)}}, r"is \['Driver'\]; give an image for each of"),
        (
            {"image": WorkerImage(uri=_IMAGE), "worker_images": {"Driver": WorkerImage(uri=_IMAGE)}},
            r"worker_images is .*; leave it or image out",
        ),
        (
            {"interactive": Interactive(sessions_because="analysts explore"), "release_label": "emr-7.12.0"},
            r"release_label is 'emr-7\.12\.0'; use emr-7\.13\.0 or newer: Spark Connect sessions",
        ),
        ({"interactive": Interactive(studio_because="")}, r"interactive\.studio_because is ''; say in a few words"),
        (
            {"monitoring": Monitoring(prometheus_url=_WORKSPACE), "release_label": "emr-7.0.0"},
            r"use emr-7\.1\.0 or newer: metrics to Prometheus",
        ),
        (
            {"monitoring": Monitoring(prometheus_url="https://x/y")},
            r"prometheus_url is 'https://x/y'; write https://aps",
        ),
        ({"monitoring": Monitoring(log_types={})}, r"log_types is \{\}; name a worker type, or say"),
        ({"monitoring": Monitoring(log_types={"Driver": ["STDOUT"]})}, r"log_types is 'Driver'; write SPARK_DRIVER"),
        ({"monitoring": Monitoring(log_types={"SPARK_DRIVER": ["HIVE_LOG"]})}, r"list STDOUT and STDERR"),
        ({"monitoring": Monitoring(log_stream_prefix="a:b")}, r"log_stream_prefix is 'a:b'; write up to 512"),
        (_classification("spark-defaults", a="b"), r"is 'spark-defaults'; write spark_defaults="),
        (_classification("spark-env", **{"1": "b"}), r"runtime_configuration\['spark-env'\] is '1'; a property's name"),
        (_classification("spark-env", A=""), r"\['spark-env'\]\['A'\] is ''; write a string of 1 to 1024"),
        (
            {"runtime_configuration": [RuntimeConfiguration(classification="a")] * 2},
            r"runtime_configuration is 'a'; write each classification once",
        ),
        (
            {"spark_defaults": {"spark.aws.serverlessStorage.enabled": "true"}, "release_label": "emr-7.11.0"},
            r"release_label is 'emr-7\.11\.0'; use emr-7\.12\.0 or newer: serverless storage",
        ),
        (
            {
                "spark_defaults": {"spark.emr-serverless.executor.disk.type": "SHUFFLE_OPTIMIZED"},
                "release_label": ReleaseLabel.EMR_7_0_0,
            },
            r"use emr-7\.1\.0 or newer: shuffle-optimized disks",
        ),
        ({"spark_defaults": {f"spark.a{number}": "b" for number in range(98)}}, r"is 101; write at most 100"),
        ({"identity_center_instance_arn": "arn:aws:iam::1:role/x"}, r"write arn:aws:sso:::instance/ssoins-"),
        (
            {"identity_center_instance_arn": _INSTANCE, "release_label": "emr-7.7.0"},
            r"use emr-7\.8\.0 or newer: IAM Identity Center",
        ),
        ({"tags": {"aws:x": "y"}}, r"tags is 'aws:x'; write 1 to 128"),
        ({"tags": {"emrguard:tenant": "payroll"}}, r"tags is 'emrguard:tenant'; .* not starting with"),
        ({"tags": {"team": "a*"}}, r"tags\['team'\] is 'a\*'; write up to 256"),
    ],
)
def test_wrong_properties_fail_early(arguments: dict[str, Any], message: str) -> None:
    """What the service would refuse fails at synth, with the argument, the value and the mend."""
    with pytest.raises(ArgumentError, match=rf"Tenant/Application: .*{message}"):
        _tenant(**arguments)
