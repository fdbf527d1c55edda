"""Stores outside of the assembly that tenants' policies name in full: two tenants that name the same one share it.

So do two tenants to whom Lake Formation gives rights on tables of a database that is nobody's.

The templates do not say whose such a table, stream or bucket is. One tenant alone is taken to be meant, as `envelope`
does; a second one that reaches it is a finding, unless `Metadata.emrguard.outside` of a template declares it as shared,
with a reason: a list of {"arn": …, "shared": …}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from emrguard_policies import goal_actions as actions_on
from emrguard_policies.assembly import Resource, Template
from emrguard_policies.carriers import Carrier, name_of
from emrguard_policies.envelope import is_open
from emrguard_policies.goals import Goal
from emrguard_policies.iam.symbolic import Target, left_to
from emrguard_policies.proof import Counterexample
from emrguard_policies.resolution import Resolver
from emrguard_policies.tenants import Tenants

# Service and kind of resource as ARNs have them → check, what one may do with it.
_STORES: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("s3", ""): ("data", (*actions_on.OBJECT, *actions_on.LIST)),
    ("sqs", ""): ("data", actions_on.MESSAGES),
    ("sns", ""): ("data", actions_on.ON_TOPIC_OF_TENANT),
    ("dynamodb", "table"): ("data", actions_on.ITEMS),
    ("kinesis", "stream"): ("data", actions_on.RECORDS),
    ("kafka", "topic"): ("data", actions_on.ON_TOPIC),
    ("secretsmanager", "secret"): ("secrets", actions_on.SECRET),
    ("glue", "table"): ("catalog", actions_on.TABLE),
    ("iam", "role"): ("roles", actions_on.ASSUME),
}


_ROLE = re.compile(r"arn:[^:]*:iam::(?P<account>\d{12}):role/[^*?]+")
_OWNER = "aws:resourceaccount"
_LAKE = ("AWS::LakeFormation::PrincipalPermissions", "AWS::LakeFormation::Permissions")
# The forms of a grant on tables: element, the property with the database's name.
_ON_TABLES = {
    "Table": "DatabaseName", "TableWithColumns": "DatabaseName", "DataCellsFilter": "DatabaseName",
    "TableResource": "DatabaseName", "TableWithColumnsResource": "DatabaseName",
}  # fmt: skip


class Outside:
    """Reads them off the tenants' principals. `assumptions` says what is shared; `other` gives another account."""

    def __init__(self, resolver: Resolver, tenants: Tenants, other: Callable[[str], str]) -> None:
        self._resolver = resolver
        self._other = other
        self._tenants = tenants
        self._shared = dict(self._declared())
        self.assumptions = [
            f"shared on purpose, outside of the templates: {resolver.symbols.readable(arn)}: {reason}"
            for arn, reason in self._shared.items()
        ]

    def goals(self, carriers: Sequence[Carrier]) -> Iterator[Goal]:
        """One goal a store, which belongs to nobody."""
        seen: dict[str, None] = {}
        for carrier in carriers:
            tenant = None if carrier.resource is None else self._tenants.mark(carrier.resource).tenant
            for text in dict.fromkeys(_named(carrier)) if tenant else ():
                kind = _kind(text)
                if kind is None or text in seen or self._is_inside(text) or self._is_shared(text):
                    continue
                seen[text] = None
                check, actions = _STORES[kind]
                name = f"{self._resolver.symbols.readable(text)}, which is not in the assembly,"
                for owner in self._owners(text, carrier):
                    yield Goal(None, check, name, actions, _target(text, owner, carrier.subject.account))

    def counterexamples(self) -> Iterator[Counterexample]:
        """Databases that belong to nobody, and on which Lake Formation gives rights to several tenants."""
        found: dict[str, dict[str, tuple[Resource, Resource]]] = {}
        for grant in self._resolver.assembly.resources(*_LAKE):
            principal = self._resolver.target(grant.template, _principal(grant))
            tenant = self._tenants.mark(principal).tenant if principal is not None else None
            database = self._database(grant)
            if principal is not None and tenant is not None and database is not None and not self._is_shared(database):
                found.setdefault(database, {}).setdefault(tenant, (principal, grant))
        for database, grants in found.items():
            if len(grants) > 1:
                (tenant, (principal, grant)), *_ = grants.items()
                names = tuple(name_of(each) for _, each in grants.values())
                shown, teams = self._resolver.symbols.readable(database), " and ".join(sorted(grants))
                yield Counterexample(
                    "unowned", name_of(principal), "lakeformation:GetDataAccess", shown, {}, (), names,
                    "say whose the database is, or declare it as shared on purpose, with a reason", tenant, None,
                    f"Lake Formation gives {teams} rights on tables of one database that belongs to no tenant",
                )  # fmt: skip

    def _database(self, grant: Resource) -> str | None:
        """The ARN of the database whose tables a grant is on; None for one that has an owner or is named otherwise."""
        on = self._resolver.properties(grant).get("Resource")
        for form, key in _ON_TABLES.items():
            body = on.get(form) if isinstance(on, Mapping) else None
            name = body.get(key) if isinstance(body, Mapping) else None
            if not isinstance(body, Mapping) or not isinstance(name, str):
                continue
            template = grant.template
            region, account = self._resolver.region(template), self._resolver.account(template)
            catalog = next((body[each] for each in ("CatalogId", "TableCatalogId") if each in body), account)
            arn = f"arn:{self._resolver.partition(template)}:glue:{region}:{catalog}:database/{name}"
            inside = self._resolver.find(arn)
            mark = self._tenants.mark(inside) if inside is not None else None
            return None if mark is not None and (mark.tenant or mark.shared) else arn
        return None

    def _owners(self, text: str, carrier: Carrier) -> list[str]:
        """The accounts that the store may be of: an ARN in S3 does not say it, but a condition may."""
        own = carrier.subject.account
        written = text.split(":", 5)[4]
        if written:
            return [written]
        conditions = (
            value
            for policy in carrier.held.identity
            for grant in policy.grants
            for condition in grant.statement.conditions
            if condition.key.lower() == _OWNER
            for value in condition.values
        )
        return list(dict.fromkeys((own, self._other(own), *conditions)))

    def _is_inside(self, text: str) -> bool:
        """Whether the text names a resource of the assembly, or what is in one."""
        head, _, rest = text.partition(":::") if ":s3:::" in text else (text, "", "")
        if rest:
            return self._resolver.find(f"{head}:::{rest.split('/')[0]}") is not None
        kind = _kind(text)
        if kind == ("glue", "table"):
            *place, name = text.split(":", 5)
            database = f"{':'.join(place)}:database/{name.split('/')[1]}"
            return self._resolver.find(database) is not None or self._resolver.find(text) is not None
        if kind == ("kafka", "topic"):
            text = text.replace(":topic/", ":cluster/", 1).rpartition("/")[0]
        ends = [index for index, char in enumerate(text) if char in "/:"]
        return any(self._resolver.find(text[:end]) is not None for end in (*ends, len(text)))

    def _is_shared(self, text: str) -> bool:
        for arn in self._shared:
            below = arn.replace(":database/", ":table/", 1) if ":glue:" in arn else arn
            if text == arn or text.startswith((f"{arn}/", f"{arn}:", f"{below}/")):
                return True
        return False

    def _declared(self) -> Iterator[tuple[str, str]]:
        for template in self._resolver.assembly.templates:
            for entry in _entries(template):
                arn, reason = self._resolver.resolve(template, entry.get("arn")), entry.get("shared")
                if isinstance(arn, str) and isinstance(reason, str) and reason.strip() and not is_open(arn):
                    yield arn, reason


