"""Event selectors: which records a trail takes."""

from __future__ import annotations

from typing import Any

import pytest

from emrguard_local.trail.selectors import selects

READ = {
    "eventCategory": "Data",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "readOnly": True,
    "userIdentity": {"arn": "arn:aws:iam::1:user/ana"},
    "resources": [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::flights/input/a"},
        {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::flights", "accountId": "1"},
    ],
}
LIST = READ | {
    "eventName": "ListObjects",
    "resources": [{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::flights/"}],
}
WRITE = READ | {"eventName": "PutObject", "readOnly": False}
START = {
    "eventCategory": "Management",
    "eventSource": "emr-serverless.amazonaws.com",
    "eventName": "StartJobRun",
    "readOnly": False,
    "userIdentity": {"arn": "arn:aws:iam::1:user/ana"},
}
DECRYPT = START | {"eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "readOnly": True}


def _data(*values: str, **more: Any) -> dict[str, Any]:
    return {"DataResources": [{"Type": "AWS::S3::Object", "Values": list(values)}], **more}


@pytest.mark.parametrize(
    ("record", "selector", "taken"),
    [
        (START, {}, True),
        (READ, {}, False),
        (START, {"ReadWriteType": "ReadOnly"}, False),
        (START, {"ReadWriteType": "WriteOnly"}, True),
        (START, {"IncludeManagementEvents": False}, False),
        (DECRYPT, {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, False),
        (READ, _data("arn:aws:s3"), True),
        (READ, _data("arn:aws:s3:::"), True),
        (READ, _data("arn:aws:s3:::flights/"), True),
        (READ, _data("arn:aws:s3:::flights/input/"), True),
        (READ, _data("arn:aws:s3:::payroll/", "arn:aws:s3:::flights/output"), False),
        (READ, _data("arn:aws:s3:::flight/"), False),
        (LIST, _data("arn:aws:s3:::flights/"), True),
        (READ, _data("arn:aws:s3:::flights/", ReadWriteType="WriteOnly"), False),
        (WRITE, _data("arn:aws:s3:::flights/", ReadWriteType="WriteOnly"), True),
        (READ, {"DataResources": [{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]}, False),
    ],
)
def test_basic_selectors(record: dict[str, Any], selector: dict[str, Any], taken: bool) -> None:
    """Management events by read and write, data events by the prefixes of their objects."""
    assert selects(record, [selector], None) is taken


def test_a_trail_without_selectors_takes_management_events_only() -> None:
    """That is CloudTrail's default."""
    assert selects(START, None, None)
    assert selects(START, [], [])
    assert not selects(READ, [], [])


def _fields(*fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"FieldSelectors": list(fields)}]


ARN = "resources.ARN"
DATA = {"Field": "eventCategory", "Equals": ["Data"]}
OBJECTS = {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}


@pytest.mark.parametrize(
    ("record", "fields", "taken"),
    [
        (READ, (DATA, OBJECTS), True),
        (START, (DATA, OBJECTS), False),
        (READ, (DATA, OBJECTS, {"Field": "readOnly", "Equals": ["false"]}), False),
        (WRITE, (DATA, OBJECTS, {"Field": "readOnly", "Equals": ["false"]}), True),
        (READ, (DATA, {"Field": ARN, "StartsWith": ["arn:aws:s3:::payroll/", "arn:aws:s3:::flights/"]}), True),
        (READ, (DATA, {"Field": ARN, "StartsWith": ["arn:aws:s3:::payroll/"]}), False),
        (READ, (DATA, {"Field": ARN, "NotStartsWith": ["arn:aws:s3:::flights/"]}), False),
        (READ, (DATA, {"Field": ARN, "NotEndsWith": ["/b"]}), True),
        (READ, (DATA, {"Field": ARN, "EndsWith": ["/a"], "NotStartsWith": ["arn:aws:s3:::flights/"]}), False),
        (READ, (DATA, {"Field": "eventName", "NotEquals": ["GetObject", "HeadObject"]}), False),
        (DECRYPT, ({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},), False),
        (START, ({"Field": "userIdentity.arn", "StartsWith": ["arn:aws:iam::1:user/"]},), True),
        (START, ({"Field": "unheardOf", "Equals": ["x"]},), False),
    ],
)  # fmt: skip
def test_advanced_selectors(record: dict[str, Any], fields: tuple[dict[str, Any], ...], taken: bool) -> None:
    """All fields of one selector must hold; of several values one is enough, of negated ones none may match."""
    assert selects(record, None, _fields(*fields)) is taken


def test_advanced_selectors_are_alternatives() -> None:
    """One selector that takes the record is enough."""
    management = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    assert selects(START, [], [*_fields(DATA), management])
