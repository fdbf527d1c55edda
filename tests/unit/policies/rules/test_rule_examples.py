"""The published examples of every rule are run: a bad one breaks exactly its own rule, a good one none.

What is run is the whole template that an example stands for: the example laid over its sound templates.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from example_support import written

from emrguard_policies.assembly import load
from emrguard_policies.audit import Finding, run
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules import example_templates
from emrguard_policies.rules.base import Rule
from emrguard_policies.rules.example_templates import SOUND
from emrguard_policies.rules.pages import EXAMPLES, examples
from emrguard_policies.rules.registry import all_rules

TODAY = date(2026, 11, 24)
ALWAYS_DECIDED = {"EMRG001", "EMRG002"}
"""Rules whose subject is never a value of the deployment: an acknowledgment is written, with its reason, or not."""

ALSO: dict[str, set[str]] = {}
"""What cannot be broken, or be undecided, alone."""

NOT_ALONE = {
    "EMRG001 good",
    "EMRG002 good",
    "EMRG101 undecidable",
    "EMRG102 undecidable",
    "EMRG103 bad",
    "EMRG103 good",
    "EMRG103 undecidable",
    "EMRG104 undecidable",
    "EMRG107 bad-1",
    "EMRG107 bad-2",
    "EMRG107 undecidable",
    "EMRG108 bad",
    "EMRG109 bad-1",
    "EMRG109 undecidable",
    "EMRG110 bad",
    "EMRG110 good",
    "EMRG110 undecidable",
    "EMRG111 bad-1",
    "EMRG111 bad-2",
    "EMRG111 good",
    "EMRG111 undecidable",
    "EMRG114 undecidable",
    "EMRG115 bad",
    "EMRG115 good",
    "EMRG115 undecidable",
    "EMRG116 bad-1",
    "EMRG116 bad-2",
    "EMRG116 good",
    "EMRG116 undecidable",
    "EMRG117 bad-1",
    "EMRG117 bad-2",
    "EMRG117 bad-3",
    "EMRG117 good",
    "EMRG117 undecidable",
    "EMRG118 bad-1",
    "EMRG118 bad-2",
    "EMRG118 good",
    "EMRG118 undecidable-1",
    "EMRG118 undecidable-2",
    "EMRG119 bad",
    "EMRG119 good",
    "EMRG119 undecidable-1",
    "EMRG119 undecidable-2",
    "EMRG120 bad-2",
    "EMRG120 good-2",
    "EMRG121 bad",
    "EMRG121 good",
    "EMRG121 undecidable",
    "EMRG122 bad-1",
    "EMRG151 bad-1",
    "EMRG151 bad-2",
    "EMRG151 good",
    "EMRG151 undecidable",
    "EMRG152 bad-1",
    "EMRG152 bad-2",
    "EMRG152 good",
    "EMRG152 undecidable",
    "EMRG153 bad-1",
    "EMRG153 bad-2",
    "EMRG153 bad-3",
    "EMRG153 good",
    "EMRG153 undecidable",
    "EMRG154 bad-1",
    "EMRG156 bad",
    "EMRG156 good",
    "EMRG156 undecidable",
    "EMRG159 bad-1",
    "EMRG159 bad-2",
    "EMRG159 good",
    "EMRG159 undecidable",
    "EMRG201 good",
    "EMRG201 undecidable",
    "EMRG202 bad-1",
    "EMRG202 bad-2",
    "EMRG202 bad-3",
    "EMRG202 good",
    "EMRG202 undecidable-1",
    "EMRG202 undecidable-2",
    "EMRG205 bad-1",
    "EMRG205 good-1",
    "EMRG205 undecidable",
    "EMRG206 undecidable",
    "EMRG207 bad-1",
    "EMRG207 bad-2",
    "EMRG207 good",
    "EMRG207 undecidable",
    "EMRG208 bad-1",
    "EMRG208 bad-2",
    "EMRG208 good",
    "EMRG208 undecidable",
    "EMRG209 bad-1",
    "EMRG209 bad-2",
    "EMRG209 bad-3",
    "EMRG209 bad-4",
    "EMRG209 good",
    "EMRG209 undecidable",
    "EMRG210 bad",
    "EMRG210 good-1",
    "EMRG210 good-2",
    "EMRG210 undecidable",
    "EMRG211 bad",
    "EMRG211 good",
    "EMRG211 undecidable",
    "EMRG250 undecidable",
    "EMRG252 bad",
    "EMRG252 good",
    "EMRG252 undecidable",
    "EMRG301 undecidable-1",
    "EMRG301 undecidable-2",
    "EMRG302 undecidable-2",
    "EMRG303 undecidable",
    "EMRG304 undecidable",
    "EMRG305 bad",
    "EMRG305 good",
    "EMRG305 undecidable",
    "EMRG307 undecidable",
    "EMRG308 bad-1",
    "EMRG308 bad-2",
    "EMRG308 undecidable",
    "EMRG309 undecidable",
    "EMRG310 bad",
    "EMRG310 undecidable-1",
    "EMRG310 undecidable-2",
    "EMRG312 undecidable",
    "EMRG313 bad-2",
    "EMRG313 good-2",
    "EMRG313 undecidable",
    "EMRG315 undecidable",
    "EMRG317 undecidable",
    "EMRG318 undecidable",
    "EMRG320 undecidable",
    "EMRG350 undecidable",
    "EMRG351 undecidable",
    "EMRG352 undecidable",
    "EMRG353 undecidable",
    "EMRG354 undecidable",
    "EMRG401 bad",
    "EMRG401 undecidable",
    "EMRG402 bad",
    "EMRG403 bad",
    "EMRG404 bad",
    "EMRG405 bad-1",
    "EMRG405 bad-2",
    "EMRG405 good-1",
    "EMRG405 undecidable",
    "EMRG406 undecidable",
    "EMRG407 bad",
    "EMRG407 good",
    "EMRG407 undecidable",
    "EMRG408 bad-2",
    "EMRG408 undecidable",
    "EMRG409 bad-1",
    "EMRG451 bad",
    "EMRG453 bad-1",
    "EMRG453 bad-2",
    "EMRG453 good",
    "EMRG453 undecidable",
    "EMRG454 bad-2",
    "EMRG454 good",
    "EMRG502 undecidable-1",
    "EMRG504 bad",
    "EMRG504 good-2",
    "EMRG504 undecidable",
    "EMRG507 bad",
    "EMRG507 good-1",
    "EMRG507 good-2",
    "EMRG507 undecidable",
    "EMRG510 bad-2",
    "EMRG510 bad-3",
    "EMRG510 undecidable",
    "EMRG512 bad-1",
    "EMRG512 bad-2",
    "EMRG512 good-2",
    "EMRG512 good-3",
    "EMRG512 undecidable",
    "EMRG513 bad-1",
    "EMRG513 bad-2",
    "EMRG513 good",
    "EMRG513 undecidable",
    "EMRG514 undecidable",
    "EMRG515 bad-1",
    "EMRG515 bad-2",
    "EMRG516 bad",
    "EMRG516 good",
    "EMRG516 undecidable",
    "EMRG601 bad",
    "EMRG601 undecidable",
    "EMRG602 bad",
    "EMRG602 undecidable",
    "EMRG603 bad",
    "EMRG603 undecidable",
    "EMRG604 bad",
    "EMRG604 good",
    "EMRG604 undecidable",
    "EMRG605 bad",
    "EMRG605 good",
    "EMRG605 undecidable",
    "EMRG701 bad",
    "EMRG701 good",
    "EMRG701 undecidable",
    "EMRG702 bad",
    "EMRG702 good",
    "EMRG702 undecidable",
    "EMRG703 bad-1",
    "EMRG703 bad-2",
    "EMRG703 good",
    "EMRG703 undecidable",
    "EMRG704 bad",
    "EMRG704 good-1",
    "EMRG704 good-2",
    "EMRG704 undecidable",
    "EMRG705 bad",
    "EMRG705 good",
    "EMRG705 undecidable",
    "EMRG707 bad",
    "EMRG707 good-1",
    "EMRG707 undecidable",
    "EMRG804 bad",
    "EMRG804 good",
    "EMRG807 undecidable",
    "EMRG808 undecidable",
    "EMRG809 undecidable",
    "EMRG810 undecidable",
}
"""Examples that also break other rules."""


def cases(kind: str) -> list[object]:
    """Every example of a kind with its rule."""
    return [
        pytest.param(rule, file, id=f"{rule.id}-{file.stem}") for rule in all_rules() for file in examples(rule, kind)
    ]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the whole templates are written."""
    return tmp_path_factory.mktemp("examples")


