"""Leaf questions of the symbolic engine against an independent solver: z3, which the product itself never uses."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
import z3

from emrguard_policies.iam.boxes import Comparison, KeyAtom, values_of
from emrguard_policies.iam.glob import Space, common_text


def _regex(pattern: str, context: z3.Context) -> Any:
    sort = z3.ReSort(z3.StringSort(context))
    pieces = [z3.Full(sort) if char == "*" else z3.AllChar(sort) if char == "?" else z3.Re(char, context)
              for char in pattern]  # fmt: skip
    pieces += [z3.Re("", context)] * (2 - len(pieces))
    return z3.Concat(*pieces)


def _solve(wanted: Sequence[str], unwanted: Sequence[str]) -> Any:
    # A context of its own: what a solver asked before has an influence on what it can answer.
    context = z3.Context()
    text = z3.String("text", context)
    solver = z3.Solver(ctx=context)
    solver.set("rlimit", 5_000_000)  # z3's own count of steps: the same on every machine, unlike a timeout
    solver.add(*(z3.InRe(text, _regex(each, context)) for each in wanted))
    solver.add(*(z3.Not(z3.InRe(text, _regex(each, context))) for each in unwanted))
    return solver.check()


def test_globs_have_a_text_in_common_when_z3_says_so() -> None:
    """Intersection, emptiness and containment of patterns: the same answers, and each text found is a real one."""
    chance = random.Random(5)
    answers = set()
    given_up = 0
    for _ in range(120):
        patterns = ["".join(chance.choice("aab*?/") for _ in range(chance.randint(0, 6))) for _ in range(3)]
        cut = chance.randint(1, 3)
        wanted, unwanted = patterns[:cut], patterns[cut:]
        space = Space()
        text = common_text(
            [space.automaton((each,), "text", "glob") for each in wanted],
            [space.automaton((each,), "text", "glob") for each in unwanted],
        )
        expected = _solve(wanted, unwanted)
        if expected == z3.unknown:
            given_up += 1
            continue
        assert (text is not None) is (expected == z3.sat), (wanted, unwanted, text)
        answers.add(text is not None)
        if text is not None:
            context = z3.Context()
            concrete = z3.StringVal(text, context)
            held = [*(z3.InRe(concrete, _regex(each, context)) for each in wanted),
                    *(z3.Not(z3.InRe(concrete, _regex(each, context))) for each in unwanted)]  # fmt: skip
            assert all(z3.is_true(z3.simplify(each)) for each in held), (patterns, text)
    assert answers == {True, False}
    # Versions of z3 differ in which questions are too much for them.
    assert given_up <= 3


_COMPARE = {
    "Equals": lambda found, wanted: found == wanted, "LessThan": lambda found, wanted: found < wanted,
    "LessThanEquals": lambda found, wanted: found <= wanted, "GreaterThan": lambda found, wanted: found > wanted,
    "GreaterThanEquals": lambda found, wanted: found >= wanted,
}  # fmt: skip


@pytest.mark.parametrize("family", ["Numeric", "Date"])
def test_comparisons_can_hold_together_when_z3_says_so(family: str) -> None:
    """Numbers and dates: several conditions on one key have a common value exactly when there is one."""
    chance = random.Random(6)
    key = "s3:max-keys" if family == "Numeric" else "aws:currenttime"
    found = z3.Real("found")
    for _ in range(150):
        solver, atoms = z3.Solver(), []
        for _ in range(chance.randint(1, 4)):
            name, points, positive = chance.choice(sorted(_COMPARE)), chance.sample(range(6), 2), chance.random() < 0.6
            values = tuple(str(1_700_000_000 + each) for each in points)
            atoms.append(KeyAtom(f"key:{key}", False, True, Comparison(f"{family}{name}", values), positive))
            held = z3.Or(*(_COMPARE[name](found, 1_700_000_000 + each) for each in points))
            solver.add(held if positive else z3.Not(held))
        assert values_of(Space(), atoms)[0] is (solver.check() == z3.sat), atoms


def test_address_ranges_can_hold_together_when_z3_says_so() -> None:
    """IPv4 networks, wanted and unwanted, against bit vectors."""
    chance = random.Random(7)
    address = z3.BitVec("address", 32)
    for _ in range(150):
        solver, atoms = z3.Solver(), []
        for index in range(chance.randint(1, 4)):
            base, bits = chance.randrange(8) << 29, chance.randint(0, 4)
            positive = index == 0 or chance.random() < 0.5
            network = f"{base >> 24}.0.0.0/{bits}"
            atoms.append(KeyAtom("key:aws:sourceip", False, True, Comparison("IpAddress", (network,)), positive))
            mask = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
            held = (address & mask) == (base & mask)
            solver.add(held if positive else z3.Not(held))
        assert values_of(Space(), atoms)[0] is (solver.check() == z3.sat), atoms
