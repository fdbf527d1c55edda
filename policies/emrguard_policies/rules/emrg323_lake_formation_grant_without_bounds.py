"""Lake Formation decides on databases, tables and columns only as far as its permissions name them.

An execution role that holds a permission with the grant option hands it on to whomever its jobs like. `ALL` or the
whole catalog includes what is made tomorrow. A list of columns that the deployment chooses, or a wildcard that leaves
none out, may be all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_GRANTS = {
    "AWS::LakeFormation::Permissions": "DataLakePrincipal.DataLakePrincipalIdentifier",
    "AWS::LakeFormation::PrincipalPermissions": "Principal.DataLakePrincipalIdentifier",
}
_EVERYTHING = ("ALL", "SUPER", "SUPER_USER")
_NAMES = (
    "Resource.Database.Name", "Resource.Table.DatabaseName", "Resource.Table.Name",
    "Resource.TableWithColumns.DatabaseName", "Resource.TableWithColumns.Name", "Resource.TableWithColumns.ColumnNames",
    "Resource.DataCellsFilter.DatabaseName", "Resource.DataCellsFilter.TableName", "Resource.DataCellsFilter.Name",
    "Resource.DatabaseResource.Name", "Resource.TableResource.DatabaseName", "Resource.TableResource.Name",
    "Resource.TableWithColumnsResource.DatabaseName", "Resource.TableWithColumnsResource.Name",
    "Resource.TableWithColumnsResource.ColumnNames",
)  # fmt: skip
"""Where both types name what a permission is on."""


def check(context: Context) -> Iterator[Violation]:
    """Permissions of execution roles that can be handed on, are for everything, or are on what nobody knows."""
    execution = set(context.execution_roles)
    for kind, principal in _GRANTS.items():
        for grant in context.of(kind):
            if context.target(grant, principal) in execution:
                yield from _judge(context, grant)


def _judge(context: Context, grant: Resource) -> Iterator[Violation]:
    for path in ("PermissionsWithGrantOption", "Permissions"):
        value = context.get(grant, path)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        if any(map(context.unknown, listed)):
            yield Violation(grant, path, "which permissions depends on the deployment", undecided=True)
        elif path == "Permissions" and any(item in _EVERYTHING for item in listed):
            yield Violation(grant, path, f"{', '.join(listed)} includes every other permission")
        elif path == "PermissionsWithGrantOption" and listed:
            yield Violation(grant, path, f"jobs may hand {', '.join(map(str, listed))} on to anybody")
    for path in ("Resource.Catalog", "Resource.CatalogResource"):
        if context.get(grant, path) is not None:
            yield Violation(grant, path, "the permission is on the whole catalog")
    for path in _NAMES:
        value = context.get(grant, path)
        if any(map(context.anything, value if isinstance(value, list) else [value])):
            yield Violation(grant, path, "what the permission is on depends on the deployment", undecided=True)
    for path in ("Resource.TableWithColumns", "Resource.TableWithColumnsResource"):
        columns = context.get(grant, path)
        if isinstance(columns, dict) and not _leaves_out(columns.get("ColumnWildcard")):
            yield Violation(grant, f"{path}.ColumnWildcard", "no column is left out")


def _leaves_out(wildcard: Any) -> bool:
    return not isinstance(wildcard, dict) or bool(wildcard.get("ExcludedColumnNames"))


RULE = Rule(
    id="EMRG323",
    name="lake-formation-grant-without-bounds",
    severity="warning",
    title="Permission of Lake Formation that an execution role can hand on, or that is on everything",
    rationale=__doc__,
    mend="Leave PermissionsWithGrantOption empty, and name permissions, tables and columns in the template.",
    source="https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-3", "AC-6")},
    check=check,
)
