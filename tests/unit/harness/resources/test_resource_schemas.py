"""The handlers agree with CloudFormation's own resource schemas, which cfn-lint carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from emrguard_local.resources.base import Handler
from emrguard_local.resources.exceptions import EXCEPTIONS
from emrguard_local.resources.registry import HANDLERS
from emrguard_local.resources.shapes import ListOf, MapOf, Record, Shape


def schema_of(kind: str) -> Mapping[str, Any]:
    """The schema of a resource type."""
    schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return schema


def differences(shape: Shape, schema: Any, root: Mapping[str, Any], path: str) -> Iterator[str]:
    """Properties of a shape that the schema does not have, at every depth."""
    for _ in range(5):
        if isinstance(schema, Mapping) and "$ref" in schema:
            schema = root["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    if not isinstance(schema, Mapping):
        return
    if isinstance(shape, ListOf) and "items" in schema:
        yield from differences(shape.item, schema["items"], root, f"{path}[]")
    elif isinstance(shape, MapOf) and isinstance(schema.get("patternProperties"), Mapping):
        for item in schema["patternProperties"].values():
            yield from differences(shape.item, item, root, f"{path}{{}}")
    elif isinstance(shape, Record) and "properties" in schema:
        for name, inner in shape.fields.items():
            if name not in schema["properties"]:
                yield f"{path}.{name}"
            else:
                yield from differences(inner, schema["properties"][name], root, f"{path}.{name}")


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=list(HANDLERS))
def test_handler(handler: Handler) -> None:
    """A handler models no property or attribute that CloudFormation lacks, and asks for all required ones."""
    schema = schema_of(handler.type)
    read_only = {path.rsplit("/", 1)[-1] for path in schema.get("readOnlyProperties", [])}
    assert list(differences(handler.shape, schema, schema, handler.type)) == []
    assert not set(handler.shape.fields) & read_only
    assert set(schema.get("required", [])) <= set(handler.shape.required)
    assert handler.attributes <= read_only | set(schema["properties"])
    assert handler.system_tagged == bool(schema.get("tagging", {}).get("cloudFormationSystemTags"))


def test_exceptions_are_about_what_is_modelled() -> None:
    """Each listed exception has a reason, and belongs to a type that is deployed or is left out as a whole."""
    for each in EXCEPTIONS:
        assert each.reason
        assert each.type in HANDLERS or not each.property or each.property == "BootstrapVersion"
