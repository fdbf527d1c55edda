"""What a call needs: the permissions that AWS judges for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from emrguard_local.authorizer.asked import Asked

Value = str | list[str]
Context = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Needed:
    """One permission: an action on a resource, in a context beside that of the call itself.

    `kind` says whose policy on the resource is asked as well: that of a bucket, a KMS key, an SNS topic or a role's
    trust policy; `holder` is what carries it (moto's bucket, `keys.KeyRef`, moto's topic, moto's role), None where it
    does not exist. `via` is the service principal that acts on the caller's behalf. `account` owns the resource, by
    default the account of the local cloud. `item` is the key and version of an object that `DeleteObjects` answers for
    on its own.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    kind: Literal["bucket", "key", "topic", "trust"] | None = None
    holder: Any = None
    via: str | None = None
    account: str | None = None
    item: tuple[str, str | None] | None = None


Rule = Callable[[Asked], Iterable[Needed]]
"""What one operation needs, read out of a call."""

Table = Mapping[str, Rule]
"""The rules of a service, by botocore's operation names."""


class CannotTellError(Exception):
    """The parameters do not say which resource the call is about; the call is refused with this message."""


def nothing(_: Asked) -> Sequence[Needed]:
    """The rule of operations that every authenticated caller may use."""
    return ()


def on_anything(action: str) -> Rule:
    """The rule of an action that is judged on no particular resource."""
    needed = (Needed(action, "*"),)
    return lambda _: needed


def request_tags(tags: Mapping[str, str]) -> dict[str, Value]:
    """The condition keys of tags that a request brings."""
    if not tags:
        return {}
    context: dict[str, Value] = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    context["aws:TagKeys"] = list(tags)
    return context


def resource_tags(tags: Mapping[str, str], *services: str) -> dict[str, Value]:
    """The condition keys of a resource's own tags: aws:ResourceTag and those of services that have one themselves."""
    return {f"{each}:ResourceTag/{name}": value for each in ("aws", *services) for name, value in tags.items()}


def tag_list(tags: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """A list of tag objects as a mapping."""
    return {str(each[key]): str(each.get(value, "")) for each in tags or []}


def tag_keys(names: Iterable[str]) -> dict[str, Value]:
    """The condition key of tags that a request takes away."""
    return {"aws:TagKeys": list(names)}


def pass_role(asked: Asked, role_arn: str, service: str) -> Needed:
    """iam:PassRole of a role to a service principal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    role = asked.state.role(role_arn)
    tags = tag_list(role.tags) if role is not None else {}
    context: dict[str, Value] = {"iam:PassedToService": service, **resource_tags(tags, "iam")}
    return Needed("iam:PassRole", role_arn, context)
