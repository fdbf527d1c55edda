"""A Hive application is as closed as a Spark one, and says what Hive cannot do."""

from __future__ import annotations

import inspect
from typing import Any

import aws_cdk as cdk
import pytest
from construct_support import Synthesized, acknowledged, new_app, synthesize

from emrguard import (
    ApplicationKey,
    ArgumentError,
    Capacity,
    DataBucket,
    ExecutionRole,
    HiveApplication,
    InitialCapacity,
    IsolatedNetwork,
    JobLogs,
    Monitoring,
    ReleaseLabel,
    RuntimeConfiguration,
    SparkApplication,
    WorkerImage,
)

_WHY = "public flight data, in subnets of this tenant alone"
_IMAGE = WorkerImage(uri=f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/hive@sha256:{'0a' * 32}")


class _Parts:
    """What an application needs beside its own arguments."""

    def __init__(self, stack: cdk.Stack) -> None:
        self.stack = stack
        self.key = ApplicationKey(stack, "Key", tenant="flights")
        self.data = DataBucket(stack, "Data", tenant="flights", key=self.key)
        self.logs = JobLogs(stack, "Logs", tenant="flights", key=self.key)
        self.network = IsolatedNetwork(
            stack, "Network", tenant="flights", key=self.key, data=self.data, logs=self.logs, cidr="10.0.0.0/24"
        )

    def hive(self, id: str = "App", **arguments: Any) -> HiveApplication:
        given = {"plaintext_between_workers_because": _WHY, **arguments}
        return HiveApplication(
            self.stack,
            id,
            tenant="flights",
            network=self.network,
            data=self.data,
            logs=self.logs,
            key=self.key,
            **given,
        )


@pytest.fixture(scope="module")
def parts() -> _Parts:
    """A stack for many applications, of which no template is made."""
    return _Parts(cdk.Stack(new_app(), "Stack"))


@pytest.fixture(scope="module")
def hive() -> Synthesized:
    """An application with all that Hive has of its own."""

    def build(stack: cdk.Stack) -> None:
        parts = _Parts(stack)
        application = parts.hive(
            application_name="flights-sql",
            hive_site={"hive.tez.container.size": "8192"},
            runtime_configuration=[
                RuntimeConfiguration(classification="tez-site", properties={"tez.grouping.min-size": "16777216"})
            ],
            initial_capacity={"DRIVER": InitialCapacity(workers=1), "TEZ_TASK": InitialCapacity(workers=2)},
            worker_images={"HiveDriver": _IMAGE, "TezTask": _IMAGE},
        )
        application.grant_working_folder(ExecutionRole(stack, "ExecutionRole", tenant="flights"))
        assert acknowledged(application) == {"EmrGuard::EMRG123": _WHY}

    return synthesize(build, region="eu-west-1")


def test_it_is_as_closed_as_a_spark_application(hive: Synthesized) -> None:
    """Encrypted logs in three places, a ceiling, auto-stop, the tenant's network, no interactive use."""
    found = hive.one("AWS::EMRServerless::Application")
    assert (found["Type"], found["Name"], found["ReleaseLabel"]) == ("HIVE", "flights-sql", "emr-7.14.0")
    assert found["MaximumCapacity"] == {"Cpu": "16 vCPU", "Memory": "64 GB", "Disk": "320 GB"}
    assert found["AutoStopConfiguration"] == {"Enabled": True, "IdleTimeoutMinutes": 15}
    assert len(found["NetworkConfiguration"]["SubnetIds"]) == 2
    key, monitoring = hive.arn("AWS::KMS::Key"), found["MonitoringConfiguration"]
    assert monitoring["S3MonitoringConfiguration"]["EncryptionKeyArn"] == key
    assert monitoring["ManagedPersistenceMonitoringConfiguration"] == {"Enabled": True, "EncryptionKeyArn": key}
    assert monitoring["CloudWatchLoggingConfiguration"]["EncryptionKeyArn"] == key
    assert "InteractiveConfiguration" not in found


def test_worker_types_have_the_names_that_hive_has(hive: Synthesized) -> None:
    """The service spells them in three ways, and a waiting worker has the size that a Hive job asks for."""
    found = hive.one("AWS::EMRServerless::Application")
    size = {"Cpu": "2 vCPU", "Memory": "6 GB", "Disk": "20 GB"}
    assert found["InitialCapacity"] == [
        {"Key": "DRIVER", "Value": {"WorkerCount": 1, "WorkerConfiguration": size}},
        {"Key": "TEZ_TASK", "Value": {"WorkerCount": 2, "WorkerConfiguration": size}},
    ]
    assert set(found["WorkerTypeSpecifications"]) == {"HiveDriver", "TezTask"}
    assert found["MonitoringConfiguration"]["CloudWatchLoggingConfiguration"]["LogTypeMap"] == [
        {"Key": "HIVE_DRIVER", "Value": ["STDOUT", "STDERR", "HIVE_LOG", "TEZ_AM"]}
    ]


def test_hive_works_in_the_tenants_bucket(hive: Synthesized) -> None:
    """Scratch files and warehouse are in a folder that the execution role may write, and in no other place."""
    found, bucket = hive.one("AWS::EMRServerless::Application"), hive.bucket("data-bucket")
    site, tez = found["RuntimeConfiguration"]
    assert site["Classification"] == "hive-site"
    assert site["Properties"] == {
        "hive.tez.container.size": "8192",
        "hive.exec.scratchdir": f"s3://{bucket}/hive/scratch",
        "hive.metastore.warehouse.dir": f"s3://{bucket}/hive/warehouse",
    }
    assert tez["Classification"] == "tez-site"
    role = hive.session("execution-role")
    assert hive.ask(role, "s3:PutObject", f"arn:aws:s3:::{bucket}/hive/scratch/a").allowed
    assert not hive.ask(role, "s3:PutObject", f"arn:aws:s3:::{bucket}/input/a").allowed


def test_the_gap_has_a_reason_in_the_manifest(hive: Synthesized) -> None:
    """Traffic between workers of Hive is not encrypted; who chose that said why."""
    application = hive.one("AWS::EMRServerless::Application")
    assert hive.mark(application["_id"])["reasons"] == {"plaintext_between_workers_because": _WHY}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plaintext_between_workers_because": ""}, r"plaintext_between_workers_because is ''; say in a few words why"),
        ({"plaintext_between_workers_because": None}, r"is None; say why: EMR Serverless has no encryption between"),
        ({"release_label": "emr-spark-8.1.0"}, r"release_label is 'emr-spark-8\.1\.0'; use a release emr-7 such as"),
        ({"release_label": "emr-6.15.0"}, r"release_label is 'emr-6\.15\.0'; use emr-7\.0\.0 or newer: the job queue"),
        (
            {"release_label": "emr-7.0.0", "hive_site": {"hive.tez.disk.type": "shuffle_optimized"}},
            r"release_label is 'emr-7\.0\.0'; use emr-7\.1\.0 or newer: shuffle-optimized disks",
        ),
        (
            {"initial_capacity": {"EXECUTOR": InitialCapacity(workers=1)}},
            r"initial_capacity is 'EXECUTOR'; write DRIVER or TEZ_TASK",
        ),
        ({"worker_images": {"Driver": _IMAGE}}, r"worker_images is \['Driver'\]; give an image for each of HiveDriver"),
        (
            {"monitoring": Monitoring(log_types={"SPARK_DRIVER": ["STDOUT"]})},
            r"log_types is 'SPARK_DRIVER'; write HIVE_DRIVER or TEZ_TASK",
        ),
        (
            {"monitoring": Monitoring(log_types={"TEZ_TASK": ["HIVE_LOG"]})},
            r"log_types\['TEZ_TASK'\] is \['HIVE_LOG'\]; list STDOUT, STDERR and SYSTEM_LOGS",
        ),
        (
            {
                "monitoring": Monitoring(
                    prometheus_url="https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"
                )
            },
            r"prometheus_url is .*; leave it out: EMR Serverless sends metrics of Spark",
        ),
        (
            {"hive_site": {"hive.exec.scratchdir": "s3://elsewhere/"}},
            r"hive_site\['hive\.exec\.scratchdir'\] is 's3://elsewhere/'; leave it out and write working_folder",
        ),
        ({"working_folder": "*"}, r"working_folder is '\*'; write a folder of the bucket"),
        (
            {"runtime_configuration": [RuntimeConfiguration(classification="hive-site")]},
            r"runtime_configuration is 'hive-site'; write hive_site=\{…\}",
        ),
        (
            {"runtime_configuration": [RuntimeConfiguration(classification="spark-defaults")]},
            r"runtime_configuration is 'spark-defaults'; leave it out: a Hive application runs no Spark",
        ),
        ({"application_name": "flights sql"}, r"application_name is 'flights sql'; write 1 to 64 letters, digits"),
    ],
)
def test_what_hive_has_not_fails_early(
    parts: _Parts, request: pytest.FixtureRequest, arguments: dict[str, Any], message: str
) -> None:
    """The error names construct, argument and value, and says what to write."""
    with pytest.raises(ArgumentError, match=rf"Stack/.*: .*{message}"):
        parts.hive(request.node.name, **arguments)


