"""Configuration of the engine beyond its own defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_emrserverless as emrserverless
from constructs import Construct

from emrguard._engine import Engine
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_NAME = re.compile(r"[a-zA-Z]+[-a-zA-Z0-9_.]*")
_MOST = 100
_LONGEST = 1024


@dataclass(frozen=True, kw_only=True)
class RuntimeConfiguration:
    """One classification of an application's runtime configuration, such as `spark-driver-log4j2`.

    It is a default: a job that sends the same classification replaces it (up to emr-spark-8.0). Never put a secret
    here: whoever may call GetApplication reads it.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/default-configs.html

    Args:
        classification: name of the classification. Not the engine's own, `spark-defaults` or `hive-site`, which has an
            argument of its own.
        properties: up to 100, each value 1 to 1024 characters, default none.
        configurations: classifications below this one, up to 100, default none.
    """

    classification: str
    properties: Mapping[str, str] = field(default_factory=dict)
    configurations: Sequence[RuntimeConfiguration] = ()


def check_properties(scope: Construct, argument: str, properties: Mapping[str, str]) -> None:
    """Check names, values and number of properties against the service's limits.

    Raises:
        ArgumentError: one is outside of them.
    """
    if len(properties) > _MOST:
        raise ArgumentError(scope.node.path, argument, len(properties), f"write at most {_MOST} properties")
    for name, value in properties.items():
        if not _NAME.fullmatch(name):
            mend = "a property's name starts with a letter, and goes on with letters, digits, '-', '_' and '.'"
            raise ArgumentError(scope.node.path, argument, name, mend)
        if not isinstance(value, str) or (not unresolved(value) and not 1 <= len(value) <= _LONGEST):
            mend = f"write a string of 1 to {_LONGEST} characters"
            raise ArgumentError(scope.node.path, f"{argument}[{name!r}]", value, mend)


def as_request(given: RuntimeConfiguration) -> dict[str, Any]:
    """One classification as StartJobRun takes it, checked before."""
    below = [as_request(each) for each in given.configurations]
    return {
        "classification": given.classification,
        **({"properties": dict(given.properties)} if given.properties else {}),
        **({"configurations": below} if below else {}),
    }


def render(
    scope: Construct, argument: str, given: Sequence[RuntimeConfiguration], engine: Engine
) -> list[emrserverless.CfnApplication.ConfigurationObjectProperty]:
    """Classifications as CloudFormation has them.

    Raises:
        ArgumentError: one is outside of the service's limits, comes twice, is the engine's own, or another engine's.
    """
    names = [each.classification for each in given]
    if len(names) > _MOST:
        raise ArgumentError(scope.node.path, argument, len(names), f"write at most {_MOST} classifications")
    for name in names:
        if not 1 <= len(name) <= _LONGEST or names.count(name) > 1:
            mend = f"write each classification once, with 1 to {_LONGEST} characters"
            raise ArgumentError(scope.node.path, argument, name, mend)
        if name == engine.defaults:
            raise ArgumentError(scope.node.path, argument, name, engine.defaults_mend)
        if name.startswith("spark") and engine.type != "SPARK":
            mend = f"leave it out: a {engine.name} application runs no Spark"
            raise ArgumentError(scope.node.path, argument, name, mend)
    found = []
    for each in given:
        where = f"{argument}[{each.classification!r}]"
        check_properties(scope, where, each.properties)
        found.append(
            emrserverless.CfnApplication.ConfigurationObjectProperty(
                classification=each.classification,
                properties=dict(each.properties) or None,
                configurations=render(scope, where, each.configurations, engine) or None,
            )
        )
    return found
