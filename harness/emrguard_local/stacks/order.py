"""The order in which things that need each other are made."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class CycleError(Exception):
    """Things that need each other in a circle: `circle` begins and ends with the same one."""

    def __init__(self, circle: list[object]) -> None:
        super().__init__(" -> ".join(map(str, circle)))
        self.circle = circle


def in_order(items: Sequence[T], needs: Mapping[T, Collection[T]]) -> list[T]:
    """`items` with everything after what it needs, otherwise in the order given.

    Raises:
        CycleError: some need each other.
    """
    position = {item: index for index, item in enumerate(items)}
    missing = {item: {need for need in needs.get(item, ()) if need in position} for item in items}
    wanted_by: dict[T, list[T]] = {}
    for item, of_item in missing.items():
        for need in of_item:
            wanted_by.setdefault(need, []).append(item)
    ready = [position[item] for item in items if not missing[item]]
    heapq.heapify(ready)
    result: list[T] = []
    while ready:
        item = items[heapq.heappop(ready)]
        result.append(item)
        for other in wanted_by.get(item, ()):
            missing[other].discard(item)
            if not missing[other]:
                heapq.heappush(ready, position[other])
    if len(result) < len(items):
        raise CycleError(_circle({item: missing[item] for item in items if missing[item]}))
    return result


def _circle(missing: Mapping[T, set[T]]) -> list[object]:
    walked: list[object] = []
    item: T = next(iter(missing))
    while item not in walked:
        walked.append(item)
        item = next(need for need in missing[item] if need in missing)
    return [*walked[walked.index(item) :], item]
