"""Tenants from a YAML or TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import aws_cdk as cdk
import yaml
from aws_cdk import aws_iam as iam
from constructs import Construct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError, SettingsError
from emrguard.lifecycle import Lifecycle
from emrguard.release_label import DEFAULT_RELEASE
from emrguard.tenant import Tenant

_OF_APPLICATIONS = (
    "inputs",
    "outputs",
    "submitters",
    "release_label",
    "architecture",
    "maximum_capacity",
    "spark_defaults",
    "idle_timeout_minutes",
    "lifecycle",
)
"""Settings of a tenant that hold for those of its applications that do not say otherwise."""
_HIVE_ONLY = ("hive_site", "working_folder", "plaintext_between_workers_because")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CapacitySettings(_Strict):
    """The ceiling of an application; see `Capacity`."""

    cpu: int = Field(description="a whole number of vCPU")
    memory: int = Field(description="a whole number of GB")
    disk: int | None = Field(None, description="a whole number of GB")


class LifecycleSettings(_Strict):
    """What happens when an application is changed or deleted; see `Lifecycle`."""

    drain_minutes: int | None = Field(None, ge=0, le=30, description="a whole number of minutes from 0 to 30")
    job_level_cost_allocation: bool | None = Field(None, description="true or false")
    no_function_because: str | None = Field(None, description="why there is to be no function")

    def options(self) -> Lifecycle:
        """The settings as the constructs take them."""
        drain = None if self.drain_minutes is None else cdk.Duration.minutes(self.drain_minutes)
        return Lifecycle(
            drain=drain,
            job_level_cost_allocation=bool(self.job_level_cost_allocation),
            no_function_because=self.no_function_because,
        )


class ApplicationSettings(_Strict):
    """One of several applications of a tenant. What is left out is as the tenant has it."""

    engine: Literal["spark", "hive"] = Field(description="spark or hive")
    inputs: list[str] | None = Field(None, description="a list of prefixes such as [jobs/, input/]")
    outputs: list[str] | None = Field(None, description="a list of prefixes such as [output/]")
    submitters: list[str] | None = Field(None, min_length=1, description="a list of ARNs of roles or users")
    release_label: str | None = Field(None, description="a release such as emr-7.14.0")
    architecture: Literal["ARM64", "X86_64"] | None = Field(None, description="ARM64 or X86_64")
    maximum_capacity: CapacitySettings | None = Field(None, description="cpu, memory and disk")
    spark_defaults: dict[str, str] | None = Field(None, description="text by Spark property, numbers quoted")
    hive_site: dict[str, str] | None = Field(None, description="text by Hive property, numbers quoted")
    working_folder: str | None = Field(None, description="a folder such as hive/sql/, for Hive")
    plaintext_between_workers_because: str | None = Field(
        None, description="why workers of Hive may exchange data unencrypted, for Hive"
    )
    idle_timeout_minutes: int | None = Field(None, ge=1, description="a whole number of minutes, 1 at least")
    lifecycle: LifecycleSettings | None = Field(
        None, description="drain_minutes, job_level_cost_allocation and no_function_because"
    )

    def add_to(self, tenant: Tenant, name: str, tenants_own: Mapping[str, Any]) -> None:
        """Add the application to its tenant.

        Args:
            tenant: the tenant.
            name: name of the application.
            tenants_own: settings of the tenant, which hold where the application says nothing.

        Raises:
            ArgumentError: a value that the constructs do not take, or a setting of the other engine.
        """
        own = {key: value for key, value in self if value is not None}
        wrong = _HIVE_ONLY if self.engine == "spark" else ("spark_defaults",)
        for key in wrong:
            if key in own:
                path = f"{tenant.node.path}/{name}"
                raise ArgumentError(path, key, own[key], f"leave it out: the application is for {self.engine}")
        arguments = _arguments({**tenants_own, **own})
        if self.engine == "spark":
            tenant.add_spark_application(name, **arguments)
            return
        arguments.pop("spark_defaults", None)
        arguments.setdefault("plaintext_between_workers_because", None)
        tenant.add_hive_application(name, **arguments)


ApplicationName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class TenantSettings(_Strict):
    """One tenant of a file. What is left out has the default of `Tenant`.

    With `applications` the tenant has these and no other one; what it says of applications itself then holds for each
    of them that does not say otherwise.
    """

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
    one_zone_because: str | None = Field(None, description="why one zone is enough")
    s3_prefix_list_id: str | None = Field(None, description="an id such as pl-6da54004")
    dynamodb_prefix_list_id: str | None = Field(None, description="an id such as pl-6fa54006")
    permissions_boundary: str | None = Field(
        None, min_length=1, description="the name of a managed policy, with its path, for all roles of the tenant"
    )
    idle_timeout_minutes: int | None = Field(None, ge=1, description="a whole number of minutes, 1 at least")
    lifecycle: LifecycleSettings | None = Field(
        None, description="drain_minutes, job_level_cost_allocation and no_function_because"
    )
    applications: dict[ApplicationName, ApplicationSettings] | None = Field(
        None,
        min_length=1,
        description="applications by name, of up to 31 of a-z, 0-9 and -, such as {sql: {engine: hive}}",
    )
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
        given = {key: value for key, value in self if value is not None and key not in _NOT_ARGUMENTS}
        if self.permissions_boundary is not None:
            boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", self.permissions_boundary)
            given["permissions_boundary"] = boundary
        try:
            if self.applications is None:
                tenant = Tenant(stack, "Tenant", name=self.name, **_arguments(given))
            else:
                tenant = Tenant(stack, "Tenant", name=self.name, without_application=True, **_only(given, own=True))
                for name, application in self.applications.items():
                    application.add_to(tenant, name, _only(given, own=False))
        except ArgumentError as error:
            raise SettingsError(f"tenant {self.name}: {error}") from error
        tenant.add_outputs()
        return tenant


_INSIDE: Mapping[str, type[_Strict]] = {
    "applications": ApplicationSettings,
    "lifecycle": LifecycleSettings,
    "maximum_capacity": CapacitySettings,
}
"""Settings that hold settings."""
_NOT_ARGUMENTS = ("name", "account", "region", "applications", "monthly_budget")


def _only(given: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """The settings of a tenant that are its own, or those that hold for its applications."""
    return {key: value for key, value in given.items() if (key in _OF_APPLICATIONS) != own}


def _arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the constructs take them."""
    found = {key: value for key, value in given.items() if key not in ("engine", "idle_timeout_minutes")}
    found.setdefault("release_label", DEFAULT_RELEASE)
    if "submitters" in found:
        found["submitters"] = iam.CompositePrincipal(*(iam.ArnPrincipal(arn) for arn in found["submitters"]))
    if "maximum_capacity" in found:
        found["maximum_capacity"] = Capacity(**found["maximum_capacity"].model_dump(exclude_none=True))
    if "lifecycle" in found:
        found["lifecycle"] = found["lifecycle"].options()
    if "idle_timeout_minutes" in given:
        found["idle_timeout"] = cdk.Duration.minutes(given["idle_timeout_minutes"])
    return found


