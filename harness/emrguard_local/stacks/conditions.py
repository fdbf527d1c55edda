"""Conditions of templates and the assertions of their rules.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emrguard_local.stacks.functions import FunctionError, shown, text

_OPERANDS = {"Fn::And": (2, 10), "Fn::Or": (2, 10), "Fn::Not": (1, 1), "Fn::Equals": (2, 2)}
_RULE_KEYS = {"RuleCondition", "Assertions"}
_ASSERTION_KEYS = {"Assert", "AssertDescription"}


def truth(expression: Any, evaluate: Callable[[Any], Any], holds: Callable[[str], bool], *, rule: bool = False) -> bool:
    """Whether a condition is true.

    Args:
        expression: as the template writes it.
        evaluate: evaluates a value in which functions may stand.
        holds: whether another condition, by its name, is true.
        rule: also understand the functions that only rules have, such as `Fn::Contains`.

    Raises:
        FunctionError: it is not a condition.
    """
    if not isinstance(expression, Mapping) or len(expression) != 1:
        raise FunctionError(f"{shown(expression)} is not a condition")
    ((name, operand),) = expression.items()
    if name == "Condition" and isinstance(operand, str) and not rule:
        return holds(operand)
    if name in _OPERANDS:
        least, most = _OPERANDS[name]
        if not isinstance(operand, list) or not least <= len(operand) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise FunctionError(f"{name} wants a list of {wanted}, found {shown(operand)}")
    match name:
        case "Fn::Equals":
            one, other = (evaluate(each) for each in operand)
            return bool(_comparable(one) == _comparable(other))
        case "Fn::And" | "Fn::Or" | "Fn::Not":
            # All are evaluated, so that a mistake in any of them is found.
            values = [truth(each, evaluate, holds, rule=rule) for each in operand]
            return not values[0] if name == "Fn::Not" else (all if name == "Fn::And" else any)(values)
    if rule and name in ("Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"):
        return _membership(name, operand, evaluate)
    raise FunctionError(f"{name} is not modelled as a condition")


def _membership(name: str, operand: Any, evaluate: Callable[[Any], Any]) -> bool:
    known = evaluate(operand)
    if not isinstance(known, list) or len(known) != 2 or not isinstance(known[0], list):
        raise FunctionError(f"{name} wants a list of strings and one more operand, found {shown(operand)}")
    members = [text(each, name) for each in known[0]]
    if name == "Fn::EachMemberIn":
        if not isinstance(known[1], list):
            raise FunctionError(f"{name} wants two lists, found {shown(operand)}")
        return set(members) <= {text(each, name) for each in known[1]}
    value = text(known[1], name)
    return value in members if name == "Fn::Contains" else all(member == value for member in members)


def _comparable(value: Any) -> Any:
    return value if isinstance(value, list | Mapping) else text(value, "Fn::Equals")


def failed_assertions(rule: Any, evaluate: Callable[[Any], Any]) -> list[str]:
    """What a rule of the section `Rules` refuses, in its own words; empty when it is content.

    Raises:
        FunctionError: it is not a rule that can be evaluated.
    """

    def is_true(expression: Any) -> bool:
        return truth(expression, evaluate, _no_condition, rule=True)

    _known_keys(rule, _RULE_KEYS)
    if "RuleCondition" in rule and not is_true(rule["RuleCondition"]):
        return []
    assertions = rule.get("Assertions")
    if not isinstance(assertions, list) or not assertions:
        raise FunctionError(f"a rule wants a list of Assertions, found {shown(assertions)}")
    failed = []
    for assertion in assertions:
        _known_keys(assertion, _ASSERTION_KEYS)
        if not is_true(assertion.get("Assert")):
            failed.append(str(assertion.get("AssertDescription", f"{shown(assertion.get('Assert'))} is false")))
    return failed


def _known_keys(value: Any, known: set[str]) -> None:
    if not isinstance(value, Mapping):
        raise FunctionError(f"{shown(value)} is not an object")
    for key in value:
        if key not in known:
            raise FunctionError(f"{key} is not modelled")


def _no_condition(name: str) -> bool:
    raise FunctionError(f"a rule cannot refer to the condition {name}")
