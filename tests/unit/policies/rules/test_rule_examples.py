"""The published examples of every rule are run: what a page calls bad is found, what it calls good is not."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import Finding, run
from emrguard_policies.rules.base import Rule
from emrguard_policies.rules.pages import EXAMPLES, examples
from emrguard_policies.rules.registry import all_rules

TODAY = date(2026, 11, 24)
ALWAYS_DECIDED = {"EMRG001", "EMRG002"}
"""Rules whose subject is never a value of the deployment: an acknowledgment is written, with its reason, or not."""

INTERACTIVE = {"EMRG604", "EMRG605"}
ALSO = {
    "EMRG155": {"EMRG115"},
    "EMRG206": {"EMRG252"},
    "EMRG308": {"EMRG320"},
    "EMRG310": {"EMRG301", "EMRG302", "EMRG311", "EMRG313"},
    "EMRG408": {
        "EMRG106", "EMRG107", "EMRG113", "EMRG115", "EMRG116", "EMRG122", "EMRG301", "EMRG302",
    },
    "EMRG601": INTERACTIVE,
    "EMRG602": INTERACTIVE,
    "EMRG603": INTERACTIVE,
    "EMRG604": {"EMRG201"},
    "EMRG706": {"EMRG707"},
}  # fmt: skip
"""What cannot be broken alone: an unreadable policy, a bucket that becomes a tenant's by being used."""


def cases(kind: str) -> list[object]:
    """Every example of a kind with its rule."""
    return [
        pytest.param(rule, file, id=f"{rule.id}-{file.stem}") for rule in all_rules() for file in examples(rule, kind)
    ]


def findings(rule: Rule, file: Path) -> tuple[Finding, ...]:
    """What a rule finds in a template."""
    return run(load(file), [rule], today=TODAY).findings


@cache
def broken(file: Path) -> set[str]:
    """The ids of all rules that find something in a template."""
    return {finding.rule for finding in run(load(file), all_rules(), today=TODAY).findings}


@pytest.mark.parametrize(("rule", "file"), cases("bad"))
def test_a_bad_example_breaks_its_rule(rule: Rule, file: Path) -> None:
    """A reader who copies the bad example sees the finding that the page promises, at its severity."""
    found = findings(rule, file)
    assert found
    assert {finding.severity for finding in found} == {rule.severity}


@pytest.mark.parametrize(("rule", "file"), cases("bad"))
def test_a_bad_example_breaks_its_own_rule_only(rule: Rule, file: Path) -> None:
    """Beside what its good examples leave open, a bad example shows one thing: its own."""
    found = broken(file) - {rule.id} - ALSO.get(rule.id, set())
    assert found <= set().union(*(broken(good) for good in examples(rule, "good")))


@pytest.mark.parametrize(("rule", "file"), cases("good"))
def test_a_good_example_passes_its_rule(rule: Rule, file: Path) -> None:
    """A reader who copies the good example is rid of the finding."""
    assert findings(rule, file) == ()


@pytest.mark.parametrize(("rule", "file"), cases("undecidable"))
def test_an_undecidable_example_warns(rule: Rule, file: Path) -> None:
    """What only a deployment knows never passes silently."""
    found = findings(rule, file)
    assert found
    expected = "info" if rule.severity == "info" else "warning"
    assert {finding.severity for finding in found} == {expected}
    assert all(finding.message.startswith("could not decide: ") for finding in found)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_all_kinds_of_examples(rule: Rule) -> None:
    """Each page shows what is bad, what is good, and what cannot be decided."""
    assert examples(rule, "bad")
    assert examples(rule, "good")
    assert bool(examples(rule, "undecidable")) != (rule.id in ALWAYS_DECIDED)


def test_no_example_stands_without_its_rule() -> None:
    """Examples of a rule that is gone do not linger."""
    assert {item.name for item in EXAMPLES.iterdir()} == {rule.id.lower() for rule in all_rules()}
