"""Service control policies that are given to the proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from isolation_support import Resources, allow, below, bucket, deny, role

from emrguard_policies.commands.prove import prove
from emrguard_policies.exceptions import InputError

RESOURCES: Resources = {
    "BetaData": bucket("beta"),
    "Alpha": role("alpha", allow("s3:GetObject", below("BetaData", "/*"))),
}


def _run(path: Path, *scps: Any) -> tuple[int, str]:
    file = path / "stack.template.json"
    file.write_text(json.dumps({"Resources": RESOURCES}), encoding="utf-8")
    arguments = [str(file)]
    for number, document in enumerate(scps):
        given = path / f"scp{number}.json"
        given.write_text(json.dumps(document), encoding="utf-8")
        arguments += ["--scp", str(given)]
    result = CliRunner().invoke(prove, arguments)
    if isinstance(result.exception, InputError):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("scps", "code"),
    [
        ([], 3),
        ([{"Statement": [deny("s3:*", "*")]}], 0),
        ([{"Statement": [allow("*", "*")]}, {"Statement": [deny("s3:GetObject", "arn:aws:s3:::beta-*")]}], 0),
        ([{"Statement": [deny("s3:*", "*", Condition={"Bool": {"aws:SecureTransport": "false"}})]}], 3),
        # What it does not allow is not counted: it may stand beside one that does.
        ([{"Statement": [allow("ec2:*", "*")]}], 3),
    ],
)
def test_the_denies_of_a_given_policy_count(scps: list[Any], code: int, tmp_path: Path) -> None:
    """A Deny of the organization seals, and the output says that it was relied on."""
    found, text = _run(tmp_path, *scps)
    assert found == code
    assert ("scp0.json" in text) is bool(scps)


@pytest.mark.parametrize("document", [[], {"Statement": [{"Effect": "Deny"}]}, {"Statements": []}])
def test_a_bad_policy_is_an_error_with_its_file(document: Any, tmp_path: Path) -> None:
    """A file that is no policy is refused by name."""
    with pytest.raises(InputError, match=r"scp0\.json"):
        _run(tmp_path, document)
