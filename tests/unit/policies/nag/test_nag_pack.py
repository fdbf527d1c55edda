"""The rules inside `cdk synth`: findings at constructs, and acknowledgments that reach every report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless
from cdk_nag import WriteNagSuppressionsToCloudFormationAspect

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.exceptions import InputError
from emrguard_policies.nag import EmrGuardChecks, acknowledge

SPARK = {"Type": "SPARK", "ReleaseLabel": "emr-7.14.0"}
NETWORK = {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The validation report of an app with an L1, an override, a raw resource, a nested stack and a stage."""
    directory = tmp_path_factory.mktemp("cdk.out")
    # CDK's own validation of templates costs seconds and is none of our matter here.
    app = cdk.App(outdir=str(directory), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Stack")
    opened = emrserverless.CfnApplication(
        stack,
        "Opened",
        type="SPARK",
        release_label="emr-7.14.0",
        network_configuration=emrserverless.CfnApplication.NetworkConfigurationProperty(
            subnet_ids=["subnet-0123456789abcdef0"], security_group_ids=["sg-0123456789abcdef0"]
        ),
    )
    opened.add_property_deletion_override("NetworkConfiguration")
    cdk.CfnResource(stack, "Raw", type="AWS::EMRServerless::Application", properties=SPARK)
    cdk.CfnResource(
        stack, "Sealed", type="AWS::EMRServerless::Application", properties=SPARK | {"NetworkConfiguration": NETWORK}
    )
    accepted = cdk.CfnResource(stack, "Accepted", type="AWS::EMRServerless::Application", properties=SPARK)
    nested = cdk.NestedStack(stack, "Nested")
    cdk.CfnResource(nested, "Inner", type="AWS::EMRServerless::Application", properties=SPARK)
    staged = cdk.Stack(cdk.Stage(app, "Prod"), "Stack")
    cdk.CfnResource(staged, "Staged", type="AWS::EMRServerless::Application", properties=SPARK)
    acknowledge(accepted, "EMRG201", "the lab has no data")
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    cdk.Validations.of(app).add_plugins(EmrGuardChecks())
    with pytest.raises(RuntimeError, match="EMRG201"):
        app.synth()
    body = json.loads((directory / "validation-report.json").read_text(encoding="utf-8"))
    (ours,) = body["pluginReports"]
    return {"directory": directory, **ours}


def constructs(violations: list[dict[str, Any]], rule: str) -> set[str]:
    """The constructs at which a rule fired."""
    return {
        construct["constructPath"]
        for violation in violations
        if violation["ruleName"] == rule
        for construct in violation["violatingConstructs"]
    }


def test_findings_stand_at_their_constructs(report: dict[str, Any]) -> None:
    """Raw resources, property overrides, nested stacks and stages are judged; each finding names its construct."""
    assert (report["pluginName"], report["conclusion"]) == ("EmrGuard", "failure")
    assert constructs(report["violations"], "EMRG201") == {
        "Stack/Opened",
        "Stack/Raw",
        "Stack/Nested/Inner",
        "Prod/Stack/Staged",
    }


def test_acknowledged_findings_keep_their_reason(report: dict[str, Any]) -> None:
    """What was accepted does not fail the synth, and the report says why it was accepted."""
    suppressed = [item for item in report["suppressedViolations"] if item["ruleName"] == "EMRG201"]
    assert constructs(suppressed, "EMRG201") == {"Stack/Accepted"}
    assert [item["reason"] for item in suppressed] == ["the lab has no data"]


def test_the_audit_of_the_templates_honours_the_same_acknowledgments(report: dict[str, Any]) -> None:
    """A pipeline that audits cdk.out later sees the reason, too."""
    found = audit(load(Path(report["directory"])), select=["EMRG201"]).findings
    reasons = {finding.logical_id: finding.acknowledged for finding in found}
    assert reasons == {"Opened": None, "Raw": None, "Accepted": "the lab has no data", "Inner": None, "Staged": None}


def test_an_acknowledgment_needs_a_reason_and_a_rule() -> None:
    """Neither an empty reason nor a mistyped id accepts anything silently."""
    stack = cdk.Stack(cdk.App(), "Stack")
    with pytest.raises(InputError, match="no reason"):
        acknowledge(stack, "EMRG201", " ")
    for unknown in ("EMRG999", "EmrGuard::EMRG999", "EmrGuard::Other"):
        with pytest.raises(InputError, match="no rule"):
            acknowledge(stack, unknown, "reason")
    with pytest.raises(InputError, match="is no rule id"):
        acknowledge(stack, "Something", "reason")


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        ("EMRG201", "EmrGuard::EMRG201"),
        ("EmrGuard::EMRG201", "EmrGuard::EMRG201"),
        ("AwsSolutions-EMR6", "AwsSolutions::AwsSolutions-EMR6"),
        ("AwsSolutions::AwsSolutions-EMR6", "AwsSolutions::AwsSolutions-EMR6"),
        ("AwsSolutions-IAM5[Resource::*]", "AwsSolutions::AwsSolutions-IAM5[Resource::*]"),
    ],
)
def test_an_acknowledgment_names_its_pack(written: str, recorded: str) -> None:
    """CDK matches ids with the pack's name before them; the helper writes it."""
    stack = cdk.Stack(cdk.App(), "Stack")
    acknowledge(stack, written, "reason")
    recorded_ids = [
        key for entry in stack.node.metadata if entry.type == "aws:cdk:acknowledged-rules" for key in entry.data
    ]
    assert recorded_ids == [recorded]


def test_a_construct_tree_alone_is_refused() -> None:
    """Templates are judged, so a direct call on constructs says how to register the pack."""
    with pytest.raises(InputError, match="add_plugins"):
        EmrGuardChecks().validate_scope(cdk.App())