@cache
def findings(file: Path, directory: Path) -> tuple[Finding, ...]:
    """What all rules find in an example."""
    return run(load(written(file, directory)), all_rules(), today=TODAY).findings


def others(rule: Rule, file: Path, directory: Path) -> set[str]:
    """The ids of the other rules that find something in an example, but for those that must."""
    if f"{rule.id} {file.stem}" in NOT_ALONE:
        return set()
    return {each.rule for each in findings(file, directory)} - {rule.id} - ALSO.get(f"{rule.id} {file.stem}", set())


def own(rule: Rule, file: Path, directory: Path) -> list[Finding]:
    """What a rule itself finds in an example."""
    return [each for each in findings(file, directory) if each.rule == rule.id]


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in sorted(SOUND.glob("*.yaml"))])
def test_a_sound_template_is_sound(file: Path, directory: Path) -> None:
    """What examples are laid over has nothing against it, whatever rule is asked."""
    assert findings(file, directory) == ()


@pytest.mark.parametrize(("rule", "file"), cases("bad"))
def test_a_bad_example_breaks_exactly_its_own_rule(rule: Rule, file: Path, directory: Path) -> None:
    """A reader who copies the bad example sees the finding that the page promises, at its severity, and no other."""
    assert {each.severity for each in own(rule, file, directory)} == {rule.severity}
    assert others(rule, file, directory) == set()


