"""Evaluates the values of a template as far as they are known.

Before a deployment everything but the resources is known: parameters, conditions, mappings, pseudo parameters. What
depends on a resource stays an expression, so that the rest can be checked before anything exists; once the resource is
there the same evaluator computes what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from emrguard_local.resources.shapes import Problem, below
from emrguard_local.stacks import functions
from emrguard_local.stacks.functions import FunctionError


class _Marker:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NO_VALUE = _Marker("NO_VALUE")
"""What `AWS::NoValue` gives: the property or list item around it goes away."""

PENDING = _Marker("PENDING")
"""What a `Scope` gives for a value that only the deployment will tell."""


class EvaluationError(Exception):
    """Values that cannot be evaluated: every one of them, as `problems`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = problems


class Scope(Protocol):
    """What names mean in one stack. Each method raises `FunctionError` for a name that means nothing there."""

    def ref(self, name: str) -> Any:
        """`Ref` of a parameter, pseudo parameter or resource; `NO_VALUE`, `PENDING` or the value."""
        ...

    def attribute(self, logical_id: str, attribute: str) -> Any:
        """`Fn::GetAtt`; `PENDING` or the value."""
        ...

    def imported(self, export: str) -> Any:
        """`Fn::ImportValue`; `PENDING` or the value."""
        ...

    def stack_output(self, operand: Mapping[str, Any]) -> Any:
        """`Fn::GetStackOutput`; `PENDING` or the value."""
        ...

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        ...

    def zones(self, region: str) -> list[str]:
        """`Fn::GetAZs`."""
        ...

    def dynamic(self, value: str) -> str:
        """A string with its dynamic references, such as `{{resolve:ssm:name}}`, replaced."""
        ...

    @property
    def mappings(self) -> Mapping[str, Any]:
        """The section `Mappings`."""
        ...

    @property
    def language_extensions(self) -> bool:
        """Whether the template has the transform AWS::LanguageExtensions."""
        ...


class Evaluator:
    """Evaluates values in a scope; the result holds expressions only where the scope said `PENDING`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __call__(self, value: Any, path: str = "") -> Any:
        """The value with every known function replaced; `NO_VALUE` if it is `AWS::NoValue`.

        Raises:
            EvaluationError: carries all that is wrong below `path`.
        """
        if isinstance(value, str):
            return self._guarded(lambda: self._scope.dynamic(value), path) if "{{resolve:" in value else value
        if isinstance(value, list):
            items = self._each((f"{path}[{index}]", item) for index, item in enumerate(value))
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        functions_in = [key for key in value if key == "Ref" or str(key).startswith("Fn::")]
        if functions_in:
            if len(value) > 1:
                raise EvaluationError([Problem(path, f"{functions_in[0]} stands beside other keys")])
            (name,) = functions_in
            return self._guarded(lambda: self._function(name, value[name], path), path)
        items = self._each((below(path, key), item) for key, item in value.items())
        return {key: item for key, item in zip(value, items, strict=True) if item is not NO_VALUE}

    def _each(self, items: Any) -> list[Any]:
        results, problems = [], []
        for path, item in items:
            try:
                results.append(self(item, path))
            except EvaluationError as error:
                problems += error.problems
        if problems:
            raise EvaluationError(problems)
        return results

    @staticmethod
    def _guarded(compute: Callable[[], Any], path: str) -> Any:
        try:
            return compute()
        except FunctionError as error:
            raise EvaluationError([Problem(path, str(error))]) from error

    def _function(self, name: str, operand: Any, path: str) -> Any:
        match name:
            case "Ref":
                if not isinstance(operand, str):
                    raise FunctionError(f"Ref wants a name, found {functions.shown(operand)}")
                return self._or_pending(self._scope.ref(operand), name, operand)
            case "Fn::GetAtt":
                logical_id, attribute = functions.attribute_operand(operand)
                attribute = functions.text(self(attribute, path), "Fn::GetAtt")
                return self._or_pending(self._scope.attribute(logical_id, attribute), name, [logical_id, attribute])
            case "Fn::If":
                return self._branch(operand, path)
            case "Fn::Sub":
                return self._sub(operand, path)
        known = self(operand, below(path, name))
        if has_pending(known):
            if name in _BEFORE_RESOURCES:
                raise FunctionError(f"{name} cannot depend on a resource")
            if name not in _FUNCTIONS:
                raise FunctionError(f"{name} is not modelled")
            return {name: known}
        match name:
            case "Fn::ImportValue":
                export = functions.text(known, name)
                return self._or_pending(self._scope.imported(export), name, export)
            case "Fn::GetStackOutput":
                if not isinstance(known, Mapping):
                    raise FunctionError(f"{name} wants an object, found {functions.shown(known)}")
                return self._or_pending(self._scope.stack_output(known), name, known)
            case "Fn::FindInMap":
                if isinstance(known, list) and len(known) == 4:
                    self._extended("DefaultValue of Fn::FindInMap")
                return functions.find_in_map(known, self._scope.mappings)
            case "Fn::GetAZs":
                return self._scope.zones(functions.text(known, name))
        if name in _EXTENSIONS:
            self._extended(name)
        if name not in _FUNCTIONS:
            raise FunctionError(f"{name} is not modelled")
        # Text that is put together may turn out to be a dynamic reference.
        return self(_FUNCTIONS[name](known), path)

    @staticmethod
    def _or_pending(value: Any, name: str, operand: Any) -> Any:
        return {name: operand} if value is PENDING else value

    def _extended(self, what: str) -> None:
        if not self._scope.language_extensions:
            raise FunctionError(f"{what} needs the transform AWS::LanguageExtensions")

    def _branch(self, operand: Any, path: str) -> Any:
        if not isinstance(operand, list) or len(operand) != 3 or not isinstance(operand[0], str):
            raise FunctionError(f"Fn::If wants a condition and two values, found {functions.shown(operand)}")
        index = 1 if self._scope.holds(operand[0]) else 2
        return self(operand[index], f"{below(path, 'Fn::If')}[{index}]")

    def _sub(self, operand: Any, path: str) -> Any:
        template, variables = functions.sub_operand(operand)
        given = self(variables, below(path, "Fn::Sub"))
        values: dict[str, Any] = {}
        for name in functions.placeholders(template):
            if name in given:
                values[name] = given[name]
            elif "." in name:
                values[name] = self._function("Fn::GetAtt", name, path)
            else:
                values[name] = self._function("Ref", name, path)
        if has_pending(values):
            return {"Fn::Sub": [template, values]}
        return self(functions.substitute(template, values.__getitem__), path)


_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "Fn::Base64": functions.base64,
    "Fn::Cidr": functions.cidr,
    "Fn::Join": functions.join,
    "Fn::Length": functions.length,
    "Fn::Select": functions.select,
    "Fn::Split": functions.split,
    "Fn::ToJsonString": functions.to_json_string,
}
_BEFORE_RESOURCES = ("Fn::ImportValue", "Fn::GetStackOutput", "Fn::FindInMap", "Fn::GetAZs")
_EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")


def has_pending(value: Any) -> bool:
    """Whether an evaluated value still holds an expression."""
    if isinstance(value, Mapping):
        return any(key == "Ref" or str(key).startswith("Fn::") for key in value) or any(
            map(has_pending, value.values())
        )
    return isinstance(value, list) and any(map(has_pending, value))
