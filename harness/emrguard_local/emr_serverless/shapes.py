"""Validation of parameters against the API model that botocore ships."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from emrguard_local.emr_serverless.errors import validation

_LONGEST_SHOWN = 200


@cache
def service_model(service: str = "emr-serverless") -> ServiceModel:
    """The model of a service in the installed botocore."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # The model's patterns are Java's and match the whole value; DOTALL as a long parameter may have line breaks.
    return re.compile(text, re.DOTALL)


def validate_parameters(operation: str, parameters: Mapping[str, Any], service: str = "emr-serverless") -> None:
    """Check `parameters` against the input shape: required members, types, lengths, ranges, patterns, enumerations.

    botocore's own validator checks types and minima only, as the service is there to check the rest.

    Raises:
        ServiceError: ValidationException that names each member, its value (never a sensitive one) and the constraint.
    """
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(parameters, shape)
    problems = [report.generate_report()] if report.has_errors() else list(_problems(shape, parameters, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise validation(f"{count}: {'; '.join(problems)}")


def _problems(shape: Shape, value: Any, path: str, hidden: bool = False) -> Iterator[str]:
    limits = shape.metadata
    hidden = hidden or bool(limits.get("sensitive"))
    match shape:
        case StructureShape():
            for name, member in value.items():
                yield from _problems(shape.members[name], member, f"{path}.{name}" if path else name, hidden)
        case ListShape():
            yield from _size(limits, len(value), _where(path), "number of members")
            for position, item in enumerate(value):
                yield from _problems(shape.member, item, f"{path}[{position}]", hidden)
        case MapShape():
            yield from _size(limits, len(value), _where(path), "number of entries")
            for key, item in value.items():
                yield from _problems(shape.key, key, f"{path} key")
                yield from _problems(shape.value, item, f"{path}.{key}", hidden)
        case StringShape():
            where = _where(path, "(hidden)" if hidden else _shown(value))
            yield from _size(limits, len(value), where, "length")
            if shape.enum and value not in shape.enum:
                yield f"{where}: Member must be one of {', '.join(shape.enum)}"
            if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
                yield f"{where}: Member must satisfy regular expression pattern: {limits['pattern']}"
        case _:
            if "max" in limits and value > limits["max"]:
                yield f"{_where(path, _shown(value))}: Member must be at most {limits['max']}"


def _where(path: str, shown: str = "") -> str:
    return f"Value {shown} at '{path}' failed to satisfy constraint".replace("  ", " ")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _size(limits: Mapping[str, Any], size: int, where: str, measure: str) -> Iterator[str]:
    if "min" in limits and size < limits["min"]:
        yield f"{where}: its {measure} is {size}, must be at least {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"{where}: its {measure} is {size}, must be at most {limits['max']}"