@pytest.mark.parametrize(("rule", "file"), cases("good"))
def test_a_good_example_breaks_no_rule(rule: Rule, file: Path, directory: Path) -> None:
    """A reader who copies the good example is rid of the finding and gets no other."""
    assert own(rule, file, directory) == []
    assert others(rule, file, directory) == set()


@pytest.mark.parametrize(("rule", "file"), cases("undecidable"))
def test_an_undecidable_example_warns(rule: Rule, file: Path, directory: Path) -> None:
    """What only a deployment knows never passes silently, and is one rule's warning, not the finding of another."""
    found = own(rule, file, directory)
    assert {each.severity for each in found} == {"info" if rule.severity == "info" else "warning"}
    assert all(each.message.startswith("could not decide: ") for each in found)
    assert others(rule, file, directory) == set()


def test_every_exception_is_needed(directory: Path) -> None:
    """An entry that is no longer needed goes."""
    for name, expected in ALSO.items():
        rule_id, stem = name.split()
        found = {each.rule for each in findings(EXAMPLES / rule_id.lower() / f"{stem}.yaml", directory)}
        assert expected == found - {rule_id}, name


def test_an_example_is_laid_over_its_sound_templates(tmp_path: Path) -> None:
    """Objects are merged and lists replaced; null takes away; statements go by their Sid."""
    example = tmp_path / "example.yaml"
    example.write_text(
        """
Metadata: {emrguard: {part-of: [bucket, trail]}}
Resources:
  Macie: null
  Data:
    Properties: {VersioningConfiguration: {Status: Suspended}}
  DataPolicy:
    Properties:
      PolicyDocument:
        Statement:
          - {Sid: NoOldTls, Effect: null}
          - {Sid: More, Effect: Deny}
  Trail:
    Properties: {AdvancedEventSelectors: []}
"""
    )
    whole = example_templates.whole(example)
    assert "Metadata" not in whole
    resources = whole["Resources"]
    assert "Macie" not in resources
    assert resources["Data"]["Type"] == "AWS::S3::Bucket"
    assert resources["Data"]["Properties"]["VersioningConfiguration"] == {"Status": "Suspended"}
    assert "BucketEncryption" in resources["Data"]["Properties"]
    statements = resources["DataPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [each["Sid"] for each in statements] == ["OnlyTls", "More"]
    assert resources["Trail"]["Properties"]["AdvancedEventSelectors"] == []
    assert "Macie" in example_templates.whole(SOUND / "bucket.yaml")["Resources"]
    example.write_text("Metadata: {emrguard: {part-of: buckets}}")
    with pytest.raises(InputError, match=r"names 'buckets'; the sound templates are application, bucket"):
        example_templates.whole(example)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_all_kinds_of_examples(rule: Rule) -> None:
    """Each page shows what is bad, what is good, and what cannot be decided."""
    assert examples(rule, "bad")
    assert examples(rule, "good")
    assert bool(examples(rule, "undecidable")) != (rule.id in ALWAYS_DECIDED)


def test_no_example_stands_without_its_rule() -> None:
    """Examples of a rule that is gone do not linger."""
    assert {item.name for item in EXAMPLES.iterdir()} == {rule.id.lower() for rule in all_rules()}
