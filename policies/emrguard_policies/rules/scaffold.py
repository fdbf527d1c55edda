"""Starts a new rule in a checkout of emrguard: its module, examples, test and page, all of which work at once.

The new rule asks whether a property of a resource type is set. Its author then writes why, and changes the check.
"""

from __future__ import annotations

import difflib
import importlib
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cfnlint.schema._exceptions import ResourceNotFoundError  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from jinja2 import Environment, PackageLoader, StrictUndefined

from emrguard_policies.exceptions import InputError
from emrguard_policies.rules import pages
from emrguard_policies.rules.base import UNWRITTEN, Severity
from emrguard_policies.rules.context import APPLICATION
from emrguard_policies.rules.registry import CATEGORIES, RETIRED, all_rules, rule_of

_CATEGORY_OF_SERVICE = {
    "KMS": "encryption", "S3": "encryption", "SecretsManager": "encryption", "EC2": "network", "IAM": "iam",
    "CloudTrail": "logging", "Logs": "logging", "CloudWatch": "logging", "Events": "logging", "SNS": "logging",
    "EMR": "clusters", "StepFunctions": "jobs", "Scheduler": "jobs",
}  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_SOUND = {APPLICATION: ("application", "App")}
"""The sound template that the examples of a type are laid over, and the resource of that type in it."""
_DEPENDS = """Parameters:
  Value:
    Type: String
Conditions:
  Chosen: !Equals [!Ref Value, "yes"]
"""
_CHOICE = '!If [Chosen, !Ref Value, !Ref "AWS::NoValue"]'
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class NewRule:
    """What a new rule starts as. `name` is the bad pattern in lower case with hyphens, `why` its rationale if known.

    `type` is a resource type of CloudFormation, `property` a dotted path in its properties. `category` is a key of
    `CATEGORIES`; None takes the one that fits the type.
    """

    name: str
    type: str = APPLICATION
    property: str = "Name"
    category: str | None = None
    severity: Severity = "warning"
    why: str = ""


def write(new: NewRule) -> tuple[str, list[Path]]:
    """Write the files of a new rule; return its id and the files. Nothing is written if anything is wrong.

    Raises:
        InputError: emrguard does not run from a checkout, the name is taken or malformed, no id is left in the
            category, the type or the property is unknown, or a file exists or cannot be written.
    """
    root = _checkout()
    rule_id = _next_id(_category(new))
    files = _files(new, rule_id, root)
    for file in files:
        if file.exists():
            raise InputError(f"{file}: exists already; take another name")
    try:
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{error.filename or root}: {error.strerror}") from error
    importlib.invalidate_caches()
    all_rules.cache_clear()
    documents = root / "docs" / "rules"
    pages.write(str(documents))
    return rule_id, [*files, documents / pages.file_name(rule_of(rule_id)), documents / "README.md"]


def _checkout() -> Path:
    root = _PACKAGE.parents[1]
    if not all((root / part).exists() for part in ("pyproject.toml", "docs/rules", "tests/unit/policies/rules")):
        raise InputError(
            f"emrguard runs from {_PACKAGE}, which is no checkout of its repository; a rule is a part of the "
            "repository: clone it, run 'pip install --editable .' there, and try again"
        )
    return root


def _category(new: NewRule) -> str:
    service = new.type.split("::")[1] if new.type.count("::") == 2 else ""
    return new.category or _CATEGORY_OF_SERVICE.get(service, "capacity")


def _next_id(category: str) -> str:
    digit = CATEGORIES[category]
    used = [int(rule_id[4:]) for rule_id in {rule.id for rule in all_rules()} | RETIRED if rule_id[4] == digit]
    number = max(used, default=int(digit) * 100) + 1
    if number > int(digit) * 100 + 99:
        raise InputError(f"category {category} has no id after EMRG{number - 1} left; take another --category")
    return f"EMRG{number}"


