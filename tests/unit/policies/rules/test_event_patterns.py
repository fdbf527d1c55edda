"""Event patterns of EventBridge, as far as the rules about alerts read them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.rules import alerts
from emrguard_policies.rules.context import Context

EVENT = {
    "source": "aws.emr-serverless",
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {"eventSource": "emr-serverless.amazonaws.com", "eventName": "UpdateApplication"},
}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """An assembly without resources."""
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": {}}), encoding="utf-8")
    return Context(load(file), date(2026, 11, 24))


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ({"source": ["aws.emr-serverless"]}, True),
        ({"source": ["aws.s3", "aws.emr-serverless"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"detail": {"eventName": [{"prefix": "Update"}]}}, True),
        ({"detail": {"eventName": [{"prefix": "Delete"}]}}, False),
        ({"detail": {"errorCode": [{"exists": False}]}}, True),
        ({"detail": {"errorCode": [{"exists": True}]}}, False),
        ({"detail": {"errorCode": ["AccessDenied"]}}, False),
        ({"detail": {"requestParameters": {"name": ["x"]}}}, False),
        ({"detail": {"$or": [{"eventName": ["x"]}, {"eventName": ["UpdateApplication"]}]}}, True),
        ({"detail": {"$or": [{"eventName": ["x"]}, {"eventName": ["y"]}]}}, False),
        ({"detail": {"eventName": [{"anything-but": ["x"]}]}}, None),
        ({"source": ["aws.s3"], "detail": {"eventName": [{"wildcard": "*"}]}}, False),
        ({"detail": "x"}, None),
        ("x", False),
    ],
)
def test_a_pattern_lets_an_event_pass(pattern: Any, passes: bool | None, context: Context) -> None:
    """An alert counts only if it is told of the very call; what cannot be read is not taken for an alert."""
    assert alerts.matches(context, pattern, EVENT) is passes
