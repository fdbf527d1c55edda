"""A bucket whose objects only named roles reach: data buckets, log buckets and the trail's bucket are such."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from emrguard import _actions
from emrguard import object_lock as locks
from emrguard._kept import ANYONE, arn_of, as_json, statement
from emrguard._manifest import Owner, Part
from emrguard.object_lock import ObjectLock
from emrguard_policies.nag import acknowledge


class SealedBucket(Construct):
    """A versioned bucket without public access, encrypted with one key, over TLS 1.2 or newer, sealed by its policy.

    The bucket policy denies

    - every request without TLS or with a version before 1.2;
    - objects encrypted with anything but this key (a request without encryption headers gets the bucket's default,
      which is this key), unless a service writes them and chooses itself;
    - everything that reads, lists, changes or deletes objects to all principals that were not admitted, administrators
      included. Before the first admission this is everyone. Who may change the bucket policy can still do that.

    It is retained, with its objects, when its stack is deleted.

    Args:
        owner: who owns the bucket, for the manifest.
        part: the part it plays, for the manifest.
        key: the only key that objects may be encrypted with.
        lifecycle: what expires when.
        access_log_reason: why there are no S3 server access logs (cdk-nag's AwsSolutions-S1).
        written_by: the one AWS service that may write objects as itself, default none.
        object_lock: how long each version is kept whatever anybody asks for, default none.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        owner: Owner,
        part: Part,
        key: kms.IKey,
        lifecycle: Sequence[s3.LifecycleRule],
        access_log_reason: str,
        written_by: str | None = None,
        object_lock: ObjectLock | None = None,
    ) -> None:
        super().__init__(scope, id)
        retention = None if object_lock is None else locks.render(self, "object_lock", object_lock)
        self.bucket: s3.IBucket = s3.Bucket(
            self,
            "Resource",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            lifecycle_rules=lifecycle,
            object_lock_enabled=True if retention else None,
            object_lock_default_retention=retention,
        )
        self._bucket_arn = self.bucket.bucket_arn
        self._admitted: list[str] = []
        self._seal = self._deny_outsiders(written_by)
        policy = self.bucket.policy
        assert policy is not None
        self._policy = policy.document
        self._policy.add_statements(self._seal, *(self._deny_other_encryption(key) if written_by is None else ()))
        owner.mark(self.bucket, part)
        owner.tag(self, within=scope)
        acknowledge(self.bucket, "AwsSolutions-S1", access_log_reason)

    def admit(self, role: iam.IRole) -> None:
        """Take a role out of the denial of the bucket policy. This alone grants nothing."""
        self._admit_arn(arn_of(role))

    def _admit_arn(self, role_arn: str) -> None:
        if role_arn not in self._admitted:
            self._admitted.append(role_arn)
            self._seal.add_condition("ArnNotEquals", {"aws:PrincipalArn": self._admitted})

    def _deny_outsiders(self, written_by: str | None) -> iam.PolicyStatement:
        # A service that acts as itself has no aws:PrincipalArn, which ArnNotEquals takes for another one.
        unless = {"StringNotEquals": {"aws:PrincipalServiceName": written_by}} if written_by else None
        return self._deny_data("OnlyTheOwnersRoles", unless)

    def _deny_data(self, sid: str, conditions: dict[str, dict[str, str]] | None) -> iam.PolicyStatement:
        """A denial of everything that reads, lists, changes or deletes objects; not yet in the bucket policy."""
        both = [self._bucket_arn, f"{self._bucket_arn}/*"]
        return statement(
            as_json(_actions.OBJECT_DATA, both, principal=ANYONE, conditions=conditions, sid=sid, deny=True)
        )

    def _deny_other_encryption(self, key: kms.IKey) -> list[iam.PolicyStatement]:
        algorithm = "s3:x-amz-server-side-encryption"
        key_id = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        customer = "s3:x-amz-server-side-encryption-customer-algorithm"
        # A negated operator matches an absent key, too: `Null` leaves requests without the header to the default.
        denied: dict[str, dict[str, dict[str, str]]] = {
            "NoOtherEncryption": {"Null": {algorithm: "false"}, "StringNotEquals": {algorithm: "aws:kms"}},
            "NoOtherKey": {"Null": {key_id: "false"}, "StringNotEquals": {key_id: key.key_arn}},
            # `aws:kms` without a key id means the AWS managed key, not the bucket's default.
            "NoAwsManagedKey": {"StringEquals": {algorithm: "aws:kms"}, "Null": {key_id: "true"}},
            "NoCustomerProvidedKey": {"Null": {customer: "false"}},
        }
        objects = [f"{self._bucket_arn}/*"]
        return [
            statement(
                as_json(_actions.WRITE_OBJECT, objects, principal=ANYONE, conditions=conditions, sid=sid, deny=True)
            )
            for sid, conditions in denied.items()
        ]