def load_tenants(path: Path | str) -> tuple[TenantSettings, ...]:
    """The tenants of a YAML or TOML file, in its order.

    `tenants` has the settings by name of the tenant, `defaults` what holds for all that do not say otherwise:

    ```yaml
    defaults:
      idle_timeout_minutes: 10
      monthly_budget: 200
    tenants:
      flights: {}
      payroll:
        maximum_capacity: {cpu: 8, memory: 32, disk: 160}
        submitters: ["arn:aws:iam::111122223333:role/PayrollEngineers"]
        monthly_budget: 500
      weather:
        applications:
          models: {engine: spark}
          sql: {engine: hive, plaintext_between_workers_because: public data in subnets of this tenant alone}
    ```

    A tenant that lists `applications` has these, each with its own execution role and submitter role. Settings such as
    `maximum_capacity` that stand at the tenant hold for each of them that does not say otherwise.

    ```python
    import pathlib

    import aws_cdk as cdk

    from emrguard import Platform, load_tenants

    pathlib.Path("tenants.yaml").write_text(
        "{defaults: {monthly_budget: 200}, tenants: {flights: {}, payroll: {monthly_budget: 500}}}"
    )

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
    return [field for field in _at(keys)[0].model_fields if field != "name"]


def _mend(keys: list[str]) -> str:
    return _at(keys)[1]


def _at(keys: list[str]) -> tuple[type[_Strict], str]:
    """The settings that the keys lead to, and the description of the last one on the way that has one."""
    model: type[_Strict] | None = TenantSettings
    text, is_name = "", False
    for key in keys:
        if is_name:  # of an application
            is_name = False
            continue
        if model is None or key not in model.model_fields:
            break
        text, is_name = str(model.model_fields[key].description), key == "applications"
        model = _INSIDE.get(key)
    return model or TenantSettings, text
