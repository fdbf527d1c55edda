"""`app.py` and the layout of the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from construct_support import ROOT

_ALLOWED = {
    "AWS::Budgets::Budget",
    "AWS::CloudTrail::Trail",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::FlowLog",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::EMRServerless::Application",
    "AWS::Events::Rule",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Macie::Session",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "Custom::EmrGuardApplication",
    "Custom::EmrGuardMacieJob",
    "Custom::EmrGuardStopBeforeUpdate",
}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`python app.py` without any setting of AWS's or CDK's."""
    output = tmp_path_factory.mktemp("app") / "cdk.out"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=kept | {"CDK_OUTDIR": str(output), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def _templates(assembly: Path) -> dict[str, dict[str, Any]]:
    return {path.name.partition(".")[0]: json.loads(path.read_text()) for path in assembly.glob("*.template.json")}


def test_it_synthesizes_three_stacks(assembly: Path) -> None:
    """Two tenants and what they share, with the outputs that everything else relies on."""
    templates = _templates(assembly)
    assert set(templates) == {"Flights", "Payroll", "DataPlatform"}
    assert set(templates["DataPlatform"]["Outputs"]) >= {
        "TrailArn",
        "TrailBucketName",
        "AuditorRoleArn",
        "AlertsTopicArn",
    }
    assert {"ApplicationId", "ExecutionRoleArn"} <= set(templates["Payroll"]["Outputs"])


def test_it_needs_no_account(assembly: Path) -> None:
    """No lookup is asked for, no file or image is to be uploaded, and nothing is created that is not expected."""
    manifest = json.loads((assembly / "manifest.json").read_text())
    assert "missing" not in manifest
    for path in assembly.glob("*.assets.json"):
        assets = json.loads(path.read_text())
        assert assets["dockerImages"] == {}
        assert all(source["source"]["path"].endswith(".template.json") for source in assets["files"].values())
    types = {each["Type"] for template in _templates(assembly).values() for each in template["Resources"].values()}
    assert types <= _ALLOWED


def test_both_rule_packs_find_nothing(assembly: Path) -> None:
    """AwsSolutions and EmrGuard judged the app, and each accepted finding has its reason in the template."""
    report = json.loads((assembly / "validation-report.json").read_text())
    plugins = {each["pluginName"]: each for each in report["pluginReports"]}
    assert plugins["AwsSolutions"]["suppressedViolations"]
    assert [violation for plugin in plugins.values() for violation in plugin["violations"]] == []
    reasons = [
        rule["reason"]
        for template in _templates(assembly).values()
        for resource in template["Resources"].values()
        for rule in resource.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", [])
    ]
    assert reasons
    assert all(len(reason) > 20 for reason in reasons)


def test_the_tenants_share_nothing(assembly: Path) -> None:
    """Neither tenant's stack refers to the other one's; the trail refers to both."""
    templates = {name: json.dumps(template) for name, template in _templates(assembly).items()}
    assert "Fn::ImportValue" not in templates["Flights"] + templates["Payroll"]
    assert "payroll" not in templates["Flights"].lower()
    assert "flights" not in templates["Payroll"].lower()


def test_the_folder_does_not_shadow_a_package() -> None:
    """`import constructs, aws_cdk` works from the repository root, because the folder is no package."""
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))
    done = subprocess.run(
        [sys.executable, "-c", "import constructs, aws_cdk; print(constructs.Construct.__module__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "constructs"
