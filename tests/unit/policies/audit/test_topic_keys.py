"""EventBridge's use of the key of a topic cannot be tied to an account; that of any other key can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit

_ARN = {"Fn::GetAtt": ["Key", "Arn"]}
_TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": _ARN}}
_BUCKET = {
    "Type": "AWS::S3::Bucket",
    "Properties": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _ARN}}
            ]
        }
    },
    "Metadata": {"emrguard": {"tenant": "flights", "part": "data-bucket"}},
}


@pytest.mark.parametrize(
    ("service", "users", "found"),
    [
        ("events", {"Topic": _TOPIC}, False),
        ("events", {"Topic": _TOPIC, "Bucket": _BUCKET}, True),
        ("events", {}, True),
        ("cloudwatch", {"Topic": _TOPIC}, True),
    ],
)
def test_a_key_of_topics_alone(tmp_path: Path, service: str, users: dict[str, Any], found: bool) -> None:
    """EMRG114 asks for no condition where it would lose every alert, and for one everywhere else."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    key = {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": [statement]}},
        "Metadata": {"emrguard": {"shared": "alerts about all tenants", "part": "alerts-key"}},
    }
    path = tmp_path / "App.template.json"
    path.write_text(json.dumps({"Resources": {"Key": key, **users}}), encoding="utf-8")
    assert bool(audit(load(path), select=["EMRG114"]).findings) is found
