"""A bucket whose objects only named roles reach: what data buckets, log buckets and the trail's bucket have in common."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from emrguard import _actions
from emrguard._manifest import Owner, Part
from emrguard_policies.nag import acknowledge


class SealedBucket(Construct):
    """A versioned bucket without public access, encrypted with one key, over TLS 1.2 or newer only, sealed by its policy.

    The bucket policy denies

    - every request without TLS or with a version before 1.2;
    - objects encrypted with anything but this key (a request without encryption headers gets the bucket's default, which is
      this key);
    - everything that reads, lists, changes or deletes objects to all principals that were not admitted, administrators
      included. Before the first admission this is everyone.

    It is retained, with its objects, when its stack is deleted.
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
        exempt_service: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
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
        )
        self._admitted: list[str] = []
        self._seal = self._deny_outsiders(exempt_service)
        for statement in (*self._deny_other_encryption(key), self._seal):
            self.bucket.add_to_resource_policy(statement)
        owner.mark(self.bucket, part)
        assert self.bucket.policy is not None
        owner.mark(self.bucket.policy, part)
        acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            "CloudTrail records every object-level call on this bucket, denied ones included, with the caller's identity, "
            "into a bucket of its own that is encrypted and validated; S3 server access logs are best effort and would add a "
            "second copy",
        )

    def admit(self, role: iam.IRole) -> None:
        """Take a role out of the denial of the bucket policy. This alone grants nothing."""
        if role.role_arn not in self._admitted:
            self._admitted.append(role.role_arn)
            self._seal.add_condition("ArnNotEquals", {"aws:PrincipalArn": self._admitted})

    def _deny(
        self, sid: str, actions: _actions.Actions, conditions: dict[str, dict[str, object]]
    ) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid=sid,
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=list(actions),
            resources=[self.bucket.bucket_arn, self.bucket.arn_for_objects("*")],
            conditions=conditions,
        )

    def _deny_outsiders(self, exempt_service: str | None) -> iam.PolicyStatement:
        service = {"StringNotEquals": {"aws:PrincipalServiceName": exempt_service}} if exempt_service else {}
        return self._deny("OnlyTheOwnersRoles", _actions.OBJECT_DATA, service)  # type: ignore[arg-type]

    def _deny_other_encryption(self, key: kms.IKey) -> list[iam.PolicyStatement]:
        algorithm = "s3:x-amz-server-side-encryption"
        key_id = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        customer = "s3:x-amz-server-side-encryption-customer-algorithm"
        objects = self.bucket.arn_for_objects("*")

        def deny(sid: str, conditions: dict[str, dict[str, object]]) -> iam.PolicyStatement:
            return iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[objects],
                conditions=conditions,
            )

        # A negated operator matches an absent key, too: `Null` leaves requests without the header to the bucket's default.
        return [
            deny("NoOtherEncryption", {"Null": {algorithm: "false"}, "StringNotEquals": {algorithm: "aws:kms"}}),
            deny("NoOtherKey", {"Null": {key_id: "false"}, "StringNotEquals": {key_id: key.key_arn}}),
            # `aws:kms` without a key id means the AWS managed key, not the bucket's default.
            deny("NoAwsManagedKey", {"StringEquals": {algorithm: "aws:kms"}, "Null": {key_id: "true"}}),
            deny("NoCustomerProvidedKey", {"Null": {customer: "false"}}),
        ]
