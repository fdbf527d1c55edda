"""Grants on tables that AWS Lake Formation guards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lakeformation as lakeformation

from emrguard import _actions
from emrguard._granting import NO_RESOURCE
from emrguard._grants_catalog import CatalogGrants
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_Resource = lakeformation.CfnPrincipalPermissions.ResourceProperty


class LakeGrants(CatalogGrants):
    """The grants by way of Lake Formation that an `ExecutionRole` has."""

    def grant_lake_formation_full_table(
        self, database: str, tables: Sequence[str] | None = None, *, write: bool = False
    ) -> iam.Grant:
        """Let jobs use whole tables with credentials that Lake Formation vends; the role needs no right in S3.

        Needs emr-7.8.0, the Spark settings of the user guide, and in the account's data lake settings the leave for
        full-table access of other engines. The role gets `lakeformation:GetDataAccess`, the rights on the Data Catalog
        of `grant_glue_read` or `grant_glue_read_write`, and the permissions of Lake Formation, which whoever deploys
        must be allowed to grant. `default` needs DESCRIBE, too, where Lake Formation guards it.
        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/lake-formation-unfiltered-access.html

        In a VPC this needs the endpoints `glue` and `lakeformation`, and `s3` for the location of the data, which jobs
        read as the role that the location was registered with, not as this one: `network.allow_service(that_role, "s3",
        …)`; then acknowledge the warning `emrguard:lake-location-in-network`.

        Args:
            database: name of the database, plain text.
            tables: names of the tables, plain text, default all of the database, those to come included.
            write: also insert, delete, create, alter and drop; default only read.

        Raises:
            ArgumentError: a name is none that Glue takes, has a wildcard, or is not known at synth.
        """
        names = self._plain_names(database, tables)
        actions = (*_actions.READ_TABLES, *(_actions.WRITE_TABLES if write else ()))
        grant = self._vending(database, tables, actions)
        self._permit(f"{database}-describe", ["DESCRIBE"], database=_database(self, database))
        if write:
            self._permit(f"{database}-create", ["CREATE_TABLE"], database=_database(self, database))
        permissions = ["SELECT", "DESCRIBE", *(["INSERT", "DELETE", "ALTER", "DROP"] if write else [])]
        for name in names or (None,):
            which: dict[str, Any] = {"table_wildcard": {}} if name is None else {"name": name}
            table = lakeformation.CfnPrincipalPermissions.TableResourceProperty(
                catalog_id=cdk.Stack.of(self).account, database_name=database, **which
            )
            how = "write" if write else "read"
            self._permit(f"{database}-{name or 'tables'}-{how}", permissions, table=table)
        return grant

    def grant_lake_formation_fine_grained(
        self, database: str, table: str, *, columns: Sequence[str] = (), data_filter: str | None = None
    ) -> iam.Grant:
        """Let jobs read some columns of a table, or the cells that a data filter of Lake Formation leaves.

        Needs an application with `spark.emr-serverless.lakeformation.enabled`, of emr-7.2.0 or later. The system driver
        of EMR Serverless filters, so the role must have no right in S3 on the data, which would be a way around. The
        role gets `lakeformation:GetDataAccess`, and of what the user guide's sample allows on the Data Catalog the
        reading of this one table.
        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/emr-serverless-lf-enable.html

        In a VPC this needs the endpoints that `grant_lake_formation_full_table` names.

        Args:
            database: name of the database, plain text.
            table: name of the table, plain text.
            columns: names of the columns that may be read.
            data_filter: name of a data cells filter of the table, in place of columns.

        Raises:
            ArgumentError: a name is none that Glue takes, has a wildcard, or is not known at synth; or there are both
                or neither of columns and data_filter.
        """
        self._plain_names(database, [table])
        path = self.node.path
        if isinstance(columns, str) or bool(columns) == (data_filter is not None):
            raise ArgumentError(path, "columns", columns, "write a list of columns, or data_filter: one of both")
        grant = self._vending(database, [table], _actions.READ_TABLES)
        self._permit(f"{database}-describe", ["DESCRIBE"], database=_database(self, database))
        account = cdk.Stack.of(self).account
        if data_filter is None:
            some = lakeformation.CfnPrincipalPermissions.TableWithColumnsResourceProperty(
                catalog_id=account, database_name=database, name=table, column_names=list(columns)
            )
            self._permit(f"{database}-{table}-columns", ["SELECT"], table_with_columns=some)
        else:
            cells = lakeformation.CfnPrincipalPermissions.DataCellsFilterResourceProperty(
                table_catalog_id=account, database_name=database, table_name=table, name=data_filter
            )
            self._permit(f"{database}-{table}-{data_filter}", ["SELECT"], data_cells_filter=cells)
        return grant

    def _vending(self, database: str, tables: Sequence[str] | None, actions: _actions.Actions) -> iam.Grant:
        self._warn_of_network(
            "lake-location-in-network",
            "jobs read tables of Lake Formation as the role that their location was registered with: let that role "
            "through to the location by network.allow_service",
        )
        vending = self._allow_below(_actions.GET_LAKE_DATA, "*", NO_RESOURCE)
        return self._on_tables(database, tables, actions).combine(vending)

    def _plain_names(self, database: str, tables: Sequence[str] | None) -> tuple[str, ...] | None:
        names = self._table_names(database, tables)
        for argument, name in (("database", database), *(("tables", each) for each in names or ())):
            if unresolved(name):
                mend = "write the name as plain text: the permission's place in the stack is called after it"
                raise ArgumentError(self.node.path, argument, name, mend)
        return names

    def _permit(self, name: str, permissions: Sequence[str], **resource: Any) -> None:
        """Permissions of Lake Formation, once. Ids are stable: a new one would be granted before the old is revoked."""
        id = f"Lake-{name}"
        if self.node.try_find_child(id) is None:
            lakeformation.CfnPrincipalPermissions(
                self,
                id,
                principal=lakeformation.CfnPrincipalPermissions.DataLakePrincipalProperty(
                    data_lake_principal_identifier=self.role_arn
                ),
                resource=_Resource(**resource),
                permissions=list(permissions),
                permissions_with_grant_option=[],
            )


def _database(role: iam.Role, name: str) -> lakeformation.CfnPrincipalPermissions.DatabaseResourceProperty:
    return lakeformation.CfnPrincipalPermissions.DatabaseResourceProperty(
        catalog_id=cdk.Stack.of(role).account, name=name
    )
