"""Where the boxes and arrows of a proof's graph stand: principals left, what acts for them, what they reach right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from emrguard_policies.proof import Counterexample

SHOWN = 40
"""Ways that the graph shows; the page lists them all."""

BOX, HEIGHT = 196, 46
_GAP_X, _GAP_Y, _MARGIN, _LETTERS = 50, 18, 10, 24


@dataclass(frozen=True)
class Node:
    """A box. `shape` is principal, hop or target; `label` is short, `title` whole."""

    x: int
    y: int
    label: str
    caption: str
    title: str
    shape: str


@dataclass(frozen=True)
class Edge:
    """An arrow as an SVG path. `number` says which counterexamples go this way; `badge` is where that stands."""

    path: str
    number: str
    badge: tuple[int, int]
    last: bool


@dataclass(frozen=True)
class Graph:
    """A drawing of `width` times `height` pixels."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    shown: int


@dataclass
class _Columns:
    """The boxes of each column in their order, each a name, a caption and a shape."""

    rows: list[list[tuple[str, str, str]]] = field(default_factory=list)

    def place(self, column: int, box: tuple[str, str, str]) -> tuple[int, int]:
        while len(self.rows) <= column:
            self.rows.append([])
        if box not in self.rows[column]:
            self.rows[column].append(box)
        return column, self.rows[column].index(box)


def graph(examples: Sequence[Counterexample]) -> Graph:
    """The graph of the first counterexamples; each is a way from a principal over what acts for it to a resource."""
    shown = examples[:SHOWN]
    columns = _Columns()
    ways: dict[tuple[tuple[int, int], tuple[int, int]], list[int]] = {}
    for number, each in enumerate(shown, 1):
        source = f"of {each.source}" if each.source else "of no tenant"
        stops = [columns.place(0, (each.principal, source, "principal"))]
        stops += [columns.place(index, (hop, "acts for it", "hop")) for index, hop in enumerate(each.via, 1)]
        whose = f"belongs to {each.target}" if each.target else each.check
        resource = "anything" if each.resource == "*" else each.resource
        stops.append(columns.place(len(stops), (resource, whose, "target")))
        for start, end in pairwise(stops):
            ways.setdefault((start, end), []).append(number)
    nodes = [
        Node(_x(column), _y(row), short(name), short(caption), f"{name}, {caption}", shape)
        for column, rows in enumerate(columns.rows)
        for row, (name, caption, shape) in enumerate(rows)
    ]
    edges = [
        _edge(start, end, numbers, columns.rows[end[0]][end[1]][2] == "target")
        for (start, end), numbers in ways.items()
    ]
    width = _x(len(columns.rows) - 1) + BOX + _MARGIN if columns.rows else 0
    height = max((_y(len(rows) - 1) + HEIGHT + _MARGIN for rows in columns.rows), default=0)
    return Graph(width, height, tuple(nodes), tuple(edges), len(shown))


def short(text: str) -> str:
    """The end of a name or ARN, which tells most, in the letters that a box has room for."""
    name = text
    if text.startswith("arn:"):
        name = text.split(":", 5)[-1]
    return name if len(name) <= _LETTERS else f"…{name[1 - _LETTERS :]}"


def _x(column: int) -> int:
    return _MARGIN + column * (BOX + _GAP_X)


def _y(row: int) -> int:
    return _MARGIN + row * (HEIGHT + _GAP_Y)


def _edge(start: tuple[int, int], end: tuple[int, int], numbers: list[int], last: bool) -> Edge:
    left, top = _x(start[0]) + BOX, _y(start[1]) + HEIGHT // 2
    right, bottom = _x(end[0]) - 2, _y(end[1]) + HEIGHT // 2
    bend = (right - left) // 2
    path = f"M{left} {top} C{left + bend} {top} {right - bend} {bottom} {right} {bottom}"
    text = ", ".join(map(str, numbers[:2])) + ("…" if len(numbers) > 2 else "")
    # Beside the arrow's head, where arrows that come from one box have parted.
    return Edge(path, text, (right - 24, bottom - (0 if top == bottom else 2)), last)
