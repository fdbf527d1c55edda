"""Templates that nobody would write: each is refused in words or judged by every rule, none ends in a crash."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from emrguard_policies import template_text
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules.pages import EXAMPLES

CASES = 1000
WILD: list[Any] = [
    None, 3, -1, 1e9, True, "", "x", "*", [], {}, ["x"], [[]], [{}], [None], {"Ref": "Value"}, {"Ref": "AWS::NoValue"},
    {"Fn::If": ["Unknown", 1, 2]}, {"Fn::GetAtt": ["App", "Arn"]}, {"Fn::Unknown": 1},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value below a value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, (*path, key))


def damage(resources: dict[str, Any], chance: random.Random) -> None:
    """Put something wild in the place of one value."""
    *way, last = chance.choice(list(places(resources)))
    target: Any = resources
    for key in way:
        target = target[key]
    target[last] = copy.deepcopy(chance.choice(WILD))


def test_no_rule_crashes_on_a_damaged_template(tmp_path: Path) -> None:
    """A thousand damaged examples, always the same ones: an answer for each, and no rule that gives up."""
    chance = random.Random(20261124)
    bodies = [template_text.read(path) for path in sorted(EXAMPLES.glob("*/*.yaml"))]
    file = tmp_path / "t.json"
    crashes: set[str] = set()
    judged = 0
    for _ in range(CASES):
        body = copy.deepcopy(chance.choice(bodies))
        assert isinstance(body, dict)
        damage(body["Resources"], chance)
        file.write_text(json.dumps(body, default=str), encoding="utf-8")
        try:
            findings = audit(load(file), today=date(2026, 11, 24)).findings
        except InputError:
            continue
        judged += 1
        crashes |= {f"{item.rule}: {item.message}" for item in findings if item.severity == "fatal"}
    assert not crashes
    assert judged > CASES / 2
