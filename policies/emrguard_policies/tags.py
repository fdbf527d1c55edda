"""Tags that policies rely on: which tags a resource has in the templates, as a condition on `aws:ResourceTag/…`.

A tag that no template sets may have any value. One that is set has this value, or the service does not send it; that
holds as long as nobody can change it, which the proof asks of every tenant.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.carriers import Carriers
from emrguard_policies.iam.boxes import KeyAtom, key_dimension
from emrguard_policies.iam.glob import Space
from emrguard_policies.iam.symbolic import Compiled
from emrguard_policies.resolution import Resolver

_KEY = "aws:resourcetag/"


class Tags:
    """What is known of tags. `relied_on` has the tag keys, in lower case, that some policy asks about."""

    def __init__(self, resolver: Resolver, space: Space, found: Carriers) -> None:
        self._resolver = resolver
        self._space = space
        self.relied_on = frozenset(_asked(_policies(found)))

    def atoms(self, resource: Resource) -> tuple[KeyAtom, ...]:
        """The tags of a resource that matter to some policy."""
        if not self.relied_on:
            return ()
        atoms = []
        for key, value in self._of(resource).items():
            if key.lower() in self.relied_on:
                test = self._space.automaton((value,), "text", "exact")
                atoms.append(KeyAtom(key_dimension(self._space, f"aws:ResourceTag/{key}"), True, True, test))
        return tuple(atoms)

    def _of(self, resource: Resource) -> Mapping[str, str]:
        found = self._resolver.properties(resource).get("Tags")
        pairs: list[tuple[Any, Any]] = []
        if isinstance(found, Mapping):
            pairs = list(found.items())
        elif isinstance(found, list):
            pairs = [(each.get("Key"), each.get("Value")) for each in found if isinstance(each, Mapping)]
        keys = [key for key, _ in pairs]
        # IAM compares the names of keys without regard to case: two that differ so alone are one to it.
        lowered = [key.lower() for key in keys if isinstance(key, str)]
        return {
            key: value
            for key, value in pairs
            if isinstance(key, str) and isinstance(value, str) and lowered.count(key.lower()) == 1
        }


def _policies(found: Carriers) -> Iterable[Compiled]:
    for carrier in found.carriers:
        yield from carrier.held.identity
        if carrier.held.boundary:
            yield carrier.held.boundary
    for listed in (*found.policies_of.values(), *found.everywhere.values()):
        yield from listed


def _asked(policies: Iterable[Compiled]) -> Iterable[str]:
    for policy in policies:
        for statement in policy.policy.statements:
            for condition in statement.conditions:
                key = condition.key.lower()
                if key.startswith(_KEY):
                    yield key.removeprefix(_KEY)
