"""Grants on what belongs to other accounts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from emrguard import _actions, _arguments
from emrguard._granting import GrantingRole
from emrguard._kept import unresolved
from emrguard._regions import service_name
from emrguard.exceptions import ArgumentError

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/[A-Za-z0-9+=,.@_/-]+")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:(?P<account>\d{12}):key/[A-Za-z0-9-]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ACCOUNT = re.compile(r"\d{12}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")


class AbroadGrants(GrantingRole):
    """The grants on roles and buckets of other accounts that an `ExecutionRole` has."""

    _for_owners: dict[str, list[iam.PolicyStatement]]

    def grant_foreign_role(self, role_arn: str, external_id: str | None = None) -> iam.Grant:
        """Let jobs assume one role of another account, which must trust this role; for data that is reached by it.

        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-s3-access.html

        A condition keeps the right from any role of the own account: there it would be a way to another tenant.

        In a VPC this needs the endpoint `sts`. What jobs do as the other role has to be let through as well:
        `network.allow_service(iam.Role.from_role_arn(…), "s3", …)`; then acknowledge the warning
        `emrguard:foreign-role-in-network`.

        Args:
            role_arn: ARN of the role, plain text.
            external_id: what the role's trust policy demands as `sts:ExternalId`, default nothing. It is no secret.

        Raises:
            ArgumentError: it is no ARN of a role in another account, or has a wildcard.
        """
        path, own = self.node.path, cdk.Stack.of(self).account
        found = None if unresolved(role_arn) else _ROLE.fullmatch(role_arn)
        if found is None or found["account"] == own:
            mend = "write the ARN of one role of another account, arn:aws:iam::<account>:role/<name>, as plain text"
            raise ArgumentError(path, "role_arn", role_arn, mend)
        conditions = {"StringNotEquals": {"aws:ResourceAccount": own}}
        if external_id is not None:
            if not unresolved(external_id) and not _EXTERNAL_ID.fullmatch(external_id):
                mend = "write 2 to 1224 of A-Z, a-z, 0-9 and +=,.@:/_-"
                raise ArgumentError(path, "external_id", external_id, mend)
            conditions["StringEquals"] = {"sts:ExternalId": external_id}
        self._warn_of_network(
            "foreign-role-in-network",
            f"the network lets jobs assume {role_arn}, but nothing that they then do as it: let that through by "
            "network.allow_service",
        )
        return self._allow(_actions.ASSUME_ROLE, [role_arn], conditions)

    def grant_foreign_bucket_read(
        self, bucket_name: str, prefix: str, *, owner: str, key_arn: str | None = None
    ) -> iam.Grant:
        """Let jobs read and list the objects below a prefix of a bucket of another account.

        The owner must let the role in as well: hand over what `statements_for_owners` gives. Only a bucket of that
        account is reached, so that a stranger who makes a bucket of that name, once the owner has deleted it, gets
        nothing.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html

        In a VPC this needs the endpoint `s3`.

        Args:
            bucket_name: name of the bucket.
            prefix: what may be read, such as `reference/`.
            owner: number of the account that owns the bucket.
            key_arn: ARN of the key that the objects are encrypted with, default none of KMS.

        Raises:
            ArgumentError: one of them has another form, or a wildcard, or the owner is the account itself.
        """
        return self._on_foreign(bucket_name, prefix, owner, key_arn, write=False)

    def grant_foreign_bucket_read_write(
        self, bucket_name: str, prefix: str, *, owner: str, key_arn: str | None = None
    ) -> iam.Grant:
        """Let jobs also write and delete objects below the prefix; see `grant_foreign_bucket_read`.

        What jobs write leaves the account: the owner can read it and hand it on.

        Args:
            bucket_name: name of the bucket.
            prefix: what may be written, such as `results/`.
            owner: number of the account that owns the bucket.
            key_arn: ARN of the key that the objects are encrypted with, default none of KMS.

        Raises:
            ArgumentError: one of them has another form, or a wildcard, or the owner is the account itself.
        """
        return self._on_foreign(bucket_name, prefix, owner, key_arn, write=True)

    def statements_for_owners(self) -> dict[str, str]:
        """What the owners of foreign buckets and keys must add to the policies of these: JSON by ARN.

        To be handed over, by a `CfnOutput` for instance; the texts hold the role's ARN, which the deployment knows.
        """
        stack = cdk.Stack.of(self)
        return {
            arn: stack.to_json_string([each.to_statement_json() for each in statements])
            for arn, statements in self._for_owners.items()
        }

    def _on_foreign(self, bucket_name: str, prefix: str, owner: str, key_arn: str | None, *, write: bool) -> iam.Grant:
        stack = cdk.Stack.of(self)
        folder = _arguments.prefix(self, "prefix", prefix)
        for argument, value, form, mend in (
            ("bucket_name", bucket_name, _BUCKET, "write the name of a bucket, no ARN and no wildcard"),
            ("owner", owner, _ACCOUNT, "write the 12 digits of the account that owns the bucket"),
            ("key_arn", key_arn, _KEY, "write arn:aws:kms:<region>:<account>:key/<id>, no alias"),
        ):
            if value is not None and (unresolved(value) or not form.fullmatch(value)):
                raise ArgumentError(self.node.path, argument, value, f"{mend}, as plain text")
        if owner == stack.account:
            mend = "it is the account itself: use DataBucket and its grants"
            raise ArgumentError(self.node.path, "owner", owner, mend)
        bucket = f"arn:{stack.partition}:s3:::{bucket_name}"
        of_owner = {"StringEquals": {"aws:ResourceAccount": owner}}
        objects = f"{bucket}/{folder}*"
        actions = (*_actions.READ_OBJECTS, *((*_actions.PUT_OBJECTS, *_actions.DELETE_OBJECTS) if write else ()))
        reason = f"All objects below {folder} in one bucket of account {owner}; their names are not known beforehand"
        listing = {"StringLike": {"s3:prefix": [f"{folder}*"]}}
        self._hand_over(bucket, actions, objects, {})
        self._hand_over(bucket, _actions.LIST_OBJECTS, bucket, listing)
        grant = self._allow_below(actions, objects, reason, of_owner)
        grant = grant.combine(self._allow(_actions.LIST_OBJECTS, [bucket], {**of_owner, **listing}))
        if key_arn is not None:
            uses = (*_actions.DECRYPT, *(_actions.ENCRYPT if write else ()))
            through = {"StringEquals": {"kms:ViaService": service_name("s3", key_arn.split(":")[3])}}
            self._hand_over(key_arn, uses, "*", through)
            elsewhere = {"StringNotEquals": {"aws:ResourceAccount": stack.account}}
            grant = grant.combine(self._allow(uses, [key_arn], {**through, **elsewhere}))
        return grant

    def _hand_over(self, arn: str, actions: Sequence[str], resource: str, conditions: dict[str, Any]) -> None:
        self._for_owners.setdefault(arn, []).append(
            iam.PolicyStatement(
                principals=[iam.ArnPrincipal(self.role_arn)],
                actions=list(actions),
                resources=[resource],
                conditions=conditions,
            )
        )
