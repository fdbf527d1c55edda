"""Whoever may call GetApplication reads the runtime configuration, and so does every job.

A password or token in it leaves the template, the console and the logs of the deployment in plain text; a dynamic
reference does not help, because CloudFormation replaces it by the value. EMR Serverless resolves
`EMR.secret@<name>` when a job starts and shows only the reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import secrets
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "RuntimeConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Properties named like secrets whose value is not a reference to a secret."""
    for application in context.applications:
        yield from _walk(context, application, context.get(application, _PROPERTY), _PROPERTY)


def _walk(context: Context, application: Resource, configuration: Any, path: str) -> Iterator[Violation]:
    if context.unknown(configuration):
        yield Violation(application, path, "the configuration depends on the deployment", undecided=True)
    for index, item in enumerate(configuration if isinstance(configuration, list) else ()):
        here = f"{path}[{index}]"
        if not isinstance(item, Mapping):
            yield Violation(application, here, "the configuration depends on the deployment", undecided=True)
            continue
        properties = item.get("Properties")
        for key, value in properties.items() if isinstance(properties, Mapping) else ():
            if not secrets.exposed(key, value):
                continue
            where = f"{here}.Properties.{key}"
            if context.unknown(value) and not _is_dynamic(application, key):
                yield Violation(application, where, f"{key} depends on the deployment", undecided=True)
            else:
                yield Violation(application, where, f"{key} holds a value of {len(value)} characters in plain text")
        yield from _walk(context, application, item.get("Configurations"), f"{here}.Configurations")


def _is_dynamic(application: Resource, key: str) -> bool:
    """Whether the property is written as a dynamic reference, whose value CloudFormation inserts as plain text."""
    return f'"{key}": "{{{{resolve:' in json.dumps(application.properties.get(_PROPERTY))


RULE = Rule(
    id="EMRG111",
    name="secret-in-runtime-configuration",
    severity="error",
    title="Secret in plain text in the runtime configuration",
    rationale=__doc__,
    mend="Put the value into a secret of AWS Secrets Manager and write EMR.secret@<SecretName>.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/secrets-manager.html",
    frameworks={"AWS Well-Architected": ("SEC02-BP03",), "NIST 800-53 r5": ("IA-5(7)",)},
    check=check,
)
