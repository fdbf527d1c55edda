"""Draws apps, builds and judges each."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
from combinations.build import build
from combinations.draw import AppDraw, apps
from combinations.judge import judge
from hypothesis import HealthCheck, Phase

TENANTS = 5
"""Tenants of each app of a run from the command line."""


@dataclass(frozen=True)
class Judged:
    """A drawn app, what there is against it, and how long that took."""

    drawn: AppDraw
    found: list[str]
    seconds: float

    @property
    def applications(self) -> int:
        """How many applications it has."""
        return sum(1 + len(team.added) for team in self.drawn.tenants)


def combinations(
    count: int, seed: int, *, tenants: int, lints: bool, told: Callable[[Judged], object] | None = None
) -> list[Judged]:
    """Judge `count` apps of some tenants each. The same seed draws the same apps."""
    found: list[Judged] = []
    seen: set[str] = set()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        # The first is always the simplest: every tenant with the first of all choices, which golden templates show.
        max_examples=count * 3 + 1,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(apps(tenants))
    def each(drawn: AppDraw) -> None:
        if not seen:
            seen.add("")
        elif len(found) < count and repr(drawn) not in seen:
            seen.add(repr(drawn))
            found.append(_judged(drawn, lints=lints))
            if told is not None:
                told(found[-1])

    each()
    return found


def _judged(drawn: AppDraw, *, lints: bool) -> Judged:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        try:
            found = judge(lambda app: build(app, drawn), Path(directory), drawn.region, lints=lints)
        except Exception as error:  # noqa: BLE001 - valid arguments must not raise, whatever it is
            found = [f"{type(error).__name__}: {error}"]
    return Judged(drawn, found, time.monotonic() - start)


def quiet() -> None:
    """CDK prints each report to standard error; what matters of it is in the result."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def some_of(task: tuple[int, int, bool]) -> list[Judged]:
    """So many apps of a seed, with or without cfn-lint: the share of one process."""
    share, seed, lints = task
    return combinations(share, seed, tenants=TENANTS, lints=lints)
