"""All rules, found by the names of their modules."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from emrguard_policies import rules
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules.base import Rule

CATEGORIES: Mapping[str, str] = {
    "encryption": "1", "network": "2", "iam": "3", "logging": "4", "capacity": "5", "interactive": "6",
    "clusters": "7", "jobs": "8",
}  # fmt: skip
"""The first digit of the ids by the name of their category."""
RETIRED = frozenset({"EMRG150"})
"""Ids of rules that are gone: they stand in old reports and acknowledgments, so no other rule gets them."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule in the order of the ids; each module `emrg<number>_<bad pattern>` holds one as `RULE`."""
    names = sorted(item.name for item in pkgutil.iter_modules(rules.__path__) if item.name.startswith("emrg"))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}").RULE for name in names)


def rule_of(rule_id: str) -> Rule:
    """The rule of an id.

    Raises:
        InputError: no such rule.
    """
    for rule in all_rules():
        if rule.id == rule_id.upper():
            return rule
    raise InputError(f"no rule {rule_id!r}; 'emrguard rules' lists all")
