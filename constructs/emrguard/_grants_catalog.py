"""Grants on databases and tables of the Glue Data Catalog, directly and through Lake Formation."""

from __future__ import annotations

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from emrguard import _actions
from emrguard._granting import GrantingRole
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_NAME = re.compile(r"[a-z0-9_-]{1,255}")
_PROBED = ("default", "global_temp")
"""Databases that Spark looks for when it starts, whatever the job reads."""


class CatalogGrants(GrantingRole):
    """The grants on the catalog that an `ExecutionRole` has."""

    def grant_glue_read(self, database: str, tables: Sequence[str] | None = None) -> iam.Grant:
        """Let jobs read tables of a database of this account's Glue Data Catalog: schemas, partitions and functions.

        The data behind the tables needs a grant of its own, such as `data.grant_read(role, "tables/")`. Glue asks for
        the right on the catalog and the database, too, and Spark looks for the databases `default` and `global_temp`
        when it starts: of these, their description alone can be read.
        https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html

        In a VPC this needs the endpoint `glue`.

        Args:
            database: name of the database, in lower case as Glue keeps it.
            tables: names of the tables, default all of the database, those to come included. With names, jobs cannot
                list the tables.

        Raises:
            ArgumentError: a name is none that Glue takes, or has a wildcard.
        """
        return self._on_tables(database, tables, _actions.READ_TABLES)

    def grant_glue_read_write(self, database: str, tables: Sequence[str] | None = None) -> iam.Grant:
        """Let jobs also create, change and drop tables and partitions; see `grant_glue_read`.

        The database must exist: jobs neither create, change nor drop it.

        Args:
            database: name of the database, in lower case as Glue keeps it.
            tables: names of the tables, default all of the database, those to come included.

        Raises:
            ArgumentError: a name is none that Glue takes, or has a wildcard.
        """
        return self._on_tables(database, tables, (*_actions.READ_TABLES, *_actions.WRITE_TABLES))

    def _on_tables(self, database: str, tables: Sequence[str] | None, actions: _actions.Actions) -> iam.Grant:
        names = self._table_names(database, tables)
        catalog, own = self._glue_arn("catalog"), self._glue_arn("database", database)
        probed = [self._glue_arn("database", name) for name in _PROBED if name != database]
        grant = self._allow(_actions.READ_DATABASE, [catalog, own, *probed])
        listing = _actions.LIST_TABLES if names is None else ()
        named = [self._glue_arn("table", f"{database}/{name}") for name in names or ()]
        above = self._allow([*actions, *listing, *_actions.READ_FUNCTIONS], [catalog, own, *named])
        functions = self._allow_below(
            _actions.READ_FUNCTIONS,
            self._glue_arn("userDefinedFunction", f"{database}/*"),
            f"The functions of the database {database}, which Spark looks up by names that are not known beforehand",
        )
        grant = grant.combine(above).combine(functions)
        if names is None:
            every_table = self._allow_below(
                (*actions, *listing),
                self._glue_arn("table", f"{database}/*"),
                f"All tables of the database {database} were granted, those to come included",
            )
            grant = grant.combine(every_table)
        return grant

    def _table_names(self, database: str, tables: Sequence[str] | None) -> tuple[str, ...] | None:
        self._catalog_name("database", database)
        if tables is None:
            return None
        mend = "write a list of names such as ['bookings'], or leave it out for all tables of the database"
        if isinstance(tables, str) or not tables or len(set(tables)) != len(tables):
            raise ArgumentError(self.node.path, "tables", tables, mend)
        for table in tables:
            self._catalog_name("tables", table)
        return tuple(tables)

    def _catalog_name(self, argument: str, value: str) -> None:
        if not unresolved(value) and not _NAME.fullmatch(value):
            mend = "write the name as Glue keeps it: up to 255 of a-z, 0-9, _ and -, no wildcard"
            raise ArgumentError(self.node.path, argument, value, mend)

    def _glue_arn(self, kind: str, name: str | None = None) -> str:
        return cdk.Stack.of(self).format_arn(service="glue", resource=kind, resource_name=name)
