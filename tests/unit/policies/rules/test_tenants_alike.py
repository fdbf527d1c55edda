"""Tenants that one construct made are judged once; one that differs in a word is judged by itself."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit

COUNT = 4


def _tenant(name: str, exempt: Any, *, bucket_name: str | None = None) -> dict[str, Any]:
    bucket = {"Fn::GetAtt": [f"{name}Bucket", "Arn"]}
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [bucket, {"Fn::Join": ["", [bucket, "/*"]]}],
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": exempt}},
    }  # fmt: skip
    mark = {"emrguard": {"tenant": name, "part": "data-bucket"}}
    return {
        f"{name}Role": {
            "Type": "AWS::IAM::Role", "Metadata": {"emrguard": {"tenant": name, "part": "execution-role"}},
            "Properties": {"AssumeRolePolicyDocument": {}},
        },
        f"{name}Bucket": {
            "Type": "AWS::S3::Bucket", "Metadata": mark,
            "Properties": {"BucketName": bucket_name} if bucket_name else {},
        },
        f"{name}Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": f"{name}Bucket"},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            },
        },
    }  # fmt: skip


def _open(directory: Path, *tenants: dict[str, Any]) -> dict[str, str]:
    """What EMRG117 says, by the bucket policy."""
    file = directory / "t.json"
    file.write_text(json.dumps({"Resources": {key: each[key] for each in tenants for key in each}}), encoding="utf-8")
    findings = audit(load(file), select=["EMRG117"], today=date(2026, 11, 24)).findings
    return {finding.logical_id: finding.message for finding in findings}


def _own(name: str) -> Any:
    return {"Fn::GetAtt": [f"{name}Role", "Arn"]}


@pytest.mark.parametrize("odd", range(COUNT))
def test_the_one_open_bucket_among_equal_ones_is_found(odd: int, tmp_path: Path) -> None:
    """A bucket that exempts another tenant's role is found wherever it stands among others that are right."""
    tenants = [_tenant(f"T{index}", _own(f"T{index if index != odd else (odd + 1) % COUNT}")) for index in range(COUNT)]
    found = _open(tmp_path, *tenants)
    assert list(found) == [f"T{odd}Policy"]
    assert f"T{(odd + 1) % COUNT}Role" in found[f"T{odd}Policy"]


def test_buckets_with_names_of_their_own_are_judged_each(tmp_path: Path) -> None:
    """A policy that names its bucket by text keeps strangers out; the same text on another bucket does not."""
    closed = _tenant("A", _own("A"), bucket_name="data-a")
    open_ = _tenant("B", _own("B"), bucket_name="data-b")
    statement = open_["BPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    statement["Resource"] = ["arn:aws:s3:::data-a", "arn:aws:s3:::data-a/*"]
    assert list(_open(tmp_path, closed, open_)) == ["BPolicy"]


def test_each_open_bucket_is_told_of_its_own(tmp_path: Path) -> None:
    """Equal mistakes give a finding each, which names the stranger of that bucket."""
    found = _open(tmp_path, *(_tenant(f"T{index}", [_own(f"T{index}"), _own(f"T{1 - index}")]) for index in range(2)))
    assert {key: f"T{1 - index}Role" in found[key] for index, key in enumerate(("T0Policy", "T1Policy"))} == {
        "T0Policy": True, "T1Policy": True,
    }  # fmt: skip
