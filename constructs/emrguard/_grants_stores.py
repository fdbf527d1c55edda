"""Grants on secrets and on DynamoDB tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from emrguard import _actions, _key_policy
from emrguard._granting import GrantingRole
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_INDEX = re.compile(r"[A-Za-z0-9_.-]{3,255}")


class StoreGrants(GrantingRole):
    """The grants on secrets and tables that an `ExecutionRole` has."""

    def grant_secret_read(self, secret: secretsmanager.ISecret) -> iam.Grant:
        """Let jobs read one secret at run time, with the AWS SDK, and decrypt it if it has a key of its own.

        A secret that is imported by its name alone is named with the six random characters that its ARN ends with
        left open, as Secrets Manager documents; import it by its complete ARN to name it exactly.
        https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html

        For `EMR.secret@<name>` in the configuration of an application this is not needed: there EMR Serverless itself
        reads the secret, by the secret's own policy.

        In a VPC this needs the endpoint `secretsmanager`.
        """
        arn = secret.secret_full_arn
        grant = self._allow(_actions.READ_SECRET, [arn or f"{secret.secret_arn}-??????"])
        key = secret.encryption_key
        return _key_policy.grant_through_if_any(grant, key, self, _actions.DECRYPT, "secretsmanager")

    def grant_dynamodb_read(self, table: dynamodb.ITable | dynamodb.ITableV2, indexes: Sequence[str] = ()) -> iam.Grant:
        """Let jobs read the items of one DynamoDB table, and decrypt them if the table has a key of its own.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/using-identity-based-policies.html

        In a VPC this needs the gateway endpoint `dynamodb`.

        Args:
            table: the table.
            indexes: names of the secondary indexes that jobs query and scan, default none.

        Raises:
            ArgumentError: a name is none that DynamoDB takes, or has a wildcard.
        """
        return self._on_items(table, indexes, _actions.READ_ITEMS, (*_actions.DECRYPT, *_actions.DESCRIBE_KEY))

    def grant_dynamodb_read_write(
        self, table: dynamodb.ITable | dynamodb.ITableV2, indexes: Sequence[str] = ()
    ) -> iam.Grant:
        """Let jobs also put, update and delete items; see `grant_dynamodb_read`.

        Args:
            table: the table.
            indexes: names of the secondary indexes that jobs query and scan, default none.

        Raises:
            ArgumentError: a name is none that DynamoDB takes, or has a wildcard.
        """
        uses = (*_actions.DECRYPT, *_actions.DESCRIBE_KEY, *_actions.ENCRYPT_ITEMS)
        return self._on_items(table, indexes, (*_actions.READ_ITEMS, *_actions.WRITE_ITEMS), uses)

    def _on_items(
        self,
        table: dynamodb.ITable | dynamodb.ITableV2,
        indexes: Sequence[str],
        actions: _actions.Actions,
        uses: _actions.Actions,
    ) -> iam.Grant:
        if isinstance(indexes, str):
            raise ArgumentError(self.node.path, "indexes", indexes, "write a list of names such as ['by-day']")
        for index in indexes:
            if not unresolved(index) and not _INDEX.fullmatch(index):
                mend = "write the name of an index: 3 to 255 of A-Z, a-z, 0-9, _, - and ., no wildcard"
                raise ArgumentError(self.node.path, "indexes", index, mend)
        grant = self._allow([*_actions.DESCRIBE_TABLE, *actions], [table.table_arn])
        if indexes:
            arns = [f"{table.table_arn}/index/{index}" for index in indexes]
            grant = grant.combine(self._allow(_actions.READ_INDEX, arns))
        return _key_policy.grant_through_if_any(grant, table.encryption_key, self, uses, "dynamodb")
