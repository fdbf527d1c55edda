"""What CloudFormation has no property for is found in custom resources, in the forms that people write it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit

TODAY = date(2026, 11, 24)


def found(directory: Path, properties: dict[str, Any], kind: str = "Custom::AWS") -> set[tuple[str, str]]:
    """What is said of two applications, one of which a custom resource is for: rule and logical id."""
    application = {"Type": "AWS::EMRServerless::Application", "Properties": {"Type": "SPARK"}}
    custom = {"Type": kind, "Properties": {"ServiceToken": "arn", **properties}}
    file = directory / "t.json"
    file.write_text(json.dumps({"Resources": {"Mine": application, "Other": application, "Custom": custom}}))
    report = audit(load(file), select=["EMRG121", "EMRG516"], today=TODAY)
    return {(finding.rule, finding.logical_id) for finding in report.findings}


CALL = '{"service": "EMRServerless", "action": "%s", "parameters": {"applicationId": "${Mine}"%s}}'
EVERY = {(rule, name) for rule in ("EMRG121", "EMRG516") for name in ("Mine", "Other")}


@pytest.mark.parametrize(
    ("properties", "met"),
    [
        ({"Delete": {"Fn::Sub": CALL % ("stopApplication", "")}}, "EMRG516"),
        ({"Create": {"Fn::Sub": CALL % ("updateApplication", ', "diskEncryptionConfiguration": {}')}}, "EMRG121"),
        ({"Application": {"Fn::GetAtt": ["Mine", "Arn"]}, "StopOnDelete": "true"}, "EMRG516"),
        ({"Settings": {"Id": {"Ref": "Mine"}, "DiskEncryption": {"Key": "arn"}}}, "EMRG121"),
    ],
)
def test_a_custom_resource_serves_the_application_that_it_names(
    properties: dict[str, Any], met: str, tmp_path: Path
) -> None:
    """A call by AwsCustomResource counts like a switch of a provider of your own, and for this application only."""
    assert found(tmp_path, properties) == EVERY - {(met, "Mine")}


@pytest.mark.parametrize(
    "properties",
    [
        {"ApplicationId": {"Ref": "Mine"}, "StopOnDelete": False},
        {"ApplicationId": {"Ref": "Mine"}, "StopOnDelete": "false"},
        {"StopOnDelete": True, "DiskEncryption": {"Key": "arn"}},
        {"ApplicationId": {"Ref": "Mine"}},
    ],
)
def test_a_switch_that_is_off_or_for_nothing_does_not_count(properties: dict[str, Any], tmp_path: Path) -> None:
    """A custom resource that names no application, or says no, guards none."""
    assert found(tmp_path, properties, "AWS::CloudFormation::CustomResource") == EVERY
