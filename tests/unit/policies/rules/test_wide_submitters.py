"""Who may start jobs on applications that nobody named."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit

ARN = "arn:aws:emr-serverless:eu-west-1:111122223333:"


@pytest.mark.parametrize(
    ("resource", "wide"),
    [
        ("*", True),
        (f"{ARN}/*", True),
        (f"{ARN}/applications/*", True),
        (f"{ARN}/applications/00a*", True),
        ("arn:aws:emr-serverless:*:111122223333:/applications/00abcdefghij1234", False),
        (f"{ARN}/applications/00abcdefghij1234", False),
        (f"{ARN}/applications/00abcdefghij1234*", False),
        ({"Fn::Sub": "${App.Arn}*"}, False),
        ({"Fn::Sub": "${App.Arn}/*"}, False),
    ],
)
def test_a_wildcard_behind_the_id_of_one_application_names_it(resource: Any, wide: bool, tmp_path: Path) -> None:
    """`<application>*` covers the job runs of one application; a wildcard in the id covers others'."""
    statement = {"Effect": "Allow", "Action": "emr-serverless:StartJobRun", "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    resources = {
        "App": {"Type": "AWS::EMRServerless::Application", "Properties": {"Type": "SPARK"}},
        "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}},
    }
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    assert bool(audit(load(file), select=["EMRG320"], today=date(2026, 11, 24)).findings) is wide
