"""Tenants from a YAML or TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Literal

import aws_cdk as cdk
import yaml
from aws_cdk import aws_iam as iam
from constructs import Construct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError, SettingsError
from emrguard.release_label import DEFAULT_RELEASE
from emrguard.tenant import Tenant

_PLAIN = ("inputs", "outputs", "architecture", "spark_defaults", "cidr", "availability_zones", "s3_prefix_list_id")
"""Settings that are arguments of `Tenant` as they are."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CapacitySettings(_Strict):
    """The ceiling of an application; see `Capacity`."""

    cpu: int = Field(description="a whole number of vCPU")
    memory: int = Field(description="a whole number of GB")
    disk: int | None = Field(None, description="a whole number of GB")


class TenantSettings(_Strict):
    """One tenant of a file. What is left out has the default of `Tenant`."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}$", description="up to 32 of a-z, 0-9 and -, the first one a letter, as text"
    )
    account: str | None = Field(None, pattern=r"^[0-9]{12}$", description="twelve digits, quoted")
    region: str | None = Field(None, description="a Region such as eu-west-1")
    inputs: list[str] | None = Field(None, description="a list of prefixes such as [jobs/, input/]")
    outputs: list[str] | None = Field(None, description="a list of prefixes such as [output/]")
    submitters: list[str] | None = Field(None, min_length=1, description="a list of ARNs of roles or users")
    release_label: str | None = Field(None, description="a release such as emr-7.14.0")
    architecture: Literal["ARM64", "X86_64"] | None = Field(None, description="ARM64 or X86_64")
    maximum_capacity: CapacitySettings | None = Field(None, description="cpu, memory and disk")
    spark_defaults: dict[str, str] | None = Field(None, description="text by Spark property, numbers quoted")
    cidr: str | None = Field(None, description="a range such as 10.0.0.0/20")
    availability_zones: list[str] | None = Field(None, description="a list of zones")
    s3_prefix_list_id: str | None = Field(None, description="an id such as pl-6da54004")
    idle_timeout_minutes: int | None = Field(None, description="a whole number of minutes")
    monthly_budget: float | None = Field(None, gt=0, description="how much the tenant may cost a month, above 0")

    @property
    def stack_name(self) -> str:
        """Name of the tenant's stack: `on-time` is `OnTime`."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    def build(self, scope: Construct) -> Tenant:
        """The tenant in a stack of its own, with outputs.

        Raises:
            SettingsError: a value that the constructs do not take; the message names the tenant.
        """
        stack = cdk.Stack(
            scope,
            self.stack_name,
            description=f"Tenant {self.name}",
            env=cdk.Environment(account=self.account, region=self.region),
        )
        try:
            tenant = Tenant(stack, "Tenant", name=self.name, **self._arguments())
        except ArgumentError as error:
            raise SettingsError(f"tenant {self.name}: {error}") from error
        tenant.add_outputs()
        return tenant

    def _arguments(self) -> dict[str, Any]:
        plain = (
            "inputs",
            "outputs",
            "architecture",
            "spark_defaults",
            "cidr",
            "availability_zones",
            "s3_prefix_list_id",
        )
        found = {name: getattr(self, name) for name in plain if getattr(self, name) is not None}
        found["release_label"] = self.release_label or DEFAULT_RELEASE
        if self.submitters is not None:
            found["submitters"] = iam.CompositePrincipal(*(iam.ArnPrincipal(arn) for arn in self.submitters))
        if self.maximum_capacity is not None:
            found["maximum_capacity"] = Capacity(**self.maximum_capacity.model_dump(exclude_none=True))
        if self.idle_timeout_minutes is not None:
            found["idle_timeout"] = cdk.Duration.minutes(self.idle_timeout_minutes)
        return found


