"""The shape of a resource type's properties: what a handler models, at every depth.

A shape answers two questions. Before the deployment `problems` walks the template value, in which intrinsic functions
that depend on resources are still opaque, so that an unmodelled property is found before anything is created. When the
values are known `coerce` turns them into the Python types that the API wants, as CloudFormation does: `"true"` is a
boolean where one is expected, `"443"` a number, and a number a string where the API takes one.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Problem:
    """A property that is not as its type's handler models it: the path below `Properties`, and what is wrong."""

    path: str
    message: str


class ShapeMismatch(ValueError):
    """Raised by `Shape.coerce` for a resolved value that is not of the shape; carries the `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.path}: {problem.message}")
        self.problem = problem


class Shape(Protocol):
    """What a value may be."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """What is wrong with a raw template value; an intrinsic function is taken for right."""
        ...

    def coerce(self, value: Any, path: str) -> Any:
        """The resolved value as the API wants it; raises `ShapeMismatch`."""
        ...


def is_intrinsic(value: Any) -> bool:
    """Whether a raw template value is an intrinsic function whose result is not known yet."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == "Ref" or str(key).startswith("Fn::")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def below(path: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{key}" if path else key


class _Leaf(ABC):
    """A value without parts; subclasses say how it is coerced."""

    expected = "a value"

    @abstractmethod
    def convert(self, value: Any, /) -> Any:
        """The coerced value; raises `ValueError` when it cannot be."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if is_intrinsic(value):
            return
        try:
            self.convert(value)
        except ValueError:
            yield Problem(path, f"{_shown(value)} is not {self.expected}")

    def coerce(self, value: Any, path: str) -> Any:
        try:
            return self.convert(value)
        except ValueError as error:
            raise ShapeMismatch(Problem(path, f"{_shown(value)} is not {self.expected}")) from error


@dataclass(frozen=True)
class Text(_Leaf):
    """A string; `choices` limits the values."""

    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:  # type: ignore[override]
        return f"one of {', '.join(self.choices)}" if self.choices else "a string"

    def convert(self, value: Any) -> str:
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            raise ValueError
        return value


class Integer(_Leaf):
    """A whole number, or a string of one."""

    expected = "a whole number"

    def convert(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        return int(value)


class Number(_Leaf):
    """A number, or a string of one."""

    expected = "a number"

    def convert(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        return float(value)


class Boolean(_Leaf):
    """`true` or `false`, also as a string."""

    expected = "true or false"

    def convert(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise ValueError


class Document:
    """A free-form JSON document, such as a policy; a string of JSON is read."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping | str):
            yield Problem(path, f"{_shown(value)} is not a JSON document")

    def coerce(self, value: Any, path: str) -> dict[str, Any]:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise ShapeMismatch(Problem(path, f"{_shown(value)} is not JSON: {error}")) from error
        if not isinstance(value, Mapping):
            raise ShapeMismatch(Problem(path, f"{_shown(value)} is not a JSON document"))
        return dict(value)


class Anything:
    """A value of which nothing is known, as in the properties of a custom resource."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:  # noqa: ARG002
        yield from ()

    def coerce(self, value: Any, path: str) -> Any:  # noqa: ARG002
        return value


@dataclass(frozen=True)
class Fixed:
    """A property that only one value of can be had locally; any other is a problem with `why`."""

    value: Any
    why: str

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not is_intrinsic(value) and not self._equals(value):
            yield Problem(path, f"{_shown(value)} is not modelled, only {_shown(self.value)}: {self.why}")

    def coerce(self, value: Any, path: str) -> Any:
        if not self._equals(value):
            raise ShapeMismatch(
                Problem(path, f"{_shown(value)} is not modelled, only {_shown(self.value)}: {self.why}")
            )
        return self.value

    def _equals(self, value: Any) -> bool:
        return bool(value == self.value or str(value).lower() == str(self.value).lower())


@dataclass(frozen=True)
class ListOf:
    """A list of values of one shape."""

    item: Shape

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if is_intrinsic(value):
            return
        if not isinstance(value, list):
            yield Problem(path, f"{_shown(value)} is not a list")
            return
        for index, item in enumerate(value):
            yield from self.item.problems(item, f"{path}[{index}]")

    def coerce(self, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise ShapeMismatch(Problem(path, f"{_shown(value)} is not a list"))
        return [self.item.coerce(item, f"{path}[{index}]") for index, item in enumerate(value)]


@dataclass(frozen=True)
class MapOf:
    """A mapping with free keys and values of one shape."""

    item: Shape

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if is_intrinsic(value):
            return
        if not isinstance(value, Mapping):
            yield Problem(path, f"{_shown(value)} is not a mapping")
            return
        for key, item in value.items():
            yield from self.item.problems(item, below(path, str(key)))

    def coerce(self, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ShapeMismatch(Problem(path, f"{_shown(value)} is not a mapping"))
        return {str(key): self.item.coerce(item, below(path, str(key))) for key, item in value.items()}


@dataclass(frozen=True)
class Record:
    """A mapping with known keys: any other key is a problem, and so is a required one that is missing.

    With `rest` other keys may be there, with values of that shape.
    """

    fields: Mapping[str, Shape]
    required: frozenset[str] = field(default_factory=frozenset)
    rest: Shape | None = None

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if is_intrinsic(value):
            return
        if not isinstance(value, Mapping):
            yield Problem(path, f"{_shown(value)} is not an object")
            return
        for key, item in value.items():
            shape = self.fields.get(key, self.rest)
            if shape is not None:
                yield from shape.problems(item, below(path, key))
            else:
                yield Problem(below(path, str(key)), f"not modelled, found {_shown(item)}")
        for key in sorted(self.required - set(value)):
            yield Problem(below(path, key), "required and missing")

    def coerce(self, value: Any, path: str) -> dict[str, Any]:
        for problem in self._missing_or_unknown(value, path):
            raise ShapeMismatch(problem)
        return {key: (self.fields.get(key) or self.rest).coerce(item, below(path, key)) for key, item in value.items()}  # type: ignore[union-attr]

    def _missing_or_unknown(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield Problem(path, f"{_shown(value)} is not an object")
            return
        for key in value:
            if key not in self.fields and self.rest is None:
                yield Problem(below(path, str(key)), f"not modelled, found {_shown(value[key])}")
        for key in sorted(self.required - set(value)):
            yield Problem(below(path, key), "required and missing")


def record(required: tuple[str, ...] = (), **fields: Shape) -> Record:
    """A `Record` in keyword form: `record(("Key",), Key=Text(), Value=Text())`."""
    return Record(fields, frozenset(required))


TAGS = ListOf(record(("Key", "Value"), Key=Text(), Value=Text()))
"""The usual CloudFormation tag list."""