def test_hive_has_the_arguments_of_spark_that_it_can_have() -> None:
    """Interactive use and identities of Identity Center are Spark's alone; all else is the same on both."""
    spark = set(inspect.signature(SparkApplication.__init__).parameters)
    hive = set(inspect.signature(HiveApplication.__init__).parameters)
    assert spark - hive == {"spark_defaults", "interactive", "identity_center_instance_arn"}
    assert hive - spark == {"hive_site", "data", "working_folder", "plaintext_between_workers_because"}


def test_applications_in_one_network_share_its_addresses(parts: _Parts) -> None:
    """The ceilings of both count: together they may have more workers than the subnets have addresses."""
    ceiling = Capacity(cpu=100, memory=500, disk=2000)
    alone = cdk.Stack(new_app(), "One")
    _Parts(alone).hive("First", maximum_capacity=ceiling)
    cdk.assertions.Annotations.from_stack(alone).has_no_warning("*", cdk.assertions.Match.any_value())
    stack = cdk.Stack(new_app(), "Two")
    few = _Parts(stack)
    few.hive("First", maximum_capacity=ceiling)
    few.hive("Second", maximum_capacity=Capacity(cpu=400, memory=2000, disk=8000))
    cdk.assertions.Annotations.from_stack(stack).has_warning(
        "/Two/Second", cdk.assertions.Match.string_like_regexp("beside 50 of other applications in the network")
    )


def test_the_release_tells_its_hive() -> None:
    """Who chooses a release sees which Hive it has, or that it has none."""
    assert ReleaseLabel.EMR_7_14_0.hive_version == "3.1.3"
    assert ReleaseLabel.EMR_SPARK_8_1_0.hive_version is None
