"""An application is created through the service's API with every property of its template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from deploy_support import FakeCloud, deployed, resource

from emrguard_local.exceptions import DeployError

APPLICATION = resource(
    "AWS::EMRServerless::Application",
    Name="flights",
    Type="Spark",
    ReleaseLabel="emr-7.14.0",
    Architecture="ARM64",
    AutoStopConfiguration={"Enabled": "true", "IdleTimeoutMinutes": "15"},
    MaximumCapacity={"Cpu": "16 vCPU", "Memory": "64 GB"},
    InitialCapacity=[
        {"Key": "Driver", "Value": {"WorkerCount": 1, "WorkerConfiguration": {"Cpu": "2 vCPU", "Memory": "4 GB"}}}
    ],
    RuntimeConfiguration=[{"Classification": "spark-defaults", "Properties": {"spark.Authenticate": "true"}}],
    MonitoringConfiguration={
        "CloudWatchLoggingConfiguration": {
            "Enabled": True,
            "LogTypeMap": [{"Key": "SPARK_DRIVER", "Value": ["STDOUT", "STDERR"]}],
        }
    },
    Tags=[{"Key": "tenant", "Value": "flights"}],
)
ASKED: dict[str, Any] = {
    "name": "flights",
    "type": "Spark",
    "releaseLabel": "emr-7.14.0",
    "architecture": "ARM64",
    "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15},
    "maximumCapacity": {"cpu": "16 vCPU", "memory": "64 GB"},
    "initialCapacity": {
        "Driver": {"workerCount": 1, "workerConfiguration": {"cpu": "2 vCPU", "memory": "4 GB"}},
    },
    "runtimeConfiguration": [{"classification": "spark-defaults", "properties": {"spark.Authenticate": "true"}}],
    "monitoringConfiguration": {
        "cloudWatchLoggingConfiguration": {"enabled": True, "logTypes": {"SPARK_DRIVER": ["STDOUT", "STDERR"]}}
    },
    "tags": {"tenant": "flights"},
}
MADE = {"applicationId": "00abcdefghijklmn", "arn": "arn:aws:emr-serverless:us-east-1:123456789012:/applications/00a"}


def deploy_application(directory: Path, **changed: Any) -> list[str]:
    """Deploy against a service that answers with the application, `changed`; returns the physical ids."""
    client = boto3.client("emr-serverless", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    found = {
        **ASKED,
        **MADE,
        "state": "CREATED",
        "createdAt": 0,
        "updatedAt": 0,
        **changed,
    }
    with Stubber(client) as stub:
        stub.add_response("create_application", {**MADE, "name": "flights"}, ASKED)
        stub.add_response("get_application", {"application": found}, {"applicationId": MADE["applicationId"]})
        deployment = deployed(directory, FakeCloud(emr_serverless=client), Application=APPLICATION)
    return [each.physical_id for each in deployment.resources]


def test_every_property_goes_to_the_service(tmp_path: Path) -> None:
    """Names, numbers, maps and free keys arrive in the API's form, and the id is the application's."""
    assert deploy_application(tmp_path) == [MADE["applicationId"]]


def test_property_that_the_service_does_not_return(tmp_path: Path) -> None:
    """An application without its limit fails the deployment."""
    with pytest.raises(DeployError, match=r"did not keep MaximumCapacity.memory: asked \"64 GB\", found \"99 GB\""):
        deploy_application(tmp_path, maximumCapacity={"cpu": "16 vCPU", "memory": "99 GB"})