def load_tenants(path: Path | str) -> tuple[TenantSettings, ...]:
    """The tenants of a YAML or TOML file, in its order.

    `tenants` has the settings by name of the tenant, `defaults` what holds for all that do not say otherwise:

    ```yaml
    defaults:
      idle_timeout_minutes: 10
    tenants:
      flights: {}
      payroll:
        maximum_capacity: {cpu: 8, memory: 32, disk: 160}
        submitters: ["arn:aws:iam::111122223333:role/PayrollEngineers"]
        monthly_budget: 500
    ```

    ```python
    import pathlib

    import aws_cdk as cdk

    from emrguard import Platform, load_tenants

    pathlib.Path("tenants.yaml").write_text("tenants: {flights: {}, payroll: {monthly_budget: 500}}")

    app = cdk.App()
    settings = load_tenants("tenants.yaml")
    Platform(
        cdk.Stack(app, "DataPlatform"),
        "Platform",
        tenants=[each.build(app) for each in settings],
        monthly_budgets={each.name: each.monthly_budget for each in settings if each.monthly_budget},
    )
    app.synth()
    ```

    Raises:
        SettingsError: the file cannot be read, or a key or value is wrong; the message names the file, the key, the
            value and the mend, one line for each.
    """
    body = _read(Path(path))
    wrong = sorted(set(body) - {"defaults", "tenants"})
    if wrong:
        raise SettingsError(f"{path}: {wrong[0]} is unknown; use tenants and defaults")
    tenants, defaults = body.get("tenants"), body.get("defaults") or {}
    if not isinstance(tenants, Mapping) or not tenants:
        raise SettingsError(f"{path}: tenants is {tenants!r}; write the settings of one tenant or more by name")
    if not isinstance(defaults, Mapping):
        raise SettingsError(f"{path}: defaults is {defaults!r}; write settings by name")
    if "name" in defaults:
        raise SettingsError(
            f"{path}: defaults.name is {defaults['name']!r}; leave it out: the key of a tenant is its name"
        )
    found, problems = [], []
    for name, settings in tenants.items():
        given = {} if settings is None else settings
        if not isinstance(given, Mapping):
            problems.append(f"tenants.{name} is {given!r}; write settings by name, or {{}}")
            continue
        if "name" in given:
            problems.append(f"tenants.{name}.name is {given['name']!r}; leave it out: the key is the name")
            continue
        try:
            found.append(TenantSettings.model_validate({**defaults, **given, "name": name}))
        except ValidationError as error:
            problems.extend(_problems(error, str(name), given))
    if problems:
        raise SettingsError(f"{path}: " + f"\n{path}: ".join(dict.fromkeys(problems)))
    return tuple(found)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        if path.suffix == ".toml":
            return tomllib.loads(text)
        if path.suffix not in (".yaml", ".yml"):
            raise SettingsError(f"{path}: the name ends in {path.suffix!r}; use .yaml, .yml or .toml")
        body = yaml.load(text, Loader=_OnceLoader)  # noqa: S506  (a SafeLoader)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not isinstance(body, Mapping):
        raise SettingsError(f"{path}: holds {body!r}; write tenants by name below `tenants:`")
    return body


class _OnceLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently drop one: a tenant, for instance."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _problems(error: ValidationError, name: str, given: Mapping[str, Any]) -> list[str]:
    """What is wrong with one tenant: key, value, mend."""
    found = []
    for each in error.errors():
        keys = [str(part) for part in each["loc"]]
        where = "defaults" if keys and keys[0] not in given and keys[0] != "name" else f"tenants.{name}"
        place = ".".join([where, *keys])
        if each["type"] == "extra_forbidden":
            found.append(f"{place} is unknown; known are {', '.join(_known(keys))}")
        elif each["type"] == "missing":
            found.append(f"{place} is missing; write {_mend(keys)}")
        elif keys == ["name"]:
            found.append(f"tenants.{name}: the name is {each['input']!r}; write {_mend(keys)}")
        else:
            found.append(f"{place} is {each['input']!r}; write {_mend(keys)}")
    return found


def _known(keys: list[str]) -> list[str]:
    model = CapacitySettings if len(keys) > 1 else TenantSettings
    return [field for field in model.model_fields if field != "name"]


def _mend(keys: list[str]) -> str:
    """The description of the field, or of the one below it."""
    if keys[0] == "maximum_capacity" and len(keys) > 1 and keys[1] in CapacitySettings.model_fields:
        return str(CapacitySettings.model_fields[keys[1]].description)
    return str(TenantSettings.model_fields[keys[0]].description)
