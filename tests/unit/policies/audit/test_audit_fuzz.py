"""Templates that nobody would write: each is refused in words or judged by every rule, none ends in a crash."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from fuzz_support import Fuzz

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.exceptions import InputError

CASES = 1000


def test_no_rule_crashes_on_a_damaged_template(tmp_path: Path) -> None:
    """A thousand damaged examples, always the same ones: an answer for each, and no rule that gives up."""
    fuzz = Fuzz(20261124)
    file = tmp_path / "t.json"
    crashes: set[str] = set()
    judged = 0
    for _ in range(CASES):
        file.write_bytes(fuzz.values(1))
        try:
            findings = audit(load(file), today=date(2026, 11, 24)).findings
        except InputError:
            continue
        judged += 1
        crashes |= {f"{item.rule}: {item.message}" for item in findings if item.severity == "fatal"}
    assert not crashes
    assert judged > CASES / 2
