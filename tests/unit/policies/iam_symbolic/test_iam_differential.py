"""The concrete engine against the symbolic one on seeded policies of every form; the benchmark runs it for longer."""

from __future__ import annotations

from iam_differential_support import Differential


def test_no_sampled_request_contradicts_an_answer() -> None:
    """ "Cannot" and "contained" are never contradicted by a request that the concrete engine allows."""
    result = Differential(seed=11).run(rounds=40, points=60)
    assert result.unsound == []
    assert result.points > 2_000
    assert result.allowed > 100
    assert min(result.reach_no, result.reach_yes, result.contains_yes, result.contains_no) > 5
