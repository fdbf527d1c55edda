"""Reads what `cdk synth` writes, or plain CloudFormation templates, into `Assembly`, `Template` and `Resource`.

The layout of a cloud assembly (manifest.json, *.assets.json, nested assemblies of stages) is
https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth; the sections of a template are
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from emrguard_policies import template_text
from emrguard_policies.exceptions import InputError

_STACK = "AWS::CloudFormation::Stack"
_TEMPLATE_SUFFIXES = (".json", ".yaml", ".yml", ".template")
# It only adds functions, which either are known here or leave a value unknown.
_HARMLESS_TRANSFORMS = ("AWS::LanguageExtensions",)
_ELSEWHERE = (
    "AWS::CloudFormation::StackSet",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
)  # fmt: skip
_POLICIES = {"AWS::IAM::Policy": "Roles", "AWS::IAM::ManagedPolicy": "Roles", "AWS::S3::BucketPolicy": "Bucket"}
"""The property that says whose a policy is, by type."""
_ENVIRONMENT = re.compile(r"^aws://([^/]+)/([^/]+)$")


@dataclass(frozen=True)
class Mark:
    """What the constructs wrote about a resource in `Metadata.emrguard`.

    `tenant` owns the resource, or `shared` says why it belongs to all; `part` is its role in the design, such as
    `data-bucket`; `prefixes` says which key prefixes of a shared bucket belong to which tenant; `reasons` says, by the
    argument of the construct, why something less safe than the default was chosen.
    """

    tenant: str | None = None
    part: str | None = None
    shared: str | None = None
    prefixes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource of a template, as written: intrinsic functions are not resolved (see `resolution`)."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]
    template: Template = field(repr=False)
    mark: Mark = field(default_factory=Mark)

    @property
    def construct_path(self) -> str:
        """The path in the CDK tree, such as `Flights/Data/Resource`; `<stack>/<logical id>` where CDK wrote none."""
        path = self.metadata.get("aws:cdk:path")
        return path if isinstance(path, str) and path else f"{self.template.name}/{self.logical_id}"

    @property
    def line(self) -> int | None:
        """The line of the template file where the resource begins, 1 for the first; None if it is not found."""
        return self.template.lines.get(self.logical_id)


@dataclass(frozen=True, eq=False)
class Template:
    """One template.

    `name` is the stack's name; for a template file without a manifest it is the file's name, and `named` is False:
    nobody knows yet which stack it becomes. `region` and `account` are None where the template is for any. `parent` and
    `parent_resource` are the template that nests this one and the resource in it; `children` are the templates that
    this one nests, by logical id.
    """

    name: str
    path: Path
    body: Mapping[str, Any] = field(repr=False)
    resources: Mapping[str, Resource] = field(repr=False)
    region: str | None = None
    account: str | None = None
    parent: Template | None = field(default=None, repr=False)
    parent_resource: Resource | None = field(default=None, repr=False)
    named: bool = True
    children: dict[str, Template] = field(default_factory=dict, repr=False)
    _lines: dict[str, int] = field(default_factory=dict, repr=False)

    @cached_property
    def file(self) -> str:
        """The path as text."""
        return str(self.path)

    @cached_property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.name

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The section `Parameters`."""
        return _section(self.body, "Parameters", self.path)

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The section `Outputs`."""
        return _section(self.body, "Outputs", self.path)

    @property
    def lines(self) -> Mapping[str, int]:
        """Where each resource begins in the file; read at first use."""
        if not self._lines and self.resources:
            try:
                text = self.path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                return {}
            self._lines.update(template_text.lines_of(text, self.resources))
        return self._lines


@dataclass(frozen=True, eq=False)
class Assembly:
    """All templates below one path, nested ones included. `unread` names nested stacks whose template is not there."""

    path: Path
    templates: tuple[Template, ...]
    unread: tuple[str, ...] = ()

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources, or those of the given types, in the templates' order."""
        wanted = frozenset(types)
        for template in self.templates:
            for resource in template.resources.values():
                if not wanted or resource.type in wanted:
                    yield resource

    def has(self, *types: str) -> bool:
        """Whether there is a resource of one of the types."""
        return next(self.resources(*types), None) is not None


def load(path: Path | str) -> Assembly:
    """Read a `cdk.out` directory, a directory of templates, or one JSON or YAML template.

    Raises:
        InputError: nothing there, no template found, or a file that is not a template; the message names the file.
    """
    root = Path(path)
    loader = _Loader()
    try:
        if root.is_dir():
            if (root / "manifest.json").is_file():
                loader.cloud_assembly(root)
            else:
                loader.directory(root)
            if not loader.templates:
                raise InputError(f"{root}: no CloudFormation template in this directory; run 'cdk synth' first")
        elif root.is_file():
            loader.stack(root, _stem(root), named=False)
        else:
            raise InputError(f"{root}: no such file or directory")
    except OSError as error:
        raise InputError(f"{error.filename or root}: {error.strerror or error}") from error
    return Assembly(root, tuple(loader.templates), tuple(loader.unread))


