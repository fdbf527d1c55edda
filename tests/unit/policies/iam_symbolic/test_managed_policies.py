"""AWS's own managed policies through the engine: documents that nobody here wrote."""

from __future__ import annotations

import json
import random

from moto.iam.aws_managed_policies import aws_managed_policies_data

from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.model import parse

_SHARE, _SEED = 10, 20


def test_managed_policies_are_read_and_contain_themselves() -> None:
    """All are read; of a seeded tenth each is inside itself, at most 5 % undecided, and none is said to be wider."""
    documents = json.loads(aws_managed_policies_data)
    policies = {name: parse(documents[name]["Document"], name) for name in sorted(documents)}
    assert len(policies) > 500
    undecided = []
    chosen = random.Random(_SEED).sample(list(policies), len(policies) // _SHARE)
    for name in chosen:
        answer = contains(policies[name], policies[name])
        assert answer.witness is None, name
        if not answer.holds:
            assert answer.undecided, name
            undecided.append(name)
    assert len(undecided) <= len(chosen) * 0.05, undecided
