"""The golden templates: what the constructs make changes only where somebody meant it to."""

from __future__ import annotations

import difflib
from typing import Any

import golden_support
import pytest
import yaml

_HOLDS_DATA = {"AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket"}


def test_templates_are_those_that_were_reviewed() -> None:
    """An update of emrguard changes deployed stacks in ways that stand in the difference of these files, and no other.

    Above all the logical ids: with another one CloudFormation makes a new bucket or key and lets go of the old one.
    """
    lines: list[str] = []
    for path, content in golden_support.files():
        before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        lines += difflib.unified_diff(before, content.splitlines(), path.name, "now", lineterm="", n=1)
    assert not lines, "\n".join(["if this is meant, run: make golden", *lines])


@pytest.mark.parametrize("name", ["tenant", "platform"])
def test_what_holds_data_outlives_its_stack(name: str) -> None:
    """Deleting or replacing a stack, or a change that needs a new resource, deletes no bucket, no key and no log."""
    template: dict[str, Any] = yaml.safe_load((golden_support.DIRECTORY / f"{name}.yaml").read_text(encoding="utf-8"))
    held = {key: each for key, each in template["Resources"].items() if each["Type"] in _HOLDS_DATA}
    assert {each["Type"] for each in held.values()} == _HOLDS_DATA
    for logical_id, each in held.items():
        assert each["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate"), logical_id
        assert each["UpdateReplacePolicy"] == "Retain", logical_id
