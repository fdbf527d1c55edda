"""The request of docs/iam.md, run, and each kind of policy in it, which must count."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emrguard_policies.commands.iam import iam
from emrguard_policies.exceptions import InputError

DOCUMENT = Path(__file__).parents[4] / "docs" / "iam.md"
REQUEST, ANSWER = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
)
DENY = {"Statement": {"Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*"}}
DENY_ALL = {"Statement": {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}


def _decide(tmp_path: Path, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    done = CliRunner().invoke(iam, ["decide", str(path)])
    if isinstance(done.exception, InputError):
        raise done.exception
    return done.exit_code, json.loads(done.output)


def test_the_documented_request_gets_the_documented_answer(tmp_path: Path) -> None:
    """What the page shows is what the command prints."""
    assert _decide(tmp_path, REQUEST) == (0, ANSWER)


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ({"identity": [DENY]}, "identity-based policy"),
        ({"identity": []}, "identity-based policy"),
        ({"boundary": DENY}, "permissions boundary"),
        ({"session": [DENY]}, "session policy"),
        ({"session": []}, "session policy"),
        ({"resource_policy": DENY_ALL}, "resource-based policy"),
        ({"resource_policy": None, "key_policy": {"Statement": []}}, "resource-based policy"),
        ({"resource_policy": None, "trust_policy": DENY_ALL}, "resource-based policy"),
        ({"resource_account": "444455556666"}, "resource-based policy"),
        ({"scps": [[]]}, "service control policy"),
        ({"scps": [[DENY]]}, "service control policy"),
        ({"rcps": [DENY_ALL]}, "resource control policy"),
        ({"endpoint": DENY_ALL}, "VPC endpoint policy"),
        ({"context": {"aws:SecureTransport": False}}, "resource-based policy"),
    ],
)
def test_every_kind_of_policy_counts(tmp_path: Path, change: dict[str, Any], by: str) -> None:
    """Each can refuse alone, and is named as what refused."""
    code, answer = _decide(tmp_path, {**REQUEST, **change})
    assert (code, answer["decision"], answer["by"]) == (3, "deny", by)


@pytest.mark.parametrize(
    "change",
    [
        {"acl": {}}, {"principal": {"kind": "person", "arn": "x"}},
        {"principal": {**REQUEST["principal"], "mfa": True}},
        {"action": 5}, {"identity": {}}, {"scps": {}}, {"context": []}, {"key_policy": {"Statement": []}},
        {"boundary": {"document": {"Statement": {"Effect": "Allow", "Action": "*"}}}},
    ],
)  # fmt: skip
def test_a_request_that_is_not_understood_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """An unknown element or a wrong type is an error, not something to be left out."""
    with pytest.raises(InputError, match=r"request\.json"):
        _decide(tmp_path, {**REQUEST, **change})
