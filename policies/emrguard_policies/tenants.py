"""Which tenant owns what: from the manifest that the constructs write, from a map, or inferred from the applications.

The manifest is `Metadata.emrguard` of each resource. Without any, each EMR Serverless application is a tenant; it owns
what stands in its stack, or, where a stack has several applications, what shares its scope in the construct tree or is
tied to it by a policy that starts its jobs with a role.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from emrguard_policies.assembly import Assembly, Mark, Resource, Template
from emrguard_policies.carriers import ROLE, name_of
from emrguard_policies.exceptions import InputError
from emrguard_policies.resolution import Resolver

APPLICATION = "AWS::EMRServerless::Application"
SERVICE = "emr-serverless.amazonaws.com"


@dataclass
class Tenants:
    """`marks` has the mark of every resource that has one; `assumptions` say how tenants were found."""

    names: tuple[str, ...]
    marks: dict[Resource, Mark]
    assumptions: list[str] = field(default_factory=list)

    def mark(self, resource: Resource) -> Mark:
        """The mark of a resource; an empty one where it has none."""
        return self.marks.get(resource, _NONE)


_NONE = Mark()


def tenants_of(assembly: Assembly, resolver: Resolver, given: Mapping[str, Any] | None = None) -> Tenants:
    """The tenants of an assembly.

    `given` overrides what the templates say: {"tenants": {name: [pattern, …]}, "shared": {pattern: reason},
    "prefixes": {pattern: {name: [prefix, …]}}}; patterns are shell patterns over construct paths or
    `<stack>/<logical id>`.

    Raises:
        InputError: `given` has another form.
    """
    found = _given(assembly, given) if given is not None else _told(assembly, resolver)
    for replica in assembly.resources("AWS::KMS::ReplicaKey"):
        primary = resolver.target(replica.template, replica.properties.get("PrimaryKeyArn"))
        if primary is not None and primary in found.marks:
            # It decrypts what the primary key encrypts, whoever made it.
            found.marks[replica] = found.marks[primary]
    return found


def _told(assembly: Assembly, resolver: Resolver) -> Tenants:
    marks = {
        resource: resource.mark
        for resource in assembly.resources()
        if resource.mark.tenant or resource.mark.shared or resource.mark.prefixes
    }
    names = {mark.tenant for mark in marks.values() if mark.tenant} | {
        tenant for mark in marks.values() for tenant in mark.prefixes
    }
    if names:
        return Tenants(tuple(sorted(names)), marks)
    return _inferred(assembly, resolver, marks)


def _given(assembly: Assembly, given: Mapping[str, Any]) -> Tenants:
    unknown = sorted(set(given) - {"tenants", "shared", "prefixes"})
    if unknown:
        raise InputError(f"tenants: unknown element {unknown[0]}; known are tenants, shared, prefixes")
    owners = _map(given.get("tenants", {}), "tenants")
    shared = _map(given.get("shared", {}), "shared")
    prefixes = _map(given.get("prefixes", {}), "prefixes")
    marks: dict[Resource, Mark] = {}
    used: set[str] = set()
    for resource in assembly.resources():
        owner: str | None = None
        for tenant, patterns in owners.items():
            for pattern in _texts(patterns, f"tenants.{tenant}"):
                if _fits(resource, pattern):
                    used.add(pattern)
                    if owner not in (None, tenant):
                        raise InputError(f"tenants: {name_of(resource)} belongs to both {owner} and {tenant}")
                    owner = tenant
        reason = next((text for pattern, text in shared.items() if _fits(resource, pattern)), None)
        parts: dict[str, tuple[str, ...]] = {}
        for pattern, listed in prefixes.items():
            if _fits(resource, pattern):
                found = _map(listed, f"prefixes.{pattern}")
                parts = {tenant: _texts(texts, f"prefixes.{pattern}.{tenant}") for tenant, texts in found.items()}
        if owner or reason or parts:
            text = str(reason) if reason else "shared by prefix" if parts else None
            marks[resource] = Mark(None if parts else owner, resource.mark.part, text, parts)
    for tenant, patterns in owners.items():
        for pattern in _texts(patterns, f"tenants.{tenant}"):
            if pattern not in used:
                raise InputError(f"tenants.{tenant}: no resource fits {pattern!r}")
    return Tenants(tuple(sorted(owners)), marks, ["tenants are as the given map says, not as the templates do"])


def _fits(resource: Resource, pattern: str) -> bool:
    return fnmatchcase(name_of(resource), pattern) or fnmatchcase(
        f"{resource.template.name}/{resource.logical_id}", pattern
    )


def _map(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: found {type(value).__name__}; use an object")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: use a list of strings")
    return tuple(value)


# Inference


def _inferred(assembly: Assembly, resolver: Resolver, marks: dict[Resource, Mark]) -> Tenants:
    applications = list(assembly.resources(APPLICATION))
    names: dict[Resource, str] = {}
    for application in applications:
        name = resolver.resolve(application.template, application.properties.get("Name"))
        text = name if isinstance(name, str) and name and resolver.is_known(name) else name_of(application)
        names[application] = text if text not in names.values() else name_of(application)
    owners: dict[Resource, Resource] = {}
    for resource in assembly.resources():
        owner = _owner(resource, applications)
        if owner is not None:
            owners[resource] = owner
    contested: set[Resource] = set()
    for role, application in (*_submissions(assembly, resolver), *_jobs(assembly, resolver)):
        if owners.setdefault(role, application) is not application:
            contested.add(role)
    for role in contested:
        # Two applications run with this role: it belongs to neither.
        del owners[role]
    found = dict(marks)
    for resource, application in owners.items():
        if resource not in found:
            found[resource] = Mark(tenant=names[application])
    assumptions = []
    if applications:
        owned = ", ".join(
            f"{names[application]} ({sum(owner is application for owner in owners.values())} resources)"
            for application in applications
        )
        assumptions.append(
            "the templates name no tenants: each application is taken to be one, and to own what stands in its stack,"
            f" in its scope or runs its jobs: {owned}"
        )
    return Tenants(tuple(sorted(names.values())), found, assumptions)


def _owner(resource: Resource, applications: list[Resource]) -> Resource | None:
    here = [each for each in applications if _top(each.template) is _top(resource.template)]
    if len(here) <= 1:
        return here[0] if here else None
    depth = {each: _shared_depth(resource, each) for each in here}
    best = max(depth.values())
    nearest = [each for each, common in depth.items() if common == best]
    return nearest[0] if len(nearest) == 1 else None


def _top(template: Template) -> Template:
    while template.parent is not None:
        template = template.parent
    return template


def _shared_depth(one: Resource, other: Resource) -> int:
    count = 0
    for left, right in zip(one.construct_path.split("/"), other.construct_path.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


def _submissions(assembly: Assembly, resolver: Resolver) -> Iterator[tuple[Resource, Resource]]:
    """Roles and the applications on which a policy lets somebody start jobs with them."""
    types = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::Role", "AWS::IAM::User")
    for resource in assembly.resources(*types):
        properties = resolver.properties(resource)
        inline = properties.get("Policies")
        documents = [properties.get("PolicyDocument")]
        documents += [item.get("PolicyDocument") for item in inline or () if isinstance(item, Mapping)]
        for document in documents:
            started: set[Resource] = set()
            passed: set[Resource] = set()
            for statement in _statements(document):
                actions = {str(action).lower() for action in _listed(statement.get("Action"))}
                targets = {_target(resolver, text) for text in _listed(statement.get("Resource"))} - {None}
                if actions & {"emr-serverless:startjobrun", "emr-serverless:startsession"}:
                    started |= {each for each in targets if each is not None and each.type == APPLICATION}
                if "iam:passrole" in actions:
                    passed |= {each for each in targets if each is not None and each.type == ROLE}
            if len(started) == 1:
                for role in passed:
                    yield role, next(iter(started))


def _jobs(assembly: Assembly, resolver: Resolver) -> Iterator[tuple[Resource, Resource]]:
    """Roles and applications that state machines and schedules name together in a job that they start."""
    for resource in assembly.resources("AWS::StepFunctions::StateMachine", "AWS::Scheduler::Schedule"):
        properties = resolver.properties(resource)
        substitutions = properties.get("DefinitionSubstitutions")
        for written in _definitions(properties):
            text = written
            for name, value in substitutions.items() if isinstance(substitutions, Mapping) else ():
                text = text.replace(f"${{{name}}}", str(value)) if isinstance(text, str) else text
            for job in _started(text):
                application, role = (
                    _job_target(resolver, job.get(key)) for key in ("applicationid", "executionrolearn")
                )
                if application and role and application.type == APPLICATION and role.type == ROLE:
                    yield role, application


def _definitions(properties: Mapping[str, Any]) -> Iterator[Any]:
    yield properties.get("Definition")
    yield properties.get("DefinitionString")
    target = properties.get("Target")
    yield target.get("Input") if isinstance(target, Mapping) else None


def _started(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects in a definition that name an application and a role, their keys in lower case without `.$`."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, Mapping):
        lowered = {str(key).lower().removesuffix(".$"): item for key, item in value.items()}
        if "applicationid" in lowered and "executionrolearn" in lowered:
            yield lowered
        for item in value.values():
            yield from _started(item)
    elif isinstance(value, list):
        for item in value:
            yield from _started(item)


def _job_target(resolver: Resolver, text: Any) -> Resource | None:
    return resolver.find(text) if isinstance(text, str) else None


def _statements(document: Any) -> Iterator[Mapping[str, Any]]:
    found = document.get("Statement") if isinstance(document, Mapping) else None
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Mapping) and statement.get("Effect") == "Allow":
            yield statement


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _target(resolver: Resolver, text: Any) -> Resource | None:
    return resolver.find(re.sub(r"(/\*|\*)$", "", text)) if isinstance(text, str) else None
