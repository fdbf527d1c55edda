"""Whatever valid arguments are combined, the result is secure, and everything that judges templates says so."""

from __future__ import annotations

import pytest
from combinations.run import combinations


@pytest.mark.parametrize("seed", [1, 2])
def test_valid_combinations_have_no_finding(seed: int) -> None:
    """No rule of ours or of AwsSolutions, not cfn-lint, not the local service's own checks, and no way between tenants.

    Drawn: arguments of tenants and their parts, further applications, grants, roles of people, what is shared, Regions.
    Many more: `make combinations`.
    """
    judged = combinations(1, seed, tenants=3, lints=seed == 1)
    assert len(judged) == 1
    assert [line for each in judged for line in each.found] == []