def _files(new: NewRule, rule_id: str, root: Path) -> dict[Path, str]:
    name = _checked_name(new.name)
    schema = _schema(new.type)
    way = new.property.split(".")
    value = _value_at(new, schema, way)
    words = name.replace("-", " ")
    title = words[0].upper() + words[1:]
    unwritten = f"{UNWRITTEN} what goes wrong with it, for whom, and which words of AWS's documents say so."
    parts = {
        "id": rule_id,
        "name": name,
        "type": new.type,
        "property": new.property,
        "severity": new.severity,
        "title": title,
        "rationale": _rationale(new.why) if new.why.strip() else f"{title}.\n\n{unwritten}\n",
        "source": _source(new.type),
        "logical_id": _SOUND.get(new.type, ("", "Example"))[1],
    }
    environment = Environment(
        loader=PackageLoader("emrguard_policies.rules", "new_rule"),
        autoescape=False,  # noqa: S701 - it writes Python, not HTML
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    required = {key: _sample(schema["properties"][key], schema) for key in _required(schema)}
    # A sound template has what is required, and may have what the bad example must not.
    base, without = ({}, _with({}, way, None)) if new.type in _SOUND else (required, required)
    module = f"{rule_id.lower()}_{name.replace('-', '_')}"
    rules = root / "policies" / "emrguard_policies" / "rules"
    examples = rules / "examples" / rule_id.lower()
    return {
        rules / f"{module}.py": environment.get_template("module.py.j2").render(parts),
        examples / "bad.yaml": _template(new.type, without),
        examples / "good.yaml": _template(new.type, _with(base, way, value)),
        examples / "undecidable.yaml": _template(new.type, _with(base, way, "CHOICE"), _DEPENDS).replace(
            ": CHOICE\n", f": {_CHOICE}\n"
        ),
        root / "tests" / "unit" / "policies" / "rules" / f"test_{module}.py": environment.get_template(
            "test.py.j2"
        ).render(parts),
    }


def _checked_name(written: str) -> str:
    name = written.replace("_", "-")
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{written!r} is no name of a rule; write the bad pattern in lower case with hyphens, such as "
            "'application-without-name'"
        )
    if len(name) > 60:
        raise InputError(f"{written!r} has {len(name)} characters; use 60 at most")
    for rule in all_rules():
        if rule.name == name:
            raise InputError(f"{name} is the name of {rule.id} already; 'emrguard explain {rule.id}' shows it")
    return name


def _rationale(why: str) -> str:
    if "\\" in why or '"""' in why or why.rstrip().endswith('"'):
        raise InputError(f"the rationale {why!r} holds a backslash or ends with a quotation mark; leave these out")
    lines = textwrap.wrap(why.strip(), 116)
    return "\n".join(lines) + ("\n" if len(lines) > 1 else "")


def _schema(kind: str) -> Mapping[str, Any]:
    try:
        schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    except ResourceNotFoundError as error:
        raise InputError(f"CloudFormation has no resource type {kind!r}; write one such as {APPLICATION}") from error
    return schema


def _value_at(new: NewRule, schema: Mapping[str, Any], way: Iterable[str]) -> Any:
    """An example for the property; the way there must exist, and not all of it may be required."""
    node: Mapping[str, Any] = schema
    optional = False
    at = new.type
    for key in way:
        known = node.get("properties", {})
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            mend = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known)) or 'none'}"
            raise InputError(f"{at} has no property {key!r}; {mend}")
        optional = optional or key not in _required(node)
        node = _resolved(known[key], schema)
        at = f"{at} {key}"
    if not optional:
        raise InputError(f"{new.property} of {new.type} is required: no template without it deploys; name another one")
    return _sample(node, schema)


def _required(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(node.get("required", ()))


def _resolved(node: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while isinstance(node, Mapping) and "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    return node if isinstance(node, Mapping) else {}


def _sample(node: Any, schema: Mapping[str, Any]) -> Any:
    """A value of the right type; whether the service takes it, the author knows."""
    node = _resolved(node, schema)
    kinds = node.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if node.get("enum"):
        return node["enum"][0]
    if kind == "object":
        return {key: _sample(node["properties"][key], schema) for key in _required(node)} or {"Key": "value"}
    if kind == "array":
        return [_sample(node.get("items", {}), schema)]
    return {"boolean": True, "integer": node.get("minimum", 1), "number": node.get("minimum", 1)}.get(kind, "value")


def _with(properties: Mapping[str, Any], way: list[str], value: Any) -> dict[str, Any]:
    key, *rest = way
    below = properties.get(key, {})
    return {**properties, key: _with(below, rest, value) if rest else value}


def _template(kind: str, properties: Mapping[str, Any], parameters: str = "") -> str:
    sound, logical_id = _SOUND.get(kind, ("", "Example"))
    resource = {"Type": kind, **({"Properties": dict(properties)} if properties else {})}
    part_of = f"Metadata: {{emrguard: {{part-of: {sound}}}}}\n" if sound else ""
    return part_of + parameters + yaml.safe_dump({"Resources": {logical_id: resource}}, sort_keys=False)


def _source(kind: str) -> str:
    _, service, name = kind.lower().split("::")
    return f"https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-{service}-{name}.html"
