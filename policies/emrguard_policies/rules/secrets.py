"""Secrets that applications refer to in their runtime configuration, as `EMR.secret@<SecretName>`.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/secrets-manager.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.context import Context

MARKER = "EMR.secret@"
"""What stands before the name of the secret."""
_PROPERTY = "RuntimeConfiguration"
_SECRET = re.compile(r"(password|passwd|secret|token|access[-_.]?key)([-_.]?(id|key|value))?$", re.IGNORECASE)
_INSIDE = re.compile(
    rf"://[^/\s:@]+:(?!{re.escape(MARKER)})[^/\s:@]+@"
    rf"|[?&;](?:password|passwd|pwd)=(?!{re.escape(MARKER)})[^&;\s]+"
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b",
    re.IGNORECASE,
)
"""A password in a URL, or the id of an access key."""
_PLAIN = re.compile(r"^(true|false|\d*)$", re.IGNORECASE)


def exposed(name: str, value: Any) -> bool:
    """Whether a value holds a secret: the setting is named like one, or it stands inside, as in the URL of a database.

    A reference to a secret is none, nor is a switch or a number.
    """
    if not isinstance(value, str) or _PLAIN.match(value) or value.startswith(MARKER):
        return False
    return bool(_SECRET.search(name) or _INSIDE.search(value))


def references(context: Context) -> Iterator[tuple[Resource, str, Resource | None]]:
    """Application, property path and secret of every reference; None for a secret outside of the assembly."""
    known = _secrets(context)
    for application in context.applications:
        for path, text in _walk(context.get(application, _PROPERTY), _PROPERTY):
            yield application, path, known.get(text.partition(MARKER)[2])


def _walk(configuration: Any, path: str) -> Iterator[tuple[str, str]]:
    for index, item in enumerate(configuration if isinstance(configuration, list) else ()):
        if not isinstance(item, Mapping):
            continue
        here = f"{path}[{index}]"
        properties = item.get("Properties")
        for key, value in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(value, str) and MARKER in value:
                yield f"{here}.Properties.{key}", value
        yield from _walk(item.get("Configurations"), f"{here}.Configurations")


def _secrets(context: Context) -> dict[str, Resource]:
    """The secrets of the assembly by what a reference may call them: name or ARN."""
    found: dict[str, Resource] = {}
    for secret in context.of("AWS::SecretsManager::Secret"):
        for name in (context.get(secret, "Name"), context.resolver.ref(secret)):
            if isinstance(name, str) and name:
                found[name] = secret
    return found