def unexpanded(assembly: Assembly) -> list[str]:
    """What CloudFormation turns into other resources that stand in no template: macros, modules, stacks elsewhere."""
    found = []
    for template in assembly.templates:
        listed = template.body.get("Transform")
        for name in listed if isinstance(listed, list) else [listed]:
            if name is not None and name not in _HARMLESS_TRANSFORMS:
                found.append(
                    f"{template.path}: the transform {_shown(name)} adds resources that are not in the template"
                )
        for resource in template.resources.values():
            where = f"{template.path}: {resource.logical_id}"
            if resource.type in _ELSEWHERE or resource.type.endswith("::MODULE"):
                found.append(f"{where} ({resource.type}) makes resources that are not in the template")
            elif any(key.startswith("Fn::") for key in resource.properties):
                found.append(f"{where} gets its properties from a function that is not expanded here")
    return found


class _Loader:
    def __init__(self) -> None:
        self.templates: list[Template] = []
        self.unread: list[str] = []
        self._assemblies: list[Path] = []

    def cloud_assembly(self, directory: Path) -> None:
        if directory.resolve() in self._assemblies:
            raise InputError(f"{directory}: this cloud assembly contains itself")
        self._assemblies.append(directory.resolve())
        manifest_file = directory / "manifest.json"
        manifest = _object(template_text.read(manifest_file), manifest_file, "a cloud assembly manifest")
        for artifact_id, found in _section(manifest, "artifacts", manifest_file).items():
            artifact = _object(found, manifest_file, f"artifact {artifact_id}")
            properties = _section(artifact, "properties", manifest_file)
            if artifact.get("type") == "aws:cloudformation:stack":
                file = self._file(directory, properties.get("templateFile"), manifest_file, artifact_id)
                environment = _ENVIRONMENT.match(str(artifact.get("environment", "")))
                account, region = environment.groups() if environment else (None, None)
                self.stack(
                    file,
                    str(properties.get("stackName") or artifact_id),
                    account=None if account == "unknown-account" else account,
                    region=None if region == "unknown-region" else region,
                    assets=_nested_assets(directory, artifact, manifest),
                )
            elif artifact.get("type") == "cdk:cloud-assembly":
                name = properties.get("directoryName")
                stage = directory / str(name)
                if not isinstance(name, str) or not (stage / "manifest.json").is_file():
                    raise InputError(f"{manifest_file}: stage {artifact_id} has no cloud assembly in {name!r}")
                self.cloud_assembly(stage)
        self._assemblies.pop()

    def directory(self, directory: Path) -> None:
        """Every template of a directory without a manifest; other JSON and YAML files in it are none of ours."""
        for file in sorted(item for item in directory.iterdir() if item.is_file()):
            if file.suffix not in _TEMPLATE_SUFFIXES or file.name.endswith(".assets.json"):
                continue
            body = template_text.read(file)
            if _is_template(body) or ".template" in file.name:
                self.stack(file, _stem(file), named=False, body=body)

    def stack(
        self,
        file: Path,
        name: str,
        *,
        account: str | None = None,
        region: str | None = None,
        parent: Resource | None = None,
        assets: Mapping[str, Path] | None = None,
        named: bool = True,
        body: Any = None,
    ) -> Template:
        body = template_text.read(file) if body is None else body
        if not _is_template(body):
            raise InputError(f"{file}: not a CloudFormation template: it has no Resources")
        resources: dict[str, Resource] = {}
        template = Template(
            name, file, body, resources, region, account, parent.template if parent else None, parent, named
        )
        for logical_id, found in _section(body, "Resources", file).items():
            resources[logical_id] = _resource(logical_id, found, template)
        _mark_policies(resources)
        for section in ("Parameters", "Outputs", "Conditions", "Mappings"):
            _section(body, section, file)
        self.templates.append(template)
        for resource in resources.values():
            if resource.type == _STACK:
                self._nested(resource, assets or {})
        return template

    def _nested(self, resource: Resource, assets: Mapping[str, Path]) -> None:
        template = resource.template
        file = _nested_file(resource, assets)
        if file is None:
            self.unread.append(
                f"{template.path}: the template of nested stack {resource.logical_id} is not in the assembly"
            )
            return
        above: Template | None = template
        while above is not None:
            if above.path.resolve() == file.resolve():
                raise InputError(f"{template.path}: nested stack {resource.logical_id} contains itself ({file.name})")
            above = above.parent
        template.children[resource.logical_id] = self.stack(
            file,
            f"{template.name}-{resource.logical_id}",
            account=template.account,
            region=template.region,
            parent=resource,
            assets=assets,
            named=template.named,
        )

    @staticmethod
    def _file(directory: Path, name: Any, manifest_file: Path, artifact_id: str) -> Path:
        file = directory / str(name)
        if not isinstance(name, str) or not file.is_file():
            raise InputError(f"{manifest_file}: stack {artifact_id} names the template {name!r}, which is not there")
        return file


