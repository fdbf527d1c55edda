"""The security groups of applications, and rules in them that are open to anywhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Violation
from emrguard_policies.rules.context import Context

_WIDEST = {4: 8, 6: 16}
"""Shortest prefixes of ranges that somebody could have been given: wider ones are half the world."""
_WORDS = {"Ingress": ("ingress from", "source"), "Egress": ("egress to", "destination")}


def of_applications(context: Context, judge: Callable[[Context, Resource], Iterator[Violation]]) -> Iterator[Violation]:
    """What `judge` says of each group, once a group; a group that is not in the assembly is undecided."""
    judged: set[Resource] = set()
    for application in context.applications:
        for where, group in context.security_groups(application):
            if group is None:
                yield Violation(application, where, "the security group is not in the assembly", undecided=True)
            elif group not in judged:
                judged.add(group)
                yield from judge(context, group)


def open_rules(context: Context, group: Resource, direction: str) -> Iterator[Violation]:
    """The rules of a group, `Ingress` or `Egress`, whose other side is, or may be, anywhere."""
    yield from _open(context, context.security_group_rules(group, direction), direction)


def open_rules_elsewhere(context: Context, direction: str) -> Iterator[Violation]:
    """Such rules that stand in an assembly with applications, on groups that do not."""
    kind = f"AWS::EC2::SecurityGroup{direction}"
    listed = context.of(kind) if context.applications else []
    strange = [each for each in listed if context.target(each, "GroupId") is None]
    yield from _open(context, [(each, "", dict(context.resolver.properties(each))) for each in strange], direction)


def _open(context: Context, rules: list[tuple[Resource, str, Any]], direction: str) -> Iterator[Violation]:
    open_to, side = _WORDS[direction]
    for resource, where, item in rules:
        addresses = [item.get(key) for key in ("CidrIp", "CidrIpv6")] if isinstance(item, Mapping) else [item]
        found = [address for address in addresses if _is_anywhere(address)]
        if found:
            yield Violation(resource, where, f"{open_to} {found[0]}")
        elif any(context.unknown(address) for address in addresses) or _any_group(context, item):
            yield Violation(resource, where, f"the {side} of a rule depends on the deployment", undecided=True)


def _any_group(context: Context, item: object) -> bool:
    """Whether a rule names a group on the other side that could be any."""
    group = item.get("DestinationSecurityGroupId") if isinstance(item, Mapping) else None
    return context.anything(group) and context.resolver.find(str(group)) is None


def _is_anywhere(address: object) -> bool:
    try:
        network = ipaddress.ip_network(address, strict=False) if isinstance(address, str) else None
    except ValueError:
        return False
    return network is not None and network.prefixlen < _WIDEST[network.version]
