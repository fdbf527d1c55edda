"""The examples are deployed to the local cloud as they are, and what it does not model stays within what is listed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emrguard_local.cloud import LocalCloud
from emrguard_local.deploy import deploy
from emrguard_policies.assembly import load
from scenario_support import ROOT

_NOT_MODELLED = {
    "AWS::Budgets::Budget", "AWS::CDK::Metadata", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroup", "AWS::LakeFormation::PrincipalPermissions", "AWS::Macie::Session", "AWS::S3::Bucket",
    "AWS::SNS::Subscription",
    "AWS::SSM::Parameter::Value<String>",
}  # fmt: skip
"""Types of which the local cloud takes the whole or a part without modelling it; the deployment lists each."""
pytestmark = pytest.mark.scenario


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """An empty local cloud."""
    with LocalCloud.start() as running:
        yield running


@pytest.mark.parametrize("example", ["single_team", "twelve_teams", "third_party_code", "regulated", "branches"])
def test_an_example_can_be_deployed(example: str, tmp_path: Path, cloud: LocalCloud) -> None:
    """Every resource is made, or is one of the few kinds that the local cloud takes without modelling them."""
    out = tmp_path / "cdk.out"
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{example}.py")],
        env=os.environ | {"CDK_OUTDIR": str(out), "CDK_VALIDATION": "false"}, capture_output=True, text=True,
        check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assembly = load(out)
    if not list(assembly.resources("AWS::Macie::Session")):
        # The example says that Macie is on already.
        cloud.client("macie2").enable_macie()
    deployment = deploy(assembly, cloud)
    applications = [each.logical_id for each in assembly.resources("AWS::EMRServerless::Application")]
    listed = cloud.client("emr-serverless").list_applications()["applications"]
    assert len(listed) == len(applications)
    assert {str(each).partition(" ")[0].rstrip(":") for each in deployment.exceptions} <= _NOT_MODELLED
