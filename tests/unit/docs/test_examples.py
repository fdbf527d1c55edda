"""The examples of examples run as they stand, and are as clean as their page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove

EXAMPLES = Path(__file__).parents[3] / "examples"
ROWS = re.findall(r"^\| \[(\w+\.py)\]\(\1\) \| .* \| (clean|findings)", (EXAMPLES / "README.md").read_text(), re.M)


def _synthesized(example: str, out: Path) -> Path:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / example)], env=os.environ | {"CDK_OUTDIR": str(out)}, capture_output=True,
        text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_page_lists_every_example() -> None:
    """Nothing lies there that no test runs."""
    assert [name for name, _ in ROWS] == [*dict.fromkeys(name for name, _ in ROWS)]
    assert {name for name, _ in ROWS} == {each.name for each in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("example", [name for name, verdict in ROWS if verdict == "clean"])
def test_an_example_is_clean_and_isolated(example: str, tmp_path: Path) -> None:
    """What is copied from here passes every rule, and its tenants are sealed."""
    assembly = load(_synthesized(example, tmp_path / "cdk.out"))
    open_findings = [each for each in audit(assembly).findings if each.acknowledged is None]
    assert [(each.rule, each.construct_path, each.message) for each in open_findings] == []
    assert prove(assembly).verdict == "isolated"


def test_the_rules_speak_of_a_plain_application(tmp_path: Path) -> None:
    """No network, no trail, an old release, a role that may do everything in S3 and trusts every account's jobs."""
    found = {each.rule for each in audit(load(_synthesized("plain_application.py", tmp_path / "cdk.out"))).findings}
    assert {"EMRG201", "EMRG303", "EMRG401"} <= found
    assert len(found) >= 10
