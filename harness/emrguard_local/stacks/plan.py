"""Checks all that can be checked before the first resource is created, and says in which order to create them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emrguard_local.exceptions import DeployError
from emrguard_local.resources.base import Handler, handler_of
from emrguard_local.resources.exceptions import exemption
from emrguard_local.resources.shapes import Problem, is_intrinsic
from emrguard_local.stacks import parameters
from emrguard_local.stacks.conditions import failed_assertions
from emrguard_local.stacks.environment import Environment
from emrguard_local.stacks.evaluation import NO_VALUE, EvaluationError
from emrguard_local.stacks.functions import FunctionError, shown
from emrguard_local.stacks.manifest import StackFacts, facts_of
from emrguard_local.stacks.order import CycleError, in_order
from emrguard_local.stacks.references import imports_in, resources_in, unknown_names
from emrguard_local.stacks.scope import StackScope
from emrguard_policies.assembly import Assembly, Resource, Template

_SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters",
    "Resources", "Rules", "Transform",
}  # fmt: skip
_TRANSFORMS = {"AWS::LanguageExtensions"}
_RESOURCE_KEYS = {"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}
_DELETION = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
_OUTPUT_KEYS = {"Value", "Description", "Export", "Condition"}
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


@dataclass(frozen=True)
class PlannedResource:
    """A resource to create: its properties are evaluated as far as they do not depend on other resources."""

    logical_id: str
    handler: Handler
    properties: Mapping[str, Any]
    needs: frozenset[str]


@dataclass(frozen=True)
class PlannedStack:
    """A stack to create: its resources in order, its outputs evaluated like the properties."""

    scope: StackScope
    tags: Mapping[str, str]
    resources: tuple[PlannedResource, ...]
    outputs: Mapping[str, Any]


def plan(assembly: Assembly, environment: Environment, handlers: Mapping[str, Handler]) -> list[PlannedStack]:
    """What to create, in order; nothing has been created yet.

    Raises:
        DeployError: a template holds something that is not modelled or does not make sense. The message has a line
            for each problem: `Stack/LogicalId (Type): Path: reason`.
    """
    stacks: dict[str, StackScope] = {}
    exports: dict[str, tuple[StackScope, str]] = {}
    lines: list[str] = []
    checks: list[_StackCheck] = []
    for template in assembly.templates:
        if template.parent is not None:
            # Its resource in the parent template is reported.
            continue
        scope = StackScope(template, environment, handlers, stacks, exports)
        if template.name in stacks:
            lines.append(f"{template.name}: another template of the assembly is a stack of that name too")
            continue
        stacks[template.name] = scope
        checks.append(_StackCheck(scope, environment, handlers, lines))
    for check in checks:
        check.prepare()
    for check in checks:
        check.collect_exports(exports)
    planned = {check.scope.name: check.plan() for check in checks}
    order = _stack_order(checks, planned, lines)
    if lines:
        raise DeployError(
            f"{assembly.path} cannot be deployed to the local cloud; nothing was created:\n  " + "\n  ".join(lines)
        )
    return [planned[name] for name in order]


def _stack_order(checks: list[_StackCheck], planned: Mapping[str, PlannedStack], lines: list[str]) -> list[str]:
    names = {check.scope.template.path: check.scope.name for check in checks}
    needs: dict[str, set[str]] = {}
    for check in checks:
        stack = planned[check.scope.name]
        values = [resource.properties for resource in stack.resources] + list(stack.outputs.values())
        needs[check.scope.name] = {names[path] for path in check.facts.after if path in names} | {
            check.scope.exporter(*found).name for found in imports_in(values)
        }
        if check.scope.name in needs[check.scope.name]:
            lines.append(f"{check.scope.name}: the stack imports its own output")
            needs[check.scope.name].discard(check.scope.name)
    try:
        return in_order(list(planned), needs)
    except CycleError as error:
        lines.append(f"the stacks depend on each other in a circle: {error}")
        return list(planned)


@dataclass
class _StackCheck:
    scope: StackScope
    environment: Environment
    handlers: Mapping[str, Handler]
    lines: list[str]
    facts: StackFacts = field(default_factory=StackFacts)

    @property
    def template(self) -> Template:
        return self.scope.template

    def _problem(self, where: str, message: str) -> None:
        self.lines.append(f"{self.scope.name}{where}: {message}")

    def _guarded(self, where: str, compute: Callable[..., Any], *arguments: Any) -> Any:
        """What `compute` returns for the arguments, or None after noting what it could not do."""
        try:
            return compute(*arguments)
        except FunctionError as error:
            self._problem(where, str(error))
        except EvaluationError as error:
            for problem in error.problems:
                self._problem(where, f"{problem.path}: {problem.message}" if problem.path else problem.message)
        return None

    # Before the resources: sections, parameters, conditions, rules

    def prepare(self) -> None:
        self.facts = facts_of(self.template)
        template, environment = self.template, self.environment
        if not _STACK_NAME.fullmatch(template.name):
            self._problem("", "a stack's name has letters, digits and hyphens, 128 at most, and begins with a letter")
        if template.region not in (None, environment.region) or template.account not in (None, environment.account_id):
            self._problem(
                "",
                f"the stack is for {template.account or 'any account'}/{template.region or 'any region'}, "
                f"the local cloud is {environment.account_id}/{environment.region}",
            )
        for section in template.body:
            if section not in _SECTIONS:
                self._problem("", f"the section {section} is not modelled")
        transforms = template.body.get("Transform", [])
        for transform in transforms if isinstance(transforms, list) else [transforms]:
            if transform not in _TRANSFORMS:
                self._problem("", f"the transform {shown(transform)} is not modelled")
        for name, declared in template.parameters.items():
            given = {"Default": self.facts.parameters[name]} if name in self.facts.parameters else {}
            declared = {**declared, **given} if given else declared
            value = self._guarded(
                f": Parameters.{name}",
                parameters.value_of,
                declared,
                environment.ssm_parameter,
            )
            if value is not None:
                self.scope.parameters[name] = value
        for name in template.body.get("Conditions") or {}:
            self._guarded(f": Conditions.{name}", self.scope.holds, name)
        rules = template.body.get("Rules") or {}
        if not isinstance(rules, Mapping):
            self._problem(": Rules", f"{shown(rules)} is not an object")
            rules = {}
        for name, rule in rules.items():
            failed = self._guarded(f": Rules.{name}", failed_assertions, rule, self.scope.known)
            for reason in failed or ():
                self._problem(f": Rules.{name}", reason)

    def collect_exports(self, exports: dict[str, tuple[StackScope, str]]) -> None:
        for output_id, output in self.template.outputs.items():
            export = output.get("Export") if isinstance(output, Mapping) else None
            if export is None or not self._is_active(output):
                continue
            where = f": Outputs.{output_id}.Export"
            if not isinstance(export, Mapping) or set(export) != {"Name"}:
                self._problem(where, f"{shown(export)} is not an object with a Name")
                continue
            name = self._guarded(where, self.scope.known, export["Name"])
            if name is None:
                continue
            if not isinstance(name, str) or not name:
                self._problem(where, f"{shown(name)} is not a name")
            elif name in exports:
                self._problem(where, f"{exports[name][0].name} exports {name} too")
            else:
                exports[name] = (self.scope, output_id)

    def _is_active(self, item: Mapping[str, Any]) -> bool:
        """Whether the condition of a resource or output is true; a broken one has been reported and counts as true."""
        try:
            return "Condition" not in item or self.scope.holds(str(item["Condition"]))
        except (FunctionError, EvaluationError):
            return True

    # The resources and outputs

    def plan(self) -> PlannedStack:
        resources = {}
        for resource in self.template.resources.values():
            found = self._resource(resource)
            if found is not None:
                resources[resource.logical_id] = found
        outputs = dict(self._outputs())
        try:
            order = in_order(list(resources), {name: item.needs for name, item in resources.items()})
        except CycleError as error:
            circle = str(error.circle[0])
            self._problem(f"/{circle} ({resources[circle].handler.type})", f"circular dependency: {error}")
            order = list(resources)
        return PlannedStack(self.scope, self.facts.tags, tuple(resources[name] for name in order), outputs)

    def _resource(self, resource: Resource) -> PlannedResource | None:
        raw = self.template.body["Resources"][resource.logical_id]
        where = f"/{resource.logical_id} ({resource.type})"
        for problem in self._attribute_problems(raw):
            self._problem(where, f"{problem.path}: {problem.message}")
        active = self._is_active(raw)
        known: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for name, value in resource.properties.items():
            if is_intrinsic({name: value}):
                problems = [Problem("Properties", f"{name} in place of the properties is not modelled")]
            else:
                problems = list(unknown_names(self.scope, {name: value}, ""))
            if active and not problems:
                try:
                    known[name] = self.scope.evaluate(value, name)
                    continue
                except EvaluationError as error:
                    problems = error.problems
            unknown[name] = value
            for problem in problems:
                self._problem(where, f"{problem.path or name}: {problem.message}")
        if not active:
            return None
        exempt = exemption(resource.type)
        if exempt is not None:
            self.environment.exceptions[f"{resource.type}: {exempt.reason}"] = None
            return None
        handler = handler_of(self.handlers, resource.type)
        if handler is None:
            self._problem(where, "the local cloud does not model this resource type")
            return None
        properties = {name: value for name, value in known.items() if value is not NO_VALUE}
        # What could not be evaluated has been reported; it still counts as given.
        for problem in handler.shape.problems(properties | unknown, ""):
            if problem.path.split(".")[0].split("[")[0] not in unknown:
                self._problem(where, f"{problem.path or 'Properties'}: {problem.message}")
        needs = set(resources_in(properties)) | set(self._depends_on(raw))
        return PlannedResource(resource.logical_id, handler, properties, frozenset(needs))

    def _attribute_problems(self, raw: Mapping[str, Any]) -> Iterator[Problem]:
        for key in raw:
            if key not in _RESOURCE_KEYS:
                yield Problem(key, "not modelled as an attribute of a resource")
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            if key in raw and raw[key] not in _DELETION:
                yield Problem(key, f"{shown(raw[key])} is not one of {', '.join(_DELETION)}")
        if "Condition" in raw and raw["Condition"] not in list(self.template.body.get("Conditions") or {}):
            yield Problem("Condition", f"{shown(raw['Condition'])} is not a condition of the template")
        for name in self._depends_on(raw):
            if name not in self.template.resources:
                yield Problem("DependsOn", f"{shown(name)} is not a resource of the template")

    @staticmethod
    def _depends_on(raw: Mapping[str, Any]) -> list[str]:
        named = raw.get("DependsOn", [])
        return [str(name) for name in (named if isinstance(named, list) else [named])]

    def _outputs(self) -> Iterator[tuple[str, Any]]:
        for output_id, output in self.template.outputs.items():
            where = f": Outputs.{output_id}"
            if not isinstance(output, Mapping) or "Value" not in output:
                self._problem(where, f"{shown(output)} is not an object with a Value")
                continue
            for key in output:
                if key not in _OUTPUT_KEYS:
                    self._problem(where, f"{key} is not modelled")
            if "Condition" in output:
                self._guarded(where, self.scope.require_condition, str(output["Condition"]))
            problems = list(unknown_names(self.scope, output["Value"], "Value"))
            for problem in problems:
                self._problem(where, f"{problem.path}: {problem.message}")
            if problems or not self._is_active(output):
                continue
            value = self._guarded(where, self.scope.evaluate, output["Value"], "Value")
            if value is not None:
                yield output_id, value