def roles_abroad(carriers: Sequence[Carrier], accounts: Collection[str]) -> Iterator[str]:
    """Roles of other accounts than these that the principals' policies name in full."""
    for text in (text for carrier in carriers for text in _named(carrier)):
        found = _ROLE.fullmatch(text)
        if found and found["account"] not in accounts:
            yield text


def _named(carrier: Carrier) -> Iterator[str]:
    for policy in carrier.held.identity:
        for grant in policy.grants:
            for text in grant.statement.resources or () if not grant.opaque else ():
                if not is_open(text):
                    yield text


def _kind(text: str) -> tuple[str, str] | None:
    parts = text.split(":", 5)
    if len(parts) < 6:
        return None
    kind = "" if parts[2] in ("s3", "sqs", "sns") else parts[5].replace(":", "/").split("/")[0]
    return (parts[2], kind) if (parts[2], kind) in _STORES else None


def _target(text: str, owner: str, asker: str) -> Target:
    texts = tuple(dict.fromkeys((text, text.replace("*", "?*")) if text.endswith("*") else (text,)))
    if owner == asker:
        return Target(texts, asker)
    # A policy of the other account must let the asker in as well: it is taken to do so.
    return Target(texts, owner, (left_to([asker]),), gate=True)


def _principal(grant: Resource) -> Any:
    grantee = grant.properties.get("Principal") or grant.properties.get("DataLakePrincipal")
    return grantee.get("DataLakePrincipalIdentifier") if isinstance(grantee, Mapping) else grantee


def _entries(template: Template) -> Iterator[Mapping[str, Any]]:
    metadata = template.body.get("Metadata")
    ours = metadata.get("emrguard") if isinstance(metadata, Mapping) else None
    listed = ours.get("outside") if isinstance(ours, Mapping) else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping):
            yield entry
