"""AWS's own managed policies through the engine: documents that nobody here wrote."""

from __future__ import annotations

import json
import random

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.model import Policy, parse


@pytest.fixture(scope="module")
def managed() -> dict[str, Policy]:
    """Every managed policy that moto carries."""
    documents = json.loads(aws_managed_policies_data)
    return {name: parse(documents[name]["Document"], name) for name in sorted(documents)}


def test_every_managed_policy_contains_itself(managed: dict[str, Policy]) -> None:
    """All of them are read and inside themselves; at most 5 % undecided, and none is said to be wider."""
    assert len(managed) > 1_500
    answers = {name: contains(policy, policy) for name, policy in managed.items()}
    assert not [name for name, answer in answers.items() if answer.witness]
    undecided = [name for name, answer in answers.items() if not answer.holds]
    assert len(undecided) <= len(managed) * 0.05, undecided


def test_a_managed_policy_without_a_statement_is_inside_the_whole_and_not_the_other_way_round(
    managed: dict[str, Policy],
) -> None:
    """A "no" about a document of AWS's has a witness too, except where it is undecided."""
    several = [name for name, policy in managed.items() if len(policy.statements) > 1]
    refuted = 0
    for name in random.Random(20).sample(several, 12):
        document = managed[name].document
        kept = [each for each in document["Statement"] if each["Effect"] == "Allow"]
        whole = parse({**document, "Statement": kept}, name)
        part = parse({**document, "Statement": kept[:-1]}, f"{name} in part")
        assert contains(part, whole).holds, name
        refuted += contains(whole, part).witness is not None
    assert refuted >= 6
