"""Templates that nobody would write: the published examples of the rules with values and text damaged at random."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from emrguard_policies import template_text
from emrguard_policies.rules import example_templates
from emrguard_policies.rules.pages import EXAMPLES

WILD: list[Any] = [
    None, 3, -1, 1e9, True, "", "x", "*", [], {}, ["x"], [[]], [{}], [None], {"Ref": "Value"}, {"Ref": "AWS::NoValue"},
    {"Fn::If": ["Unknown", 1, 2]}, {"Fn::GetAtt": ["App", "Arn"]}, {"Fn::Unknown": 1},
]  # fmt: skip
"""What takes the place of a value."""
_BYTES = [
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\t",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"'",
    b":",
    b"- ",
    b"!Sub ",
    b"&a ",
]


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


class Fuzz:
    """Damaged templates, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        files = sorted(EXAMPLES.glob("*/*.yaml"))
        self._bodies = [example_templates.whole(file) for file in files]
        self._own = [[*template_text.read(file).get("Resources", ())] for file in files]
        self._texts = [file.read_bytes() for file in files] + [
            json.dumps(body, indent=1).encode() for body in self._bodies
        ]

    def values(self, places: int) -> bytes:
        """An example, as JSON, with some values replaced."""
        number = self._chance.randrange(len(self._bodies))
        body = copy.deepcopy(self._bodies[number])
        resources = body["Resources"]
        # What an example shows is what its rule reads; the rest is only sound.
        own = {name: resources[name] for name in self._own[number] if name in resources}
        for _ in range(places):
            if own or resources:
                damage(own or resources, self._chance)
        resources.update(own)
        return json.dumps(body).encode()

    def text(self) -> bytes:
        """An example, as YAML or JSON, with a part of its text cut out, doubled, moved or overwritten."""
        text = self._chance.choice(self._texts)
        start = self._chance.randrange(len(text))
        end = min(len(text), start + self._chance.choice((1, 5, 40, len(text))))
        part = text[start:end]
        return self._chance.choice(
            (
                text[:start] + text[end:],
                text[:end] + part + text[end:],
                text[:start] + self._chance.choice(_BYTES) + text[end:],
                part + text[:start] + text[end:],
                text[:start],
            )
        )
