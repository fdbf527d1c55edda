"""An application is secure without any argument, and wrong arguments fail at synth with a mend."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from construct_support import Synthesized, new_app, synthesize

from emrguard import (
    ApplicationKey,
    ArgumentError,
    Capacity,
    DataBucket,
    IsolatedNetwork,
    JobLogs,
    SparkApplication,
    Tenant,
)
from emrguard_policies.exceptions import EmrGuardError


def _application(**arguments: Any) -> Synthesized:
    def build(stack: cdk.Stack) -> None:
        key = ApplicationKey(stack, "Key", tenant="flights")
        logs = JobLogs(stack, "Logs", tenant="flights", key=key)
        data = DataBucket(stack, "Data", tenant="flights", key=key)
        network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
        SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key, **arguments)

    return synthesize(build)


def test_the_defaults_are_secure(tenant: Synthesized) -> None:
    """Encrypted logs in three places, TLS between workers, a ceiling, auto-stop, nothing interactive."""
    found = tenant.one("AWS::EMRServerless::Application")
    key = tenant.arn("AWS::KMS::Key")
    assert (found["Type"], found["Name"]) == ("SPARK", "flights")
    assert (found["ReleaseLabel"], found["Architecture"]) == ("emr-7.14.0", "ARM64")
    assert found["MaximumCapacity"] == {"Cpu": "16 vCPU", "Memory": "64 GB", "Disk": "320 GB"}
    assert found["AutoStartConfiguration"] == {"Enabled": True}
    assert found["AutoStopConfiguration"] == {"Enabled": True, "IdleTimeoutMinutes": 15}
    assert set(found["InteractiveConfiguration"].values()) == {False}
    monitoring = found["MonitoringConfiguration"]
    assert monitoring["S3MonitoringConfiguration"] == {
        "LogUri": f"s3://{tenant.bucket('log-bucket')}/logs/",
        "EncryptionKeyArn": key,
    }
    assert monitoring["ManagedPersistenceMonitoringConfiguration"] == {"Enabled": True, "EncryptionKeyArn": key}
    assert monitoring["CloudWatchLoggingConfiguration"]["LogGroupName"] == "/aws/emr-serverless/flights"
    assert monitoring["CloudWatchLoggingConfiguration"]["EncryptionKeyArn"] == key
    (defaults,) = found["RuntimeConfiguration"]
    assert defaults["Classification"] == "spark-defaults"
    assert defaults["Properties"] == {
        "spark.ssl.internode.enabled": "true",
        "spark.authenticate": "true",
        "spark.network.crypto.enabled": "true",
    }


def test_arguments_reach_the_application() -> None:
    """Sizes, times and further Spark defaults."""
    found = _application(
        release_label="emr-spark-8.1.0",
        architecture="X86_64",
        maximum_capacity=Capacity(cpu=400, memory=3000, disk=2000),
        idle_timeout=cdk.Duration.hours(1),
        max_concurrent_runs=3,
        queue_timeout=cdk.Duration.minutes(30),
        spark_defaults={"spark.executor.memory": "8g"},
    ).one("AWS::EMRServerless::Application")
    assert (found["ReleaseLabel"], found["Architecture"]) == ("emr-spark-8.1.0", "X86_64")
    assert found["MaximumCapacity"] == {"Cpu": "400 vCPU", "Memory": "3000 GB", "Disk": "2000 GB"}
    assert found["AutoStopConfiguration"]["IdleTimeoutMinutes"] == 60
    assert found["SchedulerConfiguration"] == {"MaxConcurrentRuns": 3, "QueueTimeoutMinutes": 30}
    properties = found["RuntimeConfiguration"][0]["Properties"]
    assert properties["spark.executor.memory"] == "8g"
    assert properties["spark.ssl.internode.enabled"] == "true"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"release_label": "7.14.0"}, r"Stack/Application: release_label is '7\.14\.0'; write a label such as"),
        ({"release_label": "emr-6.15.0"}, r"release_label is 'emr-6\.15\.0'; use emr-7\.0\.0 or newer"),
        ({"architecture": "arm"}, r"architecture is 'arm'; write 'ARM64' or 'X86_64'"),
        ({"maximum_capacity": Capacity(cpu=0)}, r"maximum_capacity\.cpu is 0; write a whole number of vCPU"),
        ({"maximum_capacity": Capacity(memory=64_000_000_000)}, r"maximum_capacity\.memory is 64000000000; .*GB"),
        ({"idle_timeout": cdk.Duration.seconds(90)}, r"idle_timeout is 1\.5; write a whole number of minutes"),
        ({"idle_timeout": cdk.Duration.days(8)}, r"idle_timeout is 11520; .* from 1 to 10080"),
        (
            {"idle_timeout": cdk.Duration.minutes(61)},
            r"idle_timeout is '61 minutes'; write 60 minutes at most, or say long_idle_because",
        ),
        ({"long_idle_because": "jobs come all day long"}, r"long_idle_because is 'jobs .* leave it out"),
        ({"queue_timeout": cdk.Duration.minutes(5)}, r"queue_timeout is 5; .* from 15 to 720"),
        ({"max_concurrent_runs": 0}, r"max_concurrent_runs is 0; .* from 1 to 1000"),
        (
            {"spark_defaults": {"spark.ssl.internode.enabled": "false"}},
            r"spark_defaults\['spark\.ssl\.internode\.enabled'\] is 'false'; leave it out",
        ),
    ],
)
def test_wrong_arguments_fail_early(arguments: dict[str, Any], message: str) -> None:
    """The error names construct, argument and value, and says what to write."""
    with pytest.raises(ArgumentError, match=message):
        _application(**arguments)


@pytest.mark.parametrize(
    "name", ["", "Flights", "1st", "a" * 33, "a_b", "pay roll", pytest.param(cdk.Aws.REGION, id="token")]
)
def test_a_bad_tenant_name_fails_early(name: str) -> None:
    """Names become parts of ARNs and log groups, so they are plain and known at synth."""
    with pytest.raises(ArgumentError, match=r"tenant is .* write up to 32 of a-z"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name=name))


def test_two_tenants_of_one_name_fail_early() -> None:
    """The proof would take them for one tenant; in two stages of a pipeline the same name is right."""
    app = new_app()
    Tenant(cdk.Stack(app, "A"), "Tenant", name="flights")
    Tenant(cdk.Stack(cdk.Stage(app, "Production"), "A"), "Tenant", name="flights")
    with pytest.raises(ArgumentError, match=r"B/Tenant: name is 'flights'; A/Tenant has this name already"):
        Tenant(cdk.Stack(app, "B"), "Tenant", name="flights")


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.0.0.1/20", "10.0.0.0/28", "8.8.8.0/24", "fd00::/56", "big"])
def test_a_bad_range_fails_early(cidr: str) -> None:
    """A range must be private and hold four subnets."""
    with pytest.raises(ArgumentError, match=r"cidr is .* write a private IPv4 range"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", cidr=cidr))


@pytest.mark.parametrize("zones", [["eu-west-1a"], ["eu-west-1a", "eu-west-1a"], "eu-west-1a"])
def test_one_zone_fails_early(zones: list[str]) -> None:
    """A job that cannot start in one zone needs a second one."""
    with pytest.raises(ArgumentError, match=r"availability_zones is .* two to four"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", availability_zones=zones))


@pytest.mark.parametrize(
    "prefix", ["", "/", "*", "input", "/input/", "input/*", "in*/", "in?ut/", "a//b/", "${aws:username}/", "../"]
)
def test_a_grant_never_widens_to_the_bucket(prefix: str) -> None:
    """There is no prefix that means the whole bucket or another folder."""

    def build(stack: cdk.Stack) -> None:
        team = Tenant(stack, "Tenant", name="flights")
        team.data.grant_read(team.execution_role, prefix)

    with pytest.raises(ArgumentError, match=r"prefix is .* there is no grant on a whole bucket"):
        synthesize(build)


@pytest.mark.parametrize("prefixes", [[], ["input/", "input/"], "input/"])
def test_prefixes_are_a_list(prefixes: list[str]) -> None:
    """A string in place of a list would be taken for its letters."""
    with pytest.raises(ArgumentError, match="inputs is"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", inputs=prefixes))


def test_an_error_can_be_caught_as_the_field_does() -> None:
    """It is a ValueError, as Python has it, and one of emrguard's own, which the command line prints as one line."""
    assert issubclass(ArgumentError, ValueError)
    assert issubclass(ArgumentError, EmrGuardError)
