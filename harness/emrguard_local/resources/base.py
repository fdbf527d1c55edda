"""What every resource handler is given, returns and promises.

A handler declares the shape of the properties that it models. It applies every one of them through the service's API
and reads them back, because an emulated service may drop silently what it does not know: `Creation.verify` turns such a
loss into a `DeployError`, so that a deployed resource is what its template says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from emrguard_local.exceptions import DeployError
from emrguard_local.resources.shapes import Record
from emrguard_local.stacks.naming import physical_name


@dataclass(frozen=True)
class Created:
    """A resource that exists: what `Ref` and each attribute of `Fn::GetAtt` give.

    `physical_id` is what CloudFormation shows for the resource; the same as `ref` unless the type says otherwise.
    """

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    physical_id: str | None = None


@dataclass(frozen=True)
class Creation:
    """One resource to create: its resolved properties and the clients of the cloud to create it in."""

    stack: str
    stack_id: str
    stack_tags: Mapping[str, str]
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    region: str
    account_id: str
    partition: str
    client: Callable[[str], Any]
    system_tagged: bool
    concede: Callable[[str], None]
    """Record a listed exception: `concede("Tags")` for a property in `exceptions.EXCEPTIONS`."""

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The property, or the default when the template does not set it."""
        return self.properties.get(name, default)

    def given(self, **api_names: str) -> dict[str, Any]:
        """API parameters from the properties that the template sets: `given(Description="Description")`."""
        return {api: self.properties[name] for api, name in api_names.items() if name in self.properties}

    def name(self, limit: int, *, lower: bool = False) -> str:
        """A generated physical name of at most `limit` characters."""
        return physical_name(self.stack, self.logical_id, limit=limit, lower=lower)

    @property
    def system_tags(self) -> dict[str, str]:
        """The `aws:cloudformation:*` tags, for a type on which CloudFormation puts them; else empty."""
        if not self.system_tagged:
            return {}
        return {
            "aws:cloudformation:stack-name": self.stack,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags of the stack and, before them, of the resource in the template."""
        tags = self.properties.get("Tags", [])
        own = tags if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}
        return {**self.stack_tags, **own}

    @property
    def tags(self) -> dict[str, str]:
        """`own_tags` and those of CloudFormation itself."""
        return self.own_tags | self.system_tags

    def tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """`tags` as the list of pairs that most APIs take."""
        return [{key: name, value: text} for name, text in self.tags.items()]

    def error(self, message: str) -> DeployError:
        """A `DeployError` that names this resource."""
        return DeployError(f"{self.stack}/{self.logical_id} ({self.type}): {message}")

    def verify(self, name: str, asked: Any, found: Any) -> None:
        """Raise a `DeployError` unless all that was asked for is found in what the service says it has.

        `found` may have more keys; lists must have the same members, in any order.
        """
        lost = difference(asked, found, name)
        if lost:
            raise self.error(
                f"the local cloud did not keep {lost}; leave the property out, or list it in "
                "emrguard_local.resources.exceptions with the reason"
            )

    def verify_tags(self, found: Mapping[str, str]) -> None:
        """`verify` for all tags."""
        self.verify("Tags", self.tags, dict(found))


def difference(asked: Any, found: Any, path: str) -> str | None:
    """Where `asked` is not contained in `found`: `path: asked X, found Y`, or None."""
    if isinstance(asked, Mapping):
        if not isinstance(found, Mapping):
            return _said(path, asked, found)
        for key, value in asked.items():
            lost = difference(value, found.get(key), f"{path}.{key}")
            if lost:
                return lost
        return None
    if isinstance(asked, list):
        if not isinstance(found, list) or len(asked) != len(found):
            return _said(path, asked, found)
        rest = list(found)
        for item in asked:
            match = next((i for i, other in enumerate(rest) if difference(item, other, path) is None), None)
            if match is None:
                return _said(path, item, rest[0] if len(rest) == 1 else rest)
            rest.pop(match)
        return None
    return None if asked == found else _said(path, asked, found)


def _said(path: str, asked: Any, found: Any) -> str:
    return f"{path}: asked {_short(asked)}, found {'nothing' if found is None else _short(found)}"


def _short(value: Any) -> str:
    text = json.dumps(value, default=str, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:197]}..."


def same_document(asked: Mapping[str, Any], found: str | Mapping[str, Any]) -> tuple[Any, Any]:
    """Two JSON documents in a form in which only equal ones are equal: for `verify`."""
    other = json.loads(found) if isinstance(found, str) else found
    return json.dumps(asked, sort_keys=True), json.dumps(other, sort_keys=True)


@dataclass(frozen=True)
class Handler:
    """How one resource type is created.

    `attributes` are the names that `Fn::GetAtt` knows; `system_tagged` says whether CloudFormation puts its own tags on
    the type (`tagging.cloudFormationSystemTags` of the resource schema).
    """

    type: str
    shape: Record
    create: Callable[[Creation], Created]
    attributes: frozenset[str] = frozenset()
    system_tagged: bool = False


CUSTOM = "AWS::CloudFormation::CustomResource"


def handler_of(handlers: Mapping[str, Handler], type_name: str) -> Handler | None:
    """The handler of a type, None where there is none; all of `Custom::` have that of custom resources."""
    if type_name.startswith("Custom::") and CUSTOM in handlers:
        return replace(handlers[CUSTOM], type=type_name)
    return handlers.get(type_name)


def handles(
    type_name: str, shape: Record, *, attributes: tuple[str, ...] = (), system_tagged: bool = False
) -> Callable[[Callable[[Creation], Created]], Handler]:
    """Make a function the handler of a resource type."""

    def decorate(create: Callable[[Creation], Created]) -> Handler:
        return Handler(type_name, shape, create, frozenset(attributes), system_tagged)

    return decorate
