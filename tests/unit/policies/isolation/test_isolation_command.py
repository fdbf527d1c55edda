"""`emrguard prove` as a person and a pipeline use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from isolation_support import Resources, allow, below, bucket, resource, role

from emrguard_policies.commands.prove import prove

CLOSED: Resources = {"A": bucket("alpha"), "B": bucket("beta"), "Alpha": role("alpha")}
OPEN: Resources = {**CLOSED, "Alpha": role("alpha", allow("s3:GetObject", below("B", "/*")))}
UNREAD: Resources = {"Child": resource("AWS::CloudFormation::Stack", {"TemplateURL": "https://example.com/x.json"})}


def call(path: Path, resources: Resources, *arguments: str) -> Result:
    """Write a template and run the command on it."""
    file = path / "stack.json"
    file.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return CliRunner().invoke(prove, [str(file), *arguments])


@pytest.mark.parametrize(("resources", "code"), [(CLOSED, 0), (OPEN, 3), (UNREAD, 3)])
def test_the_exit_code_is_the_verdict(resources: Resources, code: int, tmp_path: Path) -> None:
    """A pipeline stops at a hole and at an open question."""
    assert call(tmp_path, resources).exit_code == code


def test_the_text_explains_the_hole(tmp_path: Path) -> None:
    """A person reads who can do what to whom, because of what, and what to do."""
    text = call(tmp_path, OPEN).output
    assert text.startswith("Not isolated: 1 way around the seal of alpha, beta.\n")
    for part in ("can do s3:GetObject", "(beta)", "Because of: ", "Mend: narrow ", "  alpha -> beta: data"):
        assert part in text


def test_the_text_names_what_was_not_read(tmp_path: Path) -> None:
    """An absent nested template is named, and nothing is claimed."""
    text = call(tmp_path, UNREAD).output
    assert text.startswith("Undecided, which counts as failed: 1 question stays open.\n")
    assert "nested stack Child is not in the assembly" in text
    assert "Isolated" not in text


@pytest.mark.parametrize("text", [None, "{", "[]", '{"tenants": 1}', '{"tenants": {"a": ["none/*"]}}'])
def test_a_bad_file_is_one_line_and_exit_code_one(text: str | None, tmp_path: Path) -> None:
    """What cannot be read is an error that names the file or the element, not a traceback and not a pass."""
    file = tmp_path / "tenants.map"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    result = call(tmp_path, CLOSED, "--tenants", str(file))
    assert result.exit_code == 1
    assert "tenants" in str(result.exception or result.output)


def test_a_path_without_templates_could_not_run(tmp_path: Path) -> None:
    """An empty directory is an error, not an isolated app."""
    result = CliRunner().invoke(prove, [str(tmp_path)])
    assert result.exit_code == 1
    assert "cdk synth" in str(result.exception)
