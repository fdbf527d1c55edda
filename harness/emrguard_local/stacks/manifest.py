"""What the manifest of a cloud assembly says of its stacks beside their templates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emrguard_local.exceptions import DeployError
from emrguard_local.stacks.functions import shown
from emrguard_policies.assembly import Template

_STACK = "aws:cloudformation:stack"


@dataclass(frozen=True)
class StackFacts:
    """`tags` that CloudFormation puts on every resource, `parameters` that CDK passes, `after`: the template files of
    the stacks that must be there first."""

    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    after: tuple[Path, ...] = ()


def facts_of(template: Template) -> StackFacts:
    """What the manifest beside a template says of its stack; nothing for a template without a manifest.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema.AwsCloudFormationStackProperties.html

    Raises:
        DeployError: the tags or parameters are not what the schema of manifests says.
    """
    directory = template.path.parent
    file = directory / "manifest.json"
    # `assembly.load` has read this manifest before and found it in order.
    artifacts = json.loads(file.read_text(encoding="utf-8")).get("artifacts", {}) if file.is_file() else {}
    for artifact in artifacts.values():
        properties = artifact.get("properties", {})
        if artifact.get("type") == _STACK and directory / properties.get("templateFile", "") == template.path:
            return StackFacts(
                _texts(properties.get("tags"), "tags", file),
                _texts(properties.get("parameters"), "parameters", file),
                tuple(directory / name for name in _stacks_before(artifact, artifacts)),
            )
    return StackFacts()


def _texts(value: Any, what: str, file: Path) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise DeployError(f"{file}: the {what} of a stack are {shown(value)}; use an object of strings")
    return value


def _stacks_before(artifact: Mapping[str, Any], artifacts: Mapping[str, Any]) -> Iterator[str]:
    for name in artifact.get("dependencies") or ():
        other = artifacts.get(name, {})
        if other.get("type") == _STACK:
            yield other["properties"]["templateFile"]
