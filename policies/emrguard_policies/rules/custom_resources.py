"""What custom resources do to applications, with what CloudFormation itself has no property for.

A custom resource is taken to do something to an application when its properties name both: the application's id or ARN,
and a switch or an API call whose name says what, such as `StopOnDelete: true` or `{"action": "stopApplication", …}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.symbols import symbols_in
from emrguard_policies.rules.context import APPLICATION, Context

_TYPE = "AWS::CloudFormation::CustomResource"
_WORD = re.compile(r"[^a-z]")


@dataclass
class Deeds:
    """What custom resources say about one application: words of names and texts in lower case.

    `undecided` has the words that stand before a value which only the deployment knows.
    """

    words: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)

    def says(self, *parts: str) -> bool | None:
        """Whether some word contains one of some parts; None where that depends on the deployment."""
        if any(part in word for word in self.words for part in parts):
            return True
        return None if any(part in word for word in self.undecided for part in parts) else False


def of_application(context: Context, application: Resource) -> Deeds:
    """What custom resources say about an application."""
    return context.once(_by_application).get(application) or Deeds()


def anywhere(context: Context) -> Deeds:
    """What the custom resources of the assembly say."""
    return context.once(_all)


def _customs(context: Context) -> Iterator[Resource]:
    for resource in context.assembly.resources():
        if resource.type.startswith("Custom::") or resource.type == _TYPE:
            yield resource


def _all(context: Context) -> Deeds:
    found = Deeds()
    for custom in _customs(context):
        _collect(context, custom, found)
    return found


def _by_application(context: Context) -> dict[Resource, Deeds]:
    found: dict[Resource, Deeds] = {}
    for custom in _customs(context):
        said = Deeds()
        for text in _collect(context, custom, said):
            for char in symbols_in(text):
                target = context.resolver.find(char)
                if target is not None and target.type == APPLICATION:
                    deeds = found.setdefault(target, Deeds())
                    deeds.words |= said.words
                    deeds.undecided |= said.undecided
    return found


def _collect(context: Context, custom: Resource, found: Deeds) -> list[str]:
    """All texts of a custom resource; adds what they say to `found`."""
    texts: list[str] = []
    _walk(context, dict(context.resolver.properties(custom)), found, texts)
    return texts


def _walk(context: Context, value: Any, found: Deeds, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
        found.words.add(_WORD.sub("", value.lower()))
    elif isinstance(value, list):
        for item in value:
            _walk(context, item, found, texts)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            word = _WORD.sub("", str(name).lower())
            if context.unknown(item):
                found.undecided.add(word)
            elif item and context.flag(item) is not False:
                found.words.add(word)
            _walk(context, item, found, texts)
