"""The function that sets and stops what CloudFormation cannot: what it may do, when it is called, and for whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from construct_support import ACCOUNT, REGION, Synthesized, acknowledged, new_app, synthesize

from emrguard import ArgumentError, Lifecycle, Tenant
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove

APPLICATION = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of two tenants in stacks of their own."""
    directory = tmp_path_factory.mktemp("lifecycle") / "cdk.out"
    app = cdk.App(outdir=str(directory), builtin_cloud_formation_validation=False)
    for name in ("flights", "payroll"):
        Tenant(cdk.Stack(app, name.title()), "Tenant", name=name, lifecycle=Lifecycle())
    app.synth()
    return directory


@pytest.fixture(scope="module")
def flights(two: Path) -> Synthesized:
    return Synthesized(json.loads((two / "Flights.template.json").read_text()))


def _named(found: Synthesized, kind: str) -> str:
    return next(name for name, each in found.resources.items() if each["Type"] == kind)


def test_the_role_can_change_its_own_application_and_nothing_else(flights: Synthesized) -> None:
    """Get, list, stop, update and cancel on one application; no other one, no role to pass, no key, no data."""
    who = flights.session("lifecycle")
    own = flights.arn("AWS::EMRServerless::Application")
    for action in ("GetApplication", "ListJobRuns", "StopApplication", "UpdateApplication"):
        assert flights.ask(who, f"emr-serverless:{action}", own).allowed
        assert not flights.ask(who, f"emr-serverless:{action}", f"{APPLICATION}/another").allowed
    assert flights.ask(who, "emr-serverless:CancelJobRun", f"{own}/jobruns/1").allowed
    granted = {
        action
        for policy in who[1]
        for statement in policy.statements
        for action in statement.actions or ("everything",)
    }
    assert granted == {
        "cloudformation:DescribeStackResource",
        "emr-serverless:CancelJobRun",
        "emr-serverless:GetApplication",
        "emr-serverless:ListJobRuns",
        "emr-serverless:StopApplication",
        "emr-serverless:UpdateApplication",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


def test_the_order_in_which_cloudformation_calls(flights: Synthesized) -> None:
    """One custom resource before the application, one after it, and the rights before the one that needs them."""
    before = _named(flights, "Custom::EmrGuardStopBeforeUpdate")
    after = _named(flights, "Custom::EmrGuardApplication")
    application = _named(flights, "AWS::EMRServerless::Application")
    rights = next(name for name in flights.resources if "LifecycleRights" in name)
    assert before in flights.resources[application]["DependsOn"]
    assert rights in flights.resources[after]["DependsOn"]
    properties = flights.resources[after]["Properties"]
    assert properties["ApplicationId"] == {"Fn::GetAtt": [application, "ApplicationId"]}
    assert properties["DiskEncryptionKeyArn"] == {"Fn::GetAtt": [_named(flights, "AWS::KMS::Key"), "Arn"]}
    assert (properties["StopOnDelete"], properties["JobLevelCostAllocation"]) == (True, False)
    assert flights.resources[before]["Properties"]["StopBeforeUpdate"] == application
    assert json.dumps(flights.resources[before]["Properties"]).count(application) == 1


def test_the_function_is_hardened(flights: Synthesized) -> None:
    """The newest Python, 15 minutes, a log group of its own with the tenant's key, and the code that is tested."""
    function = flights.one("AWS::Lambda::Function")
    assert (function["Runtime"], function["Timeout"], function["Handler"]) == ("python3.14", 900, "index.handler")
    assert "def handler(event" in function["Code"]["ZipFile"]
    group = flights.one("AWS::Logs::LogGroup", "lifecycle")
    assert function["LoggingConfig"] == {"LogGroup": group["LogGroupName"]}
    assert (group["KmsKeyId"], group["RetentionInDays"]) == (flights.arn("AWS::KMS::Key"), 365)
    role = flights.one("AWS::IAM::Role", "lifecycle")
    assert "ManagedPolicyArns" not in role


def test_a_submitter_may_use_the_key_of_the_disks(flights: Synthesized) -> None:
    """EMR Serverless rejects a job run of who may not, so `grant_submit` gives it, through the service only."""
    key = flights.arn("AWS::KMS::Key")
    through = {"kms:ViaService": f"emr-serverless.{REGION}.amazonaws.com"}
    for action in ("kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey"):
        assert flights.ask(flights.session("submitter-role"), action, key, through).allowed
        assert not flights.ask(flights.session("submitter-role"), action, key).allowed
    assert not flights.ask(flights.session("execution-role"), "kms:DescribeKey", key, through).allowed


def test_the_watched_properties_follow_the_application() -> None:
    """What is set later on the L1 is in the copy, with its references, or CloudFormation would not call in time."""

    def build(stack: cdk.Stack) -> None:
        tenant = Tenant(stack, "Tenant", name="flights", lifecycle=Lifecycle(drain=cdk.Duration.minutes(30)))
        application: Any = tenant.application.node.default_child
        application.release_label = "emr-7.13.0"

    found = synthesize(build).one("Custom::EmrGuardStopBeforeUpdate")
    assert found["DrainMinutes"] == 30
    watched = json.loads(found["Watched"])
    assert watched["releaseLabel"] == "emr-7.13.0"
    assert len(watched["networkConfiguration"]["subnetIds"]) == 2
    assert "tags" not in watched


def test_the_rules_recognise_it_and_the_proof_holds(two: Path) -> None:
    """EMRG121 and EMRG516 are satisfied, not acknowledged, and the function is no bridge between the tenants."""
    assembly = load(two)
    assert {each.rule for each in audit(assembly).findings} & {"EMRG121", "EMRG516", "EMRG154"} == set()
    assert prove(assembly).verdict == "isolated"


@pytest.mark.parametrize("change", ["another application", "another function's role"])
def test_the_proof_is_not_blind_to_it(two: Path, tmp_path: Path, change: str) -> None:
    """A function that may stop another tenant's application, or runs in its role, breaks the seal."""
    body = json.loads((two / "Flights.template.json").read_text())
    resources = body["Resources"]
    if change == "another application":
        policy = next(each for name, each in resources.items() if "LifecycleRights" in name)
        policy["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] = "*"
    else:
        function = next(each for each in resources.values() if each["Type"] == "AWS::Lambda::Function")
        other = json.loads((two / "Payroll.template.json").read_text())
        name = next(name for name in other["Resources"] if "LifecycleRole" in name)
        other["Outputs"] = {"Role": {"Value": {"Fn::GetAtt": [name, "Arn"]}, "Export": {"Name": "PayrollRole"}}}
        (tmp_path / "Payroll.template.json").write_text(json.dumps(other))
        function["Properties"]["Role"] = {"Fn::ImportValue": "PayrollRole"}
    (tmp_path / "Flights.template.json").write_text(json.dumps(body))
    for path in two.iterdir():
        if path.is_file() and not (tmp_path / path.name).exists():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert prove(load(tmp_path)).verdict == "violated"


def test_without_the_function() -> None:
    """For a reason, which acknowledges both rules and reaches the manifest; and nothing of the function is left."""
    reason = "no Lambda functions in this account"
    stack = cdk.Stack(new_app(), "Stack")
    tenant = Tenant(stack, "Tenant", name="flights", lifecycle=Lifecycle(no_function_because=reason))
    found = Synthesized(Template.from_stack(stack).to_json())
    assert not found.of("AWS::Lambda::Function")
    application = _named(found, "AWS::EMRServerless::Application")
    assert found.mark(application)["reasons"]["lifecycle.no_function_because"] == reason
    assert {"EmrGuard::EMRG121", "EmrGuard::EMRG516"} <= set(acknowledged(tenant.application))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            Lifecycle(drain=cdk.Duration.minutes(31)),
            r"lifecycle\.drain is 31; write a whole number of minutes from 0 to",
        ),
        (Lifecycle(no_function_because="short"), r"lifecycle\.no_function_because is 'short'; say in a few words why"),
        (
            Lifecycle(no_function_because="no functions here", job_level_cost_allocation=True),
            r"lifecycle\.no_function_because is 'no functions here'; leave it out, or leave out drain",
        ),
    ],
)
def test_wrong_arguments_fail_early(given: Lifecycle, message: str) -> None:
    """The error names construct, argument and value, and says what to write."""
    with pytest.raises(ArgumentError, match=message):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", lifecycle=given))
