"""The application could never start all the workers that it is to hold ready, and the service refuses to create it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.rules import sizes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "MaximumCapacity"
_MEASURES = ("Cpu", "Memory", "Disk")


def check(context: Context) -> Iterator[Violation]:
    """Applications whose initial workers together exceed the maximum."""
    for application in context.applications:
        initial, maximum = context.get(application, "InitialCapacity"), context.get(application, _PROPERTY)
        if not initial or not maximum:
            continue
        if not isinstance(initial, list) or not isinstance(maximum, Mapping):
            yield Violation(application, _PROPERTY, "the capacity depends on the deployment", undecided=True)
            continue
        for measure in _MEASURES:
            limit = maximum.get(measure)
            if limit is None:
                continue
            needed = sum(_workers(item, measure) for item in initial)
            if math.isnan(needed) or math.isnan(sizes.number(limit)):
                yield Violation(application, _PROPERTY, f"{measure} depends on the deployment", undecided=True)
            elif needed > sizes.number(limit):
                found = f"the initial workers need {needed:g} {measure}, the maximum is {limit}"
                yield Violation(application, f"{_PROPERTY}.{measure}", found)


def _workers(item: Any, measure: str) -> float:
    value = item.get("Value") if isinstance(item, Mapping) else None
    configuration = value.get("WorkerConfiguration") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(configuration, Mapping):
        return math.nan
    size = configuration.get(measure)
    if size is None and measure == "Disk":
        size = "20 GB"
    return sizes.number(value.get("WorkerCount")) * sizes.number(size)


RULE = Rule(
    id="EMRG506",
    name="maximum-below-initial-capacity",
    severity="error",
    title="Maximum capacity below the initial capacity",
    rationale=__doc__,
    mend="Raise MaximumCapacity, or lower InitialCapacity.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html",
    check=check,
)
