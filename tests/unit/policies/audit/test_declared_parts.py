"""What a template declares to exist elsewhere counts, if it says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit

_APPLICATION = {
    "Type": "AWS::EMRServerless::Application",
    "Properties": {"Type": "SPARK", "ReleaseLabel": "emr-7.14.0"},
}


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"emrguard": {"organization-trail": {"shared": "the security account records all"}}}, False),
        ({"emrguard": {"organization-trail": {"shared": " "}}}, True),
        ({"emrguard": {"organization-trail": "yes"}}, True),
        ({"emrguard": ["organization-trail"]}, True),
        ({}, True),
    ],
)
def test_the_trail_of_an_organization(tmp_path: Path, metadata: dict[str, Any], found: bool) -> None:
    """EMRG401 is satisfied by a declared trail with a reason, and by nothing less."""
    path = tmp_path / "App.template.json"
    path.write_text(json.dumps({"Metadata": metadata, "Resources": {"App": _APPLICATION}}), encoding="utf-8")
    assert bool(audit(load(path), select=["EMRG401"]).findings) is found
