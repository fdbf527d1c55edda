"""Settings that are true or false, and on the wrong side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Violation
from emrguard_policies.rules.context import Context


def on(context: Context, resources: Iterable[Resource], path: str) -> Iterator[Violation]:
    """Resources where the setting at `path` is, or may be, true; it is off where it is not set."""
    for resource in resources:
        value = context.get(resource, path)
        if context.unknown(value):
            yield _undecided(resource, path)
        elif context.flag(value):
            yield Violation(resource, path, f"{path.rpartition('.')[2]} is true")


def off(context: Context, resources: Iterable[Resource], path: str) -> Iterator[Violation]:
    """Resources where the setting at `path` is, or may be, anything but true."""
    for resource in resources:
        value = context.get(resource, path)
        if context.unknown(value):
            yield _undecided(resource, path)
        elif context.flag(value) is not True:
            found = "not set" if value is None else context.shown(value)
            yield Violation(resource, path, f"{path.rpartition('.')[2]} is {found}")


def _undecided(resource: Resource, path: str) -> Violation:
    name = path.rpartition(".")[2]
    return Violation(resource, path, f"{name} depends on the deployment", undecided=True)
