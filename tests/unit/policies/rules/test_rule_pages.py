"""The pages of the rules in `docs/rules` are those that the rules make."""

from __future__ import annotations

from pathlib import Path

import pytest

from emrguard_policies.rules import pages
from emrguard_policies.rules.base import UNWRITTEN, Rule
from emrguard_policies.rules.registry import all_rules

DOCS = Path(__file__).parents[4] / "docs" / "rules"


def test_the_committed_pages_are_up_to_date() -> None:
    """A reader of docs/rules reads what the code does. Mend: emrguard rules --format markdown --output docs/rules"""
    committed = {file.name: file.read_text(encoding="utf-8") for file in DOCS.glob("*.md")}
    assert committed == pages.files()


def test_pages_of_rules_that_are_gone_are_removed(tmp_path: Path) -> None:
    """Regenerating leaves no page of a rule that no longer exists."""
    (tmp_path / "EMRG999-gone.md").write_text("old", encoding="utf-8")
    assert pages.write(str(tmp_path)) == len(all_rules()) + 2
    assert {file.name for file in tmp_path.iterdir()} == set(pages.files())


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_says_why_and_how(rule: Rule) -> None:
    """Each rule has a reason, a mend, and a document that it rests on."""
    assert rule.rationale.strip()
    assert UNWRITTEN not in rule.rationale, f"{rule.id}: write in the docstring of its module what goes wrong"
    assert rule.mend.endswith(".")
    assert rule.source.startswith(("https://docs.aws.amazon.com/", "https://github.com/cdklabs/cdk-nag/"))
    assert rule.id[4] in "012345678"
