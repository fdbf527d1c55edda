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

TOGETHER = {
    "EMRG101 undecidable": {"EMRG112"},
    "EMRG102 undecidable": {"EMRG112"},
    "EMRG103 undecidable": {"EMRG112"},
    "EMRG104 undecidable": {"EMRG406"},
    "EMRG107 undecidable": {"EMRG152", "EMRG153", "EMRG310"},
    "EMRG109 undecidable": {"EMRG114", "EMRG152", "EMRG153", "EMRG310"},
    "EMRG110 undecidable": {"EMRG112"},
    "EMRG114 undecidable": {"EMRG109", "EMRG152", "EMRG153", "EMRG310"},
    "EMRG117 undecidable": {"EMRG107", "EMRG151", "EMRG152", "EMRG153", "EMRG310"},
    "EMRG118 undecidable-2": {"EMRG119"},
    "EMRG119 undecidable-2": {"EMRG118"},
    "EMRG151 undecidable": {"EMRG107", "EMRG117", "EMRG152", "EMRG153", "EMRG310"},
    "EMRG152 undecidable": {"EMRG107", "EMRG117", "EMRG151", "EMRG153", "EMRG310"},
    "EMRG156 undecidable": {"EMRG112"},
    "EMRG159 undecidable": {"EMRG107", "EMRG117", "EMRG151", "EMRG152", "EMRG153", "EMRG310"},
    "EMRG201 undecidable": {"EMRG202", "EMRG203", "EMRG204", "EMRG206", "EMRG252"},
    "EMRG206 undecidable": {"EMRG201", "EMRG202"},
    "EMRG207 undecidable": {"EMRG210", "EMRG310"},
    "EMRG208 undecidable": {"EMRG310"},
    "EMRG210 undecidable": {"EMRG207", "EMRG310"},
    "EMRG211 undecidable": {"EMRG203", "EMRG204"},
    "EMRG250 undecidable": {"EMRG310", "EMRG355", "EMRG357"},
    "EMRG252 undecidable": {"EMRG203", "EMRG204"},
    "EMRG301 undecidable-1": {"EMRG310", "EMRG312", "EMRG313"},
    "EMRG301 undecidable-2": {"EMRG302", "EMRG310", "EMRG311", "EMRG313"},
    "EMRG302 undecidable-2": {"EMRG301", "EMRG310", "EMRG311", "EMRG313"},
    "EMRG303 undecidable": {"EMRG304", "EMRG310"},
    "EMRG304 undecidable": {"EMRG310"},
    "EMRG305 undecidable": {"EMRG306"},
    "EMRG307 undecidable": {"EMRG306"},
    "EMRG308 undecidable": {"EMRG310", "EMRG312"},
    "EMRG309 undecidable": {"EMRG303", "EMRG304", "EMRG310"},
    "EMRG310 undecidable-2": {"EMRG301", "EMRG312", "EMRG313"},
    "EMRG312 undecidable": {"EMRG308", "EMRG310"},
    "EMRG313 undecidable": {"EMRG301", "EMRG310", "EMRG312"},
    "EMRG315 undecidable": {"EMRG303", "EMRG304", "EMRG310", "EMRG350"},
    "EMRG317 undecidable": {"EMRG310"},
    "EMRG318 undecidable": {"EMRG302", "EMRG351"},
    "EMRG320 undecidable": {"EMRG319"},
    "EMRG350 undecidable": {"EMRG309", "EMRG310"},
    "EMRG351 undecidable": {"EMRG310", "EMRG355"},
    "EMRG352 undecidable": {"EMRG310", "EMRG351", "EMRG353", "EMRG355"},
    "EMRG353 undecidable": {"EMRG310", "EMRG351", "EMRG352", "EMRG355"},
    "EMRG354 undecidable": {"EMRG310", "EMRG351", "EMRG355"},
    "EMRG355 undecidable": {"EMRG310", "EMRG351"},
    "EMRG357 undecidable": {"EMRG250", "EMRG310", "EMRG355"},
    "EMRG408 undecidable": {"EMRG301", "EMRG302", "EMRG310", "EMRG311", "EMRG313"},
    "EMRG502 undecidable-1": {"EMRG513", "EMRG514"},
    "EMRG507 undecidable": {"EMRG502", "EMRG513", "EMRG514"},
    "EMRG510 undecidable": {"EMRG506"},
    "EMRG512 undecidable": {"EMRG502", "EMRG513", "EMRG514"},
    "EMRG513 undecidable": {"EMRG502", "EMRG514"},
    "EMRG514 undecidable": {"EMRG502", "EMRG513"},
    "EMRG707 undecidable": {"EMRG706"},
    "EMRG807 undecidable": {"EMRG804"},
    "EMRG808 undecidable": {"EMRG811"},
    "EMRG809 undecidable": {"EMRG804", "EMRG807"},
    "EMRG810 undecidable": {"EMRG803"},
}  # fmt: skip
"""Undecidable examples whose one unknown value other rules ask about, too: these rules warn as well, and find nothing.

It is a policy that cannot be read, a statement for any action or role, the network, the release, or the key.
"""


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
    """What all rules find in an example that nobody acknowledged."""
    report = run(load(written(file, directory)), all_rules(), today=TODAY)
    return tuple(each for each in report.findings if each.acknowledged is None)


def others(rule: Rule, file: Path, directory: Path) -> set[str]:
    """The ids of the other rules that find something in an example, but for those that warn with it."""
    return {each.rule for each in findings(file, directory)} - {rule.id} - TOGETHER.get(f"{rule.id} {file.stem}", set())


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


@pytest.mark.parametrize("name", sorted(TOGETHER))
def test_a_value_that_others_ask_about_makes_them_warn(name: str, directory: Path) -> None:
    """The other rules find nothing: they could not decide either. An entry that is no longer needed goes."""
    rule_id, stem = name.split()
    others = [each for each in findings(EXAMPLES / rule_id.lower() / f"{stem}.yaml", directory) if each.rule != rule_id]
    assert {each.rule for each in others} == TOGETHER[name]
    assert all(each.message.startswith("could not decide: ") for each in others)


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
    Properties: {AdvancedEventSelectors: [], S3BucketName: !GetAtt Other.Name}
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
    assert resources["Trail"]["Properties"]["S3BucketName"] == {"Fn::GetAtt": ["Other", "Name"]}
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
