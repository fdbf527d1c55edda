"""No guardrail can be taken out of what the constructs synthesize without a rule or the proof saying so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mutants import neutral, policies
from mutants.apps import APPS
from mutants.generate import Generated, generate, sample, templates
from mutants.judge import judge
from mutants.model import REMOVED, edited

SEED = 20261124


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The apps, synthesized."""
    directory = tmp_path_factory.mktemp("apps")
    for name, write in APPS.items():
        write(directory / name)
    return {name: directory / name for name in APPS}


@pytest.fixture(scope="module")
def generated(assemblies: dict[str, Path]) -> Generated:
    """All mutants."""
    return generate(assemblies)


def test_there_are_mutants_of_each_kind_of_guardrail(generated: Generated) -> None:
    """The figure in the report counts distinct changes: at least 300, of every kind of resource that guards."""
    likenesses = {mutant.likeness for mutant in generated.mutants}
    assert len(likenesses) == len(generated.mutants) >= 300
    assert {
        "AWS::CloudTrail::Trail", "AWS::EC2::FlowLog", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint",
        "AWS::EMRServerless::Application", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::Logs::LogGroup",
        "AWS::S3::Bucket", "AWS::S3::BucketPolicy",
    } <= {mutant.type for mutant in generated.mutants}  # fmt: skip


def test_a_tenth_of_the_mutants_is_caught(generated: Generated, assemblies: dict[str, Path]) -> None:
    """Whoever weakens one guardrail in a template hears of it from `emrguard audit` or `emrguard prove`."""
    chosen = sample(generated.mutants, of=10, seed=SEED)
    survivors = [verdict.mutant for verdict in judge(chosen, assemblies, workers=1, quick=True) if verdict.survived]
    assert [(mutant.logical_id, mutant.change.property, mutant.change.text) for mutant in survivors] == []


def test_what_is_left_out_has_a_reason(generated: Generated) -> None:
    """The report says of each change that is not judged why it takes nothing away."""
    assert all(reason and found for reason, found in generated.left_out.items())
    assert neutral.reason(generated.mutants[0], {"Resources": {generated.mutants[0].logical_id: {}}}) is None


def test_each_mutant_differs_from_its_template(generated: Generated, assemblies: dict[str, Path]) -> None:
    """A mutant that changes nothing would be caught by nothing, or count for nothing."""
    bodies = {app: templates(assembly) for app, assembly in assemblies.items()}
    for mutant in sample(generated.mutants, of=10, seed=SEED):
        body = bodies[mutant.app][mutant.template]
        assert mutant.apply(body) != body, mutant


def test_edits_leave_the_original_alone() -> None:
    """Mutants of one template do not add up."""
    original = {"Properties": {"Listed": [1, 2], "Kept": True}}
    assert edited(original, [(("Properties", "Listed", 0), REMOVED), (("Properties", "New"), 3)]) == {
        "Properties": {"Listed": [2], "Kept": True, "New": 3}
    }
    assert original == {"Properties": {"Listed": [1, 2], "Kept": True}}


def _conditions(statement: dict[str, object]) -> Iterator[object]:
    around = policies.Surroundings({}, {})
    for change in policies.mutate({"Statement": [statement]}, ("Properties", "PolicyDocument"), around):
        if change.kind == "condition weakened":
            yield change.edits[0][1]


def test_a_condition_is_weakened_in_every_way() -> None:
    """Each condition is taken out, made optional, and made to hold for any value, or for one more."""
    statement: dict[str, object] = {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
    }  # fmt: skip
    assert list(_conditions(statement)) == [
        REMOVED,
        {"StringEqualsIfExists": {"aws:SourceAccount": "1"}},
        {"StringLike": {"aws:SourceAccount": "*"}},
        {"StringEquals": {"aws:SourceAccount": ["1", "999988887777"]}},
    ]
