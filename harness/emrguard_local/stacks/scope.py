"""What the names in a template mean: parameters, pseudo parameters, conditions, resources, imports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emrguard_local.resources.base import Created, Handler, handler_of
from emrguard_local.stacks.conditions import truth
from emrguard_local.stacks.environment import Environment
from emrguard_local.stacks.evaluation import NO_VALUE, PENDING, EvaluationError, Evaluator, has_pending
from emrguard_local.stacks.functions import FunctionError
from emrguard_local.stacks.naming import stack_id, url_suffix
from emrguard_policies.assembly import Template

_DYNAMIC = re.compile(r"\{\{resolve:([^:}]+):([^}]*)\}\}")
_VERSION = re.compile(r":\d+$")
_EXTENSIONS = "AWS::LanguageExtensions"


class StackScope:
    """The names of one stack. It implements `evaluation.Scope`.

    `created` and `outputs` fill while the stack is deployed; until then a reference to a resource is pending.
    """

    def __init__(
        self,
        template: Template,
        environment: Environment,
        handlers: Mapping[str, Handler],
        stacks: dict[str, StackScope],
        exports: dict[str, tuple[StackScope, str]],
    ) -> None:
        self.template = template
        self.name = template.name
        self.id = stack_id(environment.partition, environment.region, environment.account_id, template.name)
        self.parameters: dict[str, Any] = {}
        self.created: dict[str, Created] = {}
        self.outputs: dict[str, str] = {}
        self.finished = False
        self.evaluate = Evaluator(self)
        self._environment = environment
        self._handlers = handlers
        self._stacks = stacks
        self._exports = exports
        self._conditions: dict[str, bool | None] = {}

    @property
    def mappings(self) -> Mapping[str, Any]:
        """The section `Mappings`."""
        mappings: Mapping[str, Any] = self.template.body.get("Mappings") or {}
        return mappings

    @property
    def language_extensions(self) -> bool:
        """Whether the template has the transform AWS::LanguageExtensions."""
        transform = self.template.body.get("Transform", [])
        return _EXTENSIONS in (transform if isinstance(transform, list) else [transform])

    # Names: whether they mean anything, and what

    def require_ref(self, name: str) -> None:
        """Raise `FunctionError` unless `Ref` of a name means something in this template."""
        if name not in self._pseudo() and name not in self.template.parameters and name not in self.template.resources:
            raise FunctionError(f"{name} is neither a resource nor a parameter of the template")

    def require_attribute(self, logical_id: str, attribute: str) -> None:
        """Raise `FunctionError` unless the resource is in the template and its type has the attribute."""
        resource = self.template.resources.get(logical_id)
        if resource is None:
            raise FunctionError(f"{logical_id} is not a resource of the template")
        handler = handler_of(self._handlers, resource.type)
        if handler is not None and attribute not in handler.attributes:
            known = ", ".join(sorted(handler.attributes)) or "none"
            raise FunctionError(f"{logical_id} ({resource.type}) has no modelled attribute {attribute}, but: {known}")

    def ref(self, name: str) -> Any:
        """`Ref`: a value, `NO_VALUE` or, for a resource that is not there yet, `PENDING`."""
        self.require_ref(name)
        pseudo = self._pseudo()
        if name in pseudo:
            return pseudo[name]
        if name in self.template.parameters:
            if name not in self.parameters:
                raise FunctionError(f"the parameter {name} has no value")
            return self.parameters[name]
        self._require_active(name)
        return self.created[name].ref if name in self.created else PENDING

    def attribute(self, logical_id: str, attribute: str) -> Any:
        """`Fn::GetAtt`: a value or, for a resource that is not there yet, `PENDING`."""
        self.require_attribute(logical_id, attribute)
        self._require_active(logical_id)
        return self.created[logical_id].attributes[attribute] if logical_id in self.created else PENDING

    def _pseudo(self) -> dict[str, Any]:
        environment = self._environment
        return {
            "AWS::AccountId": environment.account_id,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": environment.partition,
            "AWS::Region": environment.region,
            "AWS::StackId": self.id,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": url_suffix(environment.partition),
        }

    # Conditions

    def is_active(self, logical_id: str) -> bool:
        """Whether a resource is created at all: it has no condition or a true one."""
        condition = self.template.body["Resources"][logical_id].get("Condition")
        return condition is None or self.holds(str(condition))

    def _require_active(self, logical_id: str) -> None:
        if not self.is_active(logical_id):
            condition = self.template.body["Resources"][logical_id]["Condition"]
            raise FunctionError(f"{logical_id} is not created, because the condition {condition} is false")

    def require_condition(self, name: str) -> None:
        """Raise `FunctionError` unless the template has the condition."""
        if name not in (self.template.body.get("Conditions") or {}):
            raise FunctionError(f"{name} is not a condition of the template")

    def holds(self, condition: str) -> bool:
        """Whether a condition is true."""
        self.require_condition(condition)
        if condition not in self._conditions:
            self._conditions[condition] = None
            try:
                expression = self.template.body["Conditions"][condition]
                self._conditions[condition] = truth(expression, self.known, self.holds)
            finally:
                if self._conditions[condition] is None:
                    del self._conditions[condition]
        value = self._conditions[condition]
        if value is None:
            raise FunctionError(f"the condition {condition} depends on itself")
        return value

    def known(self, value: Any) -> Any:
        """A value that no resource has a part in, for conditions and rules."""
        try:
            result = self.evaluate(value)
        except EvaluationError as error:
            raise FunctionError(str(error.problems[0].message)) from error
        if has_pending(result):
            raise FunctionError("conditions and rules cannot refer to resources")
        return result

    # Other stacks and dynamic references

    def imported(self, export: str) -> Any:
        """`Fn::ImportValue`: a value, or `PENDING` while the exporting stack is not finished."""
        if export not in self._exports:
            raise FunctionError(f"no stack of the assembly exports {export}")
        stack, output = self._exports[export]
        return stack.outputs[output] if stack.finished else PENDING

    def stack_output(self, operand: Mapping[str, Any]) -> Any:
        """`Fn::GetStackOutput` with StackName, OutputName and perhaps Region; `PENDING` as for `imported`."""
        for key in operand:
            if key not in ("StackName", "OutputName", "Region"):
                raise FunctionError(f"{key} of Fn::GetStackOutput is not modelled")
        if operand.get("Region", self._environment.region) != self._environment.region:
            raise FunctionError(f"Fn::GetStackOutput of {operand['Region']}: the local cloud is another region")
        stack = self._stacks.get(str(operand.get("StackName")))
        output = str(operand.get("OutputName"))
        if stack is None or output not in stack.template.outputs:
            raise FunctionError(f"no stack {operand.get('StackName')} with output {output} in the assembly")
        if not stack.finished:
            return PENDING
        if output not in stack.outputs:
            raise FunctionError(f"the condition of output {output} of stack {stack.name} is false")
        return stack.outputs[output]

    def exporter(self, name: str, operand: Any) -> StackScope:
        """The stack that an unevaluated Fn::ImportValue or Fn::GetStackOutput reads, once its operand is known."""
        return self._exports[operand][0] if name == "Fn::ImportValue" else self._stacks[operand["StackName"]]

    def zones(self, region: str) -> list[str]:
        """`Fn::GetAZs`."""
        return self._environment.zones(region)

    def dynamic(self, value: str) -> str:
        """A string with `{{resolve:ssm:name}}` replaced; other dynamic references are not modelled.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
        """

        def replace(match: re.Match[str]) -> str:
            service, reference = match[1], match[2]
            if service != "ssm" or _VERSION.search(reference):
                raise FunctionError(f"the dynamic reference {match[0]} is not modelled, only {{{{resolve:ssm:name}}}}")
            return self._environment.ssm_parameter(reference)

        return _DYNAMIC.sub(replace, value)
