"""What a tenant must not do to another one: the resources of each tenant with the actions that would break the seal.

Actions and the resources that they are judged on: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emrguard_policies.assembly import Resource
from emrguard_policies.carriers import Carriers, name_of
from emrguard_policies.iam.boxes import KeyAtom, key_dimension
from emrguard_policies.iam.glob import Space
from emrguard_policies.iam.symbolic import Compiled, Target
from emrguard_policies.resolution import Resolver
from emrguard_policies.tenants import APPLICATION, Tenants

KINDS = ("data", "keys", "logs", "applications", "roles")
"""Kinds of the isolation matrix."""
AUDIT, ESCALATION = "audit", "escalation"

OBJECT = (
    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion",
    "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
    "s3:RestoreObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging", "s3:GetObjectAcl", "s3:GetObjectVersionAcl", "s3:GetObjectAttributes",
    "s3:GetObjectVersionAttributes", "s3:GetObjectTorrent", "s3:GetObjectVersionForReplication", "s3:ReplicateObject",
    "s3:ReplicateDelete", "s3:ReplicateTags", "s3:BypassGovernanceRetention", "s3:ObjectOwnerOverrideToBucketOwner",
    "s3:UpdateObjectEncryption",
)  # fmt: skip
LIST = ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
BUCKET = (
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPublicAccessBlock",
    "s3:PutReplicationConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketNotification",
    "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutInventoryConfiguration",
    "s3:PutBucketOwnershipControls", "s3:PutBucketLogging", "s3:PutBucketObjectLockConfiguration",
    "s3:PutAnalyticsConfiguration", "s3:PutBucketCORS", "s3:PutBucketWebsite", "s3:DeleteBucket",
    "s3:DeleteBucketWebsite", "s3:PutBucketTagging",
)  # fmt: skip
KEY = (
    "kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant",
    "kms:PutKeyPolicy", "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:DisableKeyRotation",
    "kms:RevokeGrant", "kms:RetireGrant", "kms:DeleteImportedKeyMaterial", "kms:ImportKeyMaterial",
    "kms:DeriveSharedSecret", "kms:Sign", "kms:GenerateMac", "kms:ReplicateKey", "kms:TagResource",
)  # fmt: skip
LOG_GROUP = (
    "logs:FilterLogEvents", "logs:StartQuery", "logs:StartLiveTail", "logs:CreateExportTask", "logs:DeleteLogGroup",
    "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:PutSubscriptionFilter",
    "logs:DeleteSubscriptionFilter", "logs:AssociateKmsKey", "logs:DisassociateKmsKey", "logs:CreateLogStream",
    "logs:DescribeLogStreams", "logs:GetLogGroupFields", "logs:GetLogRecord", "logs:Unmask",
    "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy", "logs:PutMetricFilter", "logs:PutTransformer",
    "logs:CreateLogGroup", "logs:PutIndexPolicy",
)  # fmt: skip
LOG_STREAM = ("logs:GetLogEvents", "logs:PutLogEvents", "logs:DeleteLogStream")
ON_APPLICATION = (
    "emr-serverless:StartJobRun", "emr-serverless:StartSession", "emr-serverless:UpdateApplication",
    "emr-serverless:DeleteApplication", "emr-serverless:StopApplication", "emr-serverless:StartApplication",
    "emr-serverless:AccessLivyEndpoints", "emr-serverless:AccessInteractiveEndpoints", "emr-serverless:GetApplication",
    "emr-serverless:ListJobRuns", "emr-serverless:ListSessions", "emr-serverless:TagResource",
    "emr-serverless:UntagResource",
)  # fmt: skip
ON_JOB_RUN = (
    "emr-serverless:CancelJobRun", "emr-serverless:GetDashboardForJobRun", "emr-serverless:GetJobRun",
    "emr-serverless:ListJobRunAttempts", "emr-serverless:AccessSystemProfileLogs", "emr-serverless:TagResource",
    "emr-serverless:UntagResource",
)  # fmt: skip
ON_SESSION = (
    "emr-serverless:GetSessionEndpoint", "emr-serverless:GetResourceDashboard", "emr-serverless:TerminateSession",
    "emr-serverless:GetSession", "emr-serverless:TagResource", "emr-serverless:UntagResource",
)  # fmt: skip
ON_ROLE = (
    "iam:PassRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRole",
    "iam:UpdateRole", "iam:TagRole", "iam:UntagRole",
)  # fmt: skip
ON_USER = (
    "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:PutUserPolicy",
    "iam:AttachUserPolicy", "iam:AddUserToGroup", "iam:DeactivateMFADevice", "iam:DeleteUser",
)  # fmt: skip
ASSUME = ("sts:AssumeRole",)
SECRET = (
    "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret",
    "secretsmanager:PutResourcePolicy", "secretsmanager:DeleteSecret", "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:RotateSecret", "secretsmanager:ReplicateSecretToRegions",
)  # fmt: skip
WIDENING = (
    "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:PutGroupPolicy",
    "iam:AttachGroupPolicy", "iam:AddUserToGroup", "iam:CreateAccessKey", "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile", "iam:CreateRole", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary", "iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary",
)  # fmt: skip
TRAIL = (
    "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors", "cloudtrail:RemoveTags",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Goal:
    """Requests of one kind on one resource. `owner` is its tenant; None: the trail, or a resource without an owner."""

    owner: str | None
    kind: str
    name: str
    actions: tuple[str, ...]
    target: Target
    resource: Resource | None = None


class GoalBuilder:
    """Makes the goals of an assembly."""

    def __init__(self, resolver: Resolver, space: Space, found: Carriers, tenants: Tenants) -> None:
        self._resolver = resolver
        self._space = space
        self._found = found
        self._tenants = tenants

    def of_tenants(self) -> Iterator[Goal]:
        """What belongs to a tenant, by mark or by a prefix of a shared bucket, or to nobody."""
        for resource in self._resolver.assembly.resources(*_OWNED):
            mark = self._tenants.mark(resource)
            if mark.prefixes and resource.type == "AWS::S3::Bucket":
                for tenant, prefixes in mark.prefixes.items():
                    yield from self._bucket(resource, tenant, "data", prefixes)
            elif mark.shared is None:
                kind = "logs" if mark.part == "log-bucket" else ""
                yield from self._of(resource, mark.tenant, kind)

    def of_trails(self) -> Iterator[Goal]:
        """The trails of the assembly with their buckets, keys and log groups."""
        resolver = self._resolver
        seen: set[Resource] = set()
        for trail in resolver.assembly.resources("AWS::CloudTrail::Trail"):
            arn = resolver.arn(trail)
            if arn:
                yield self._goal(trail, None, AUDIT, TRAIL, (arn,))
            for key in ("S3BucketName", "KMSKeyId", "CloudWatchLogsLogGroupArn"):
                value = trail.properties.get(key)
                target = None if value is None else resolver.target(trail.template, value)
                if target is not None and target not in seen and self._tenants.mark(target).tenant is None:
                    seen.add(target)
                    yield from self._of(target, None, AUDIT)

    def of_account(self) -> Iterator[Goal]:
        """Rights over roles, users and policies of the account by which a principal can give itself any others."""
        seen: set[str] = set()
        for template in self._resolver.assembly.templates:
            account = self._resolver.account(template)
            if account not in seen:
                seen.add(account)
                texts = tuple(f"arn:aws:iam::{account}:{kind}/?*" for kind in ("role", "user", "group", "policy"))
                name = "roles, users and policies of the account"
                yield Goal(None, ESCALATION, name, WIDENING, Target(texts, account))

    def assuming(self, resource: Resource, trust: Compiled | None) -> Goal:
        """Becoming a role."""
        arn = self._resolver.arn(resource) or ""
        account = self._resolver.account(resource.template)
        target = Target((arn,), account, (trust,) if trust else (), gate=True)
        owner = self._tenants.mark(resource).tenant
        return Goal(owner, "roles", name_of(resource), ASSUME, target, resource)

    def _of(self, resource: Resource, owner: str | None, kind: str) -> Iterator[Goal]:
        if resource.type == "AWS::S3::Bucket":
            yield from self._bucket(resource, owner, kind or "data")
            return
        arn = self._resolver.arn(resource)
        if arn is None:
            return
        if resource.type == "AWS::KMS::Key":
            yield self._goal(resource, owner, kind or "keys", KEY, (arn,), gate=True)
        elif resource.type == "AWS::Logs::LogGroup":
            yield self._goal(resource, owner, kind or "logs", LOG_STREAM, (f"{arn}:log-stream:?*",))
            yield self._goal(resource, owner, kind or "logs", LOG_GROUP, (arn, f"{arn}:*"))
        elif resource.type == APPLICATION:
            yield self._goal(resource, owner, "applications", ON_APPLICATION, (arn,))
            yield self._goal(resource, owner, "applications", ON_JOB_RUN, (f"{arn}/jobruns/?*",))
            yield self._goal(resource, owner, "applications", ON_SESSION, (f"{arn}/sessions/?*",))
        elif resource.type == "AWS::IAM::Role":
            yield self._goal(resource, owner, "roles", ON_ROLE, (arn,))
        elif resource.type == "AWS::IAM::User":
            yield self._goal(resource, owner, "roles", ON_USER, (arn,))
        elif resource.type == "AWS::SecretsManager::Secret":
            yield self._goal(resource, owner, "data", SECRET, (arn,))

    def _bucket(
        self, resource: Resource, owner: str | None, kind: str, prefixes: tuple[str, ...] = ("",)
    ) -> Iterator[Goal]:
        arn = self._resolver.arn(resource)
        if arn is None:
            return
        texts = tuple(f"{arn}/{prefix}?*" for prefix in prefixes)
        yield self._goal(resource, owner, kind, OBJECT, texts)
        atoms = (self._listing(prefixes),) if any(prefixes) else ()
        yield self._goal(resource, owner, kind, LIST, (arn,), atoms=atoms)
        yield self._goal(resource, owner, kind, BUCKET, (arn,))

    def _listing(self, prefixes: tuple[str, ...]) -> KeyAtom:
        """The lists that show keys below the prefixes: of a longer prefix, of a part of one, or of the whole bucket."""
        texts = [f"{prefix}*" for prefix in prefixes]
        texts += sorted({prefix[:end] for prefix in prefixes for end in range(len(prefix))}, reverse=True)
        automaton = self._space.automaton(texts, "text", "glob")
        return KeyAtom(key_dimension(self._space, "s3:prefix"), True, True, automaton)

    def _goal(
        self, resource: Resource, owner: str | None, kind: str, actions: tuple[str, ...], texts: tuple[str, ...],
        *, gate: bool = False, atoms: tuple[KeyAtom, ...] = (),
    ) -> Goal:  # fmt: skip
        policies = (*self._found.policies_of.get(resource, ()), *self._found.everywhere.get(resource.type, ()))
        account = self._resolver.account(resource.template)
        target = Target(texts, account, policies, gate, atoms)
        return Goal(owner, kind, name_of(resource), actions, target, resource)


_OWNED = (
    "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup", APPLICATION, "AWS::IAM::Role", "AWS::IAM::User",
    "AWS::SecretsManager::Secret",
)  # fmt: skip
