"""The example templates of the rules, whole: an example that is part of sound templates is laid over them.

An example shows the lines that matter. Where these make no template that is sound in all else, it names the sound
templates below `sound/` that it changes: `Metadata: {emrguard: {part-of: [application, bucket]}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emrguard_policies import template_text
from emrguard_policies.exceptions import InputError

SOUND = Path(__file__).parent / "sound"
"""Templates in which no rule finds anything."""


def parts(file: Path) -> tuple[str, ...]:
    """The names of the sound templates that an example is laid over, in order; none for one that stands alone.

    Raises:
        InputError: the file cannot be read, or names no sound template.
    """
    return _parts(_body(file) if file.parent == SOUND else template_text.read(file), file)


def whole(file: Path) -> dict[str, Any]:
    """The template that an example stands for: its sound templates, each laid over the ones before, and then itself.

    Objects are merged, lists and functions replaced. A statement of a policy that has a `Sid` takes the place of the
    one with the same, or is added; with the `Effect` null it goes, as everything goes that is null.

    Raises:
        InputError: a file cannot be read, or names no sound template.
    """
    result: dict[str, Any] = {}
    for part in dict.fromkeys([*_below(file), file]):
        result = _laid_over(result, _body(part) if part.parent == SOUND else template_text.read(part))
    _forget_parts(result)
    return result


def _below(file: Path) -> list[Path]:
    """The sound templates that a file is laid over, and those that these are, the lowest first."""
    found: list[Path] = []
    for name in parts(file):
        found += [*_below(SOUND / f"{name}.yaml"), SOUND / f"{name}.yaml"]
    return found


@cache
def _body(file: Path) -> Any:
    return template_text.read(file)


def _parts(body: Any, file: Path) -> tuple[str, ...]:
    metadata = body.get("Metadata") if isinstance(body, Mapping) else None
    mark = metadata.get("emrguard") if isinstance(metadata, Mapping) else None
    named = mark.get("part-of") if isinstance(mark, Mapping) else None
    names = tuple(named) if isinstance(named, list) else () if named is None else (named,)
    known = sorted(item.stem for item in SOUND.glob("*.yaml"))
    for name in names:
        if name not in known:
            raise InputError(f"{file}: part-of names {name!r}; the sound templates are {', '.join(known)}")
    return names


def _forget_parts(template: dict[str, Any]) -> None:
    metadata = template.get("Metadata", {})
    metadata.get("emrguard", {}).pop("part-of", None)
    if metadata == {"emrguard": {}}:
        del template["Metadata"]


def _laid_over(below: Any, above: Any) -> Any:
    if isinstance(above, Mapping):
        # A function is one value.
        mixed = isinstance(below, Mapping) and not _is_function(below) and not _is_function(above)
        result = dict(below) if mixed else {}
        for key, value in above.items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = _laid_over(result.get(key), value)
        return result
    if isinstance(above, list):
        if isinstance(below, list) and _by_sid(below) and _by_sid(above):
            merged = {**_by_sid(below), **_by_sid(above)}
            return [_laid_over(None, item) for item in merged.values() if item.get("Effect", "") is not None]
        return [_laid_over(None, item) for item in above]
    return above


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _by_sid(statements: list[Any]) -> dict[str, dict[str, Any]]:
    """Statements by their `Sid`; nothing if one of them has none."""
    named = {item["Sid"]: item for item in statements if isinstance(item, dict) and isinstance(item.get("Sid"), str)}
    return named if len(named) == len(statements) else {}