def _nested_assets(directory: Path, artifact: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Path]:
    """The nested templates that a stack publishes: object key in the staging bucket → file."""
    found: dict[str, Path] = {}
    artifacts = manifest["artifacts"]
    for dependency in artifact.get("dependencies") or ():
        item = artifacts.get(dependency)
        if not isinstance(item, Mapping) or item.get("type") != "cdk:asset-manifest":
            continue
        file = directory / str(_section(item, "properties", directory).get("file"))
        if not file.is_file():
            continue
        manifest_of_assets = _object(template_text.read(file), file, "an asset manifest")
        for asset_id, asset in _section(manifest_of_assets, "files", file).items():
            source = _section(_object(asset, file, f"asset {asset_id}"), "source", file).get("path")
            if not isinstance(source, str) or not source.endswith(".nested.template.json"):
                continue
            nested = file.parent / source
            if not nested.is_file():
                raise InputError(f"{file}: the nested template {source} is not there")
            for destination in _section(asset, "destinations", file).values():
                key = destination.get("objectKey") if isinstance(destination, Mapping) else None
                if isinstance(key, str):
                    found[key] = nested
    return found


def _nested_file(resource: Resource, assets: Mapping[str, Path]) -> Path | None:
    url = resource.properties.get("TemplateURL")
    text = "".join(_literals(url))
    for key, file in assets.items():
        if text.endswith(key):
            return file
    local = resource.template.path.parent / text
    # Without a manifest a nested template is a path relative to its parent, as `aws cloudformation package` reads it.
    return local if isinstance(url, str) and "://" not in text and local.is_file() else None


def _literals(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if "Ref" not in value:
            for item in value.values():
                yield from _literals(item)
    elif isinstance(value, list):
        for item in value:
            yield from _literals(item)


def _resource(logical_id: str, found: Any, template: Template) -> Resource:
    where = f"resource {logical_id}"
    file = template.path
    if logical_id.startswith("Fn::"):
        raise InputError(f"{file}: {logical_id} in Resources is not expanded here; give the processed template")
    body = _object(found, file, where)
    kind = body.get("Type")
    if not isinstance(kind, str) or not kind:
        raise InputError(f"{file}: {where} has the Type {_shown(kind)}; use a string such as AWS::S3::Bucket")
    properties = _section(body, "Properties", file, where)
    metadata = _section(body, "Metadata", file, where)
    return Resource(logical_id, kind, properties, metadata, template, _mark(metadata.get("emrguard"), file, where))


def _mark_policies(resources: dict[str, Resource]) -> None:
    """A policy is a part of the roles or the bucket that it is of: without a mark of its own it has theirs."""
    for logical_id, resource in resources.items():
        if resource.type not in _POLICIES or "emrguard" in resource.metadata:
            continue
        bearers = resource.properties.get(_POLICIES[resource.type])
        bearers = bearers if isinstance(bearers, list) else [bearers]
        names = [each.get("Ref") if isinstance(each, dict) else None for each in bearers]
        marks = [resources[name].mark if isinstance(name, str) and name in resources else Mark() for name in names]
        if marks and all(mark == marks[0] for mark in marks):
            resources[logical_id] = replace(resource, mark=replace(marks[0], reasons={}))


def _mark(found: Any, file: Path, resource: str) -> Mark:
    if found is None:
        return Mark()
    where = f"{resource}, Metadata.emrguard"
    body = _object(found, file, where)
    texts: dict[str, str | None] = {}
    for key in ("tenant", "part", "shared"):
        value = body.get(key)
        if value is not None and not isinstance(value, str):
            raise InputError(f"{file}: {where}.{key} is {_shown(value)}; use a string")
        texts[key] = value or None
    if body.keys() <= texts.keys():
        return Mark(texts["tenant"], texts["part"], texts["shared"])
    prefixes: dict[str, tuple[str, ...]] = {}
    for tenant, listed in _section(body, "prefixes", file, where).items():
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise InputError(f"{file}: {where}.prefixes.{tenant} is {_shown(listed)}; use a list of strings")
        prefixes[tenant] = tuple(listed)
    reasons: dict[str, str] = {}
    for argument, reason in _section(body, "reasons", file, where).items():
        if not isinstance(reason, str):
            raise InputError(f"{file}: {where}.reasons.{argument} is {_shown(reason)}; use a string")
        reasons[argument] = reason
    return Mark(texts["tenant"], texts["part"], texts["shared"], prefixes, reasons)


def _section(body: Mapping[str, Any], key: str, file: Path, where: str = "") -> Mapping[str, Any]:
    value = body.get(key)
    if isinstance(value, dict):
        return value
    return {} if value is None else _object(value, file, f"{where}, {key}" if where else key)


def _object(value: Any, file: Path, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{file}: {what} is {_shown(value)}; use an object")
    return value


def _is_template(body: Any) -> bool:
    return isinstance(body, Mapping) and ("Resources" in body or "AWSTemplateFormatVersion" in body)


def _stem(file: Path) -> str:
    return file.name.split(".template")[0] if ".template" in file.name else file.stem


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
