"""Values that only the deployment knows pass through where they can, and are refused by name where they cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from construct_support import ACCOUNT, REGION, new_app

from emrguard import (
    ArgumentError,
    Capacity,
    InitialCapacity,
    Lifecycle,
    Monitoring,
    RuntimeConfiguration,
    Tenant,
    WorkerSize,
)


@jsii.implements(cdk.IStableStringProducer)
class _Late:
    def produce(self) -> str:
        """The value, when the template is written."""
        return "team-late"


def _stack() -> cdk.Stack:
    return cdk.Stack(new_app(), "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))


def _number(stack: cdk.Stack, name: str) -> Any:
    return cdk.CfnParameter(stack, name, type="Number").value_as_number


def _text(stack: cdk.Stack, name: str) -> str:
    return cdk.CfnParameter(stack, name).value_as_string


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """A tenant most of whose settings are parameters of the template."""
    stack = _stack()
    Tenant(
        stack,
        "Tenant",
        name="flights",
        release_label=_text(stack, "Release"),
        maximum_capacity=Capacity(cpu=_number(stack, "Cpu"), memory=_number(stack, "Memory"), disk=640),
        initial_capacity={"DRIVER": InitialCapacity(workers=_number(stack, "Drivers"))},
        idle_timeout=cdk.Duration.minutes(_number(stack, "Idle")),
        queue_timeout=cdk.Duration.minutes(_number(stack, "Queue")),
        max_concurrent_runs=_number(stack, "Runs"),
        spark_defaults={"spark.executor.memory": _text(stack, "Heap")},
        runtime_configuration=[RuntimeConfiguration(classification="spark-env", properties={"A": _text(stack, "A")})],
        monitoring=Monitoring(log_stream_prefix=_text(stack, "Stream")),
        lifecycle=Lifecycle(drain=cdk.Duration.minutes(_number(stack, "Drain"))),
        availability_zones=[_text(stack, "Zone1"), _text(stack, "Zone2")],
        s3_prefix_list_id=_text(stack, "PrefixList"),
        submitters=iam.ArnPrincipal(_text(stack, "Submitter")),
        tags={"cost-centre": _text(stack, "CostCentre"), "owner": cdk.Lazy.string(_Late())},
    )
    return dict(cdk.assertions.Template.from_stack(stack).to_json())


def _one(template: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]
    return dict(found)


def test_parameters_reach_the_application(template: dict[str, Any]) -> None:
    """Each as a reference, numbers with their unit included."""
    application = _one(template, "AWS::EMRServerless::Application")
    assert application["ReleaseLabel"] == {"Ref": "Release"}
    assert application["MaximumCapacity"] == {
        "Cpu": {"Fn::Join": ["", [{"Ref": "Cpu"}, " vCPU"]]},
        "Memory": {"Fn::Join": ["", [{"Ref": "Memory"}, " GB"]]},
        "Disk": "640 GB",
    }
    assert application["InitialCapacity"][0]["Value"]["WorkerCount"] == {"Ref": "Drivers"}
    assert application["AutoStopConfiguration"]["IdleTimeoutMinutes"] == {"Ref": "Idle"}
    scheduler = {"MaxConcurrentRuns": {"Ref": "Runs"}, "QueueTimeoutMinutes": {"Ref": "Queue"}}
    assert application["SchedulerConfiguration"] == scheduler
    assert application["RuntimeConfiguration"][0]["Properties"]["spark.executor.memory"] == {"Ref": "Heap"}
    tags = {each["Key"]: each["Value"] for each in application["Tags"]}
    assert (tags["cost-centre"], tags["owner"]) == ({"Ref": "CostCentre"}, "team-late")


def test_no_placeholder_is_left(template: dict[str, Any]) -> None:
    """Neither CDK's text for a value to come nor its number for one."""
    for placeholder in ("${Token[", "#{Token[", "-1.888154", "-18881545"):
        assert placeholder not in str(template)


_REFUSED: list[tuple[Callable[[cdk.Stack], dict[str, Any]], str]] = [
    (lambda stack: {"name": _text(stack, "P")}, r"tenant is .*as plain text"),
    (lambda stack: {"inputs": [_text(stack, "P")]}, r"inputs is .*a prefix must be plain text, known at synth"),
    (lambda stack: {"cidr": _text(stack, "P")}, r"cidr is .*write a private IPv4 range"),
    (
        lambda stack: {"spark_defaults": {"spark.authenticate": _text(stack, "P")}},
        r"spark_defaults\['spark.authenticate'\] is .*leave it out: 'true' keeps",
    ),
    (lambda stack: {"never_stop_because": _text(stack, "P")}, r"never_stop_because is .*why, as plain text"),
    (
        lambda stack: {"initial_capacity": {"DRIVER": InitialCapacity(workers=1, size=_size(_number(stack, "P")))}},
        r"WorkerSize: cpu is 'known at deployment only'; .*write a plain number, known at synth",
    ),
    (
        lambda stack: {
            "initial_capacity": {"DRIVER": InitialCapacity(workers=_number(stack, "P"), size=_size(16, 64))},
            "maximum_capacity": Capacity(cpu=8, memory=64),
        },
        r"maximum_capacity.cpu is 8; the initial workers need 16 vCPU",
    ),
    (lambda _: {"idle_timeout": 15}, r"idle_timeout is 15; write cdk\.Duration\.minutes"),
]


def _size(cpu: int, memory: int = 16) -> WorkerSize:
    return WorkerSize(cpu=cpu, memory=memory)


@pytest.mark.parametrize(("arguments", "message"), _REFUSED)
def test_what_must_be_known_is_refused_by_name(arguments: Callable[[cdk.Stack], dict[str, Any]], message: str) -> None:
    """What becomes part of names, or decides whether a guardrail holds, is needed at synth."""
    stack = _stack()
    with pytest.raises(ArgumentError, match=message):
        Tenant(stack, "Tenant", **{"name": "flights", **arguments(stack)})
