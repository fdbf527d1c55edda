"""S3. IAM's action names differ from the API's, and one call can need several of them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/list_amazons3.html

Access control lists are not judged: they grant nothing here. Directory buckets, metadata tables and S3 Object Lambda
are not mapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlparse

from moto.s3.models import FakeBucket, FakeKey

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import CannotTellError, Needed, Rule, Table, Value, pass_role, tag_list
from emrguard_local.authorizer.permissions import s3_encryption

Parameters = Mapping[str, Any]

_LISTING = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
_WRITING = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockRetainUntilDate": "s3:object-lock-retain-until-date",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
# What an object's owner, and the bucket's, have anyway; AWS's own policies for writers of logs ask for no PutObjectAcl.
_PLAIN_ACLS = ("bucket-owner-full-control", "private")


class _Request:
    """An S3 call with the condition keys that all of its checks have."""

    __slots__ = ("asked", "base", "parameters", "prefix")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.parameters = asked.parameters
        self.prefix = f"arn:{asked.partition}:s3:::"
        self.base: dict[str, Value] = {"s3:TlsVersion": "1.3"}
        identity, headers = asked.call.identity, asked.call.headers
        if identity is not None and identity.principal.kind != "service":
            self.base["s3:signatureversion"] = "AWS4-HMAC-SHA256"
            if "authorization" in headers:
                self.base["s3:authType"] = "REST-HEADER"
            else:
                self.base["s3:authType"] = "REST-QUERY-STRING"
                # How old the signature is stands in a query that the call does not show: no condition on it can hold.
                self.base["s3:signatureAge"] = "unknown"
        if "x-amz-content-sha256" in headers:
            self.base["s3:x-amz-content-sha256"] = headers["x-amz-content-sha256"]

    def bucket(self, action: str, name: str | None = None, context: Mapping[str, Value] | None = None) -> Needed:
        """An action on a bucket, by default the one that the call names."""
        name = str(self.parameters["Bucket"]) if name is None else name
        return self._needed(action, f"{self.prefix}{name}", name, context)

    def object(
        self,
        action: str,
        context: Mapping[str, Value] | None = None,
        *,
        bucket: str | None = None,
        key: str | None = None,
        item: tuple[str, str | None] | None = None,
    ) -> Needed:
        """An action on an object, by default the one that the call names."""
        name = str(self.parameters["Bucket"]) if bucket is None else bucket
        key = str(self.parameters["Key"]) if key is None else key
        return self._needed(action, f"{self.prefix}{name}/{key}", name, context, item)

    def _needed(
        self,
        action: str,
        resource: str,
        name: str,
        context: Mapping[str, Value] | None,
        item: tuple[str, str | None] | None = None,
    ) -> Needed:
        state = self.asked.state
        holder = state.bucket(name)
        owner = self.asked.account if holder is not None else state.bucket_account(name)
        made = {**self.base, "s3:ResourceAccount": owner}
        if context:
            made |= context
        return Needed(action, resource, made, "bucket", holder, None, owner, item)

    def existing(self, bucket: str, key: str, version: str | None) -> FakeKey | None:
        """The object or version, None when there is none or a delete marker."""
        holder = self.asked.state.bucket(bucket)
        if holder is None:
            return None
        versions = holder.keys.getlist(key) or []
        if version is None:
            found = versions[-1] if versions else None
        else:
            found = next((each for each in versions if str(each.version_id) == version), None)
        return found if isinstance(found, FakeKey) else None

    def existing_tags(self, found: FakeKey | None) -> dict[str, Value]:
        """The condition keys of an object's tags."""
        tagger = self.asked.state.s3.tagger
        if found is None or not tagger.has_tags(found.arn):
            return {}
        return {f"s3:ExistingObjectTag/{name}": value or "" for name, value in tagger.tags[found.arn].items()}

    def read(self, actions: Iterable[str], bucket: str, key: str, version: str | None) -> Iterator[Needed]:
        """Reading an object: the actions, then the key that it is encrypted with.

        Who may not list the bucket is not told that an object does not exist: AWS refuses such a call.
        """
        found = self.existing(bucket, key, version)
        context = self.existing_tags(found)
        if version is not None:
            context["s3:VersionId"] = version
        for action in actions:
            yield self.object(action, context, bucket=bucket, key=key)
        if found is not None:
            yield from s3_encryption.decrypting(self.asked, f"{self.prefix}{bucket}", found)
        elif self.asked.state.bucket(bucket) is not None:
            yield self.bucket("s3:ListBucket", bucket)

    def writing(self) -> dict[str, Value]:
        """The condition keys of a call that writes an object or makes a bucket."""
        parameters = self.parameters
        context: dict[str, Value] = {}
        for name, key in _WRITING.items():
            value = parameters.get(name)
            if value is not None:
                context[key] = _text(value)
        if parameters.get("SSEKMSKeyId") is not None:
            context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = s3_encryption.key_arn(
                self.asked, self._target(), str(parameters["SSEKMSKeyId"])
            )
        return context | _tagging(parameters)

    def _target(self) -> FakeBucket | None:
        return self.asked.state.bucket(str(self.parameters.get("Bucket", "")))

    def write(self, action: str = "s3:PutObject") -> Iterator[Needed]:
        """Making an object: the action, then what its tags, ACL and lock need."""
        parameters, context = self.parameters, self.writing()
        yield self.object(action, context)
        if parameters.get("Tagging") and parameters.get("TaggingDirective") != "COPY":
            yield self.object("s3:PutObjectTagging", context)
        if _sets_acl(parameters):
            yield self.object("s3:PutObjectAcl", context)
        if parameters.get("ObjectLockMode") or parameters.get("ObjectLockRetainUntilDate"):
            yield self.object("s3:PutObjectRetention", context)
        if parameters.get("ObjectLockLegalHoldStatus"):
            yield self.object("s3:PutObjectLegalHold", context)

    def encrypted(self, *actions: str) -> Iterator[Needed]:
        """The use of the key that an object will be encrypted with."""
        bucket = self._target()
        if bucket is not None:
            target = f"{self.prefix}{bucket.name}/{self.parameters['Key']}"
            yield from s3_encryption.encrypting(self.asked, bucket, target, self.parameters, actions)

    def upload(self) -> Iterator[Needed]:
        """The use of the key of a multipart upload under way, whose parts S3 reads again to put them together."""
        bucket = self._target()
        found = bucket.multiparts.get(str(self.parameters.get("UploadId"))) if bucket is not None else None
        if bucket is not None and found is not None:
            asked_for = {"ServerSideEncryption": found.sse_encryption, "SSEKMSKeyId": found.kms_key_id}
            target = f"{self.prefix}{bucket.name}/{found.key_name}"
            yield from s3_encryption.encrypting(self.asked, bucket, target, asked_for, ("kms:Decrypt",))


def _text(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else str(value)


def _tagging(parameters: Parameters) -> dict[str, Value]:
    """The condition keys of an object's tags in a request: a header of the form of a query, or a list."""
    given = parameters.get("Tagging")
    tags = dict(parse_qsl(given, keep_blank_values=True)) if isinstance(given, str) else {}
    if isinstance(given, Mapping):
        tags = tag_list(given.get("TagSet"))
    if not tags:
        return {}
    context: dict[str, Value] = {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
    context["s3:RequestObjectTagKeys"] = list(tags)
    return context


def _sets_acl(parameters: Parameters) -> bool:
    acl = parameters.get("ACL")
    return (acl is not None and acl not in _PLAIN_ACLS) or any(parameters.get(name) for name in _GRANTS)


def _bucket(action: str) -> Rule:
    return lambda asked: (_Request(asked).bucket(action),)


def _listing(action: str) -> Rule:
    def rule(asked: Asked) -> Iterable[Needed]:
        parameters = asked.parameters
        context = {key: str(parameters[name]) for name, key in _LISTING.items() if parameters.get(name) is not None}
        return (_Request(asked).bucket(action, context=context),)

    return rule


def _reading(*actions: str) -> Rule:
    """Operations on an object; for one of its versions IAM has actions of their own: GetObject, GetObjectVersion."""

    def rule(asked: Asked) -> Iterable[Needed]:
        version = asked.parameters.get("VersionId")
        names = actions if version is None else [_of_version(action) for action in actions]
        return _Request(asked).read(names, str(asked.parameters["Bucket"]), str(asked.parameters["Key"]), version)

    return rule


def _changing(action: str, *, versions: bool = True, bypass: bool = False) -> Rule:
    """Operations that change what belongs to an object: its tags, its ACL, its lock."""

    def rule(asked: Asked) -> Iterable[Needed]:
        request, parameters = _Request(asked), asked.parameters
        version = parameters.get("VersionId")
        found = request.existing(str(parameters["Bucket"]), str(parameters["Key"]), version)
        context = request.existing_tags(found) | request.writing()
        if version is not None:
            context["s3:VersionId"] = version
        retention = parameters.get("Retention") or {}
        if retention.get("Mode"):
            context["s3:object-lock-mode"] = retention["Mode"]
        if retention.get("RetainUntilDate"):
            context["s3:object-lock-retain-until-date"] = _text(retention["RetainUntilDate"])
        hold = parameters.get("LegalHold") or {}
        if hold.get("Status"):
            context["s3:object-lock-legal-hold"] = hold["Status"]
        yield request.object(_of_version(action) if version is not None and versions else action, context)
        if bypass and parameters.get("BypassGovernanceRetention"):
            yield request.object("s3:BypassGovernanceRetention", context)

    return rule


def _of_version(action: str) -> str:
    """`s3:GetObjectAcl` of a version is `s3:GetObjectVersionAcl`."""
    return action.replace("Object", "ObjectVersion", 1)


def _list_buckets(asked: Asked) -> Iterable[Needed]:
    # The action has no resource; AWS's own examples write it with this one, and `*` covers it.
    return (Needed("s3:ListAllMyBuckets", f"arn:{asked.partition}:s3:::*", _Request(asked).base),)


def _create_bucket(asked: Asked) -> Iterable[Needed]:
    request, parameters = _Request(asked), asked.parameters
    configuration = parameters.get("CreateBucketConfiguration") or {}
    context = request.writing()
    if configuration.get("LocationConstraint"):
        context["s3:locationconstraint"] = str(configuration["LocationConstraint"])
    tags = tag_list(configuration.get("Tags"))
    context |= {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    if tags:
        context["aws:TagKeys"] = list(tags)
    yield request.bucket("s3:CreateBucket", context=context)
    if tags:
        yield request.bucket("s3:TagResource", context=context)
    if _sets_acl(parameters):
        yield request.bucket("s3:PutBucketAcl", context=context)
    if parameters.get("ObjectLockEnabledForBucket"):
        yield request.bucket("s3:PutBucketObjectLockConfiguration", context=context)
        yield request.bucket("s3:PutBucketVersioning", context=context)
    if parameters.get("ObjectOwnership"):
        yield request.bucket("s3:PutBucketOwnershipControls", context=context)


def _put_bucket_acl(asked: Asked) -> Iterable[Needed]:
    request = _Request(asked)
    return (request.bucket("s3:PutBucketAcl", context=request.writing()),)


def _put_replication(asked: Asked) -> Iterable[Needed]:
    yield _Request(asked).bucket("s3:PutReplicationConfiguration")
    role = (asked.parameters.get("ReplicationConfiguration") or {}).get("Role")
    if role:
        yield pass_role(asked, str(role), "s3.amazonaws.com")


def _put_object(asked: Asked) -> Iterable[Needed]:
    request = _Request(asked)
    yield from request.write()
    yield from request.encrypted("kms:GenerateDataKey")


def _upload_part(asked: Asked) -> Iterable[Needed]:
    request = _Request(asked)
    yield request.object("s3:PutObject")
    yield from request.upload()


def _complete_upload(asked: Asked) -> Iterable[Needed]:
    request = _Request(asked)
    yield request.object("s3:PutObject", request.writing())
    yield from request.upload()


def _copy_object(asked: Asked) -> Iterable[Needed]:
    request, parameters = _Request(asked), asked.parameters
    bucket, key, version = _source(parameters)
    yield from request.read(["s3:GetObject" if version is None else "s3:GetObjectVersion"], bucket, key, version)
    tags = request.existing_tags(request.existing(bucket, key, version))
    yield from request.write()
    if tags and parameters.get("TaggingDirective", "COPY") == "COPY":
        action = "s3:GetObjectTagging" if version is None else "s3:GetObjectVersionTagging"
        yield request.object(action, tags, bucket=bucket, key=key)
        yield request.object("s3:PutObjectTagging", request.writing())
    yield from request.encrypted("kms:GenerateDataKey")


def _upload_part_copy(asked: Asked) -> Iterable[Needed]:
    request = _Request(asked)
    bucket, key, version = _source(asked.parameters)
    yield from request.read(["s3:GetObject" if version is None else "s3:GetObjectVersion"], bucket, key, version)
    yield request.object("s3:PutObject", {"s3:x-amz-copy-source": str(asked.parameters["CopySource"])})
    yield from request.upload()


def _source(parameters: Parameters) -> tuple[str, str, str | None]:
    """Bucket, key and version of a copy source, read as moto reads it, who carries the copy out."""
    given = str(parameters.get("CopySource") or "")
    parsed = urlparse(given)
    bucket, slash, key = unquote(parsed.path).lstrip("/").partition("/")
    if not slash or not bucket or not key or bucket.startswith("arn:"):
        raise CannotTellError(f"the copy source {given!r} is not of the form bucket/key")
    return bucket, key, parse_qs(parsed.query).get("versionId", [None])[0]


def _delete_object(asked: Asked) -> Iterable[Needed]:
    request, parameters = _Request(asked), asked.parameters
    yield from _deletion(request, None, parameters.get("VersionId"), parameters.get("IfMatch"))


def _deletion(
    request: _Request, key: str | None, version: str | None, etag: Any, item: tuple[str, str | None] | None = None
) -> Iterator[Needed]:
    context: dict[str, Value] = {}
    if version is not None:
        context["s3:VersionId"] = version
    if etag is not None:
        context["s3:if-match"] = str(etag)
    action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
    yield request.object(action, context, key=key, item=item)
    if request.parameters.get("BypassGovernanceRetention"):
        yield request.object("s3:BypassGovernanceRetention", context, key=key, item=item)


def _delete_objects(asked: Asked) -> Iterable[Needed]:
    """Each key is judged on its own, so that the answer can name those that may not be deleted."""
    request = _Request(asked)
    objects = (asked.parameters.get("Delete") or {}).get("Objects") or []
    if not objects:
        raise CannotTellError("it names no object to delete")
    for each in objects:
        key, version = each.get("Key"), each.get("VersionId")
        if not isinstance(key, str) or not key:
            raise CannotTellError("it names an object without a key")
        yield from _deletion(request, key, version, each.get("ETag"), (key, version))


def _restore(asked: Asked) -> Iterable[Needed]:
    return (_Request(asked).object("s3:RestoreObject"),)


def _object(action: str) -> Rule:
    return lambda asked: (_Request(asked).object(action),)


TABLE: Table = {
    # Objects
    "AbortMultipartUpload": _object("s3:AbortMultipartUpload"),
    "CompleteMultipartUpload": _complete_upload,
    "CopyObject": _copy_object,
    "CreateMultipartUpload": _put_object,
    "DeleteObject": _delete_object,
    "DeleteObjectTagging": _changing("s3:DeleteObjectTagging"),
    "DeleteObjects": _delete_objects,
    "GetObject": _reading("s3:GetObject"),
    "GetObjectAcl": _changing("s3:GetObjectAcl"),
    "GetObjectAttributes": _reading("s3:GetObject", "s3:GetObjectAttributes"),
    "GetObjectLegalHold": _changing("s3:GetObjectLegalHold", versions=False),
    "GetObjectRetention": _changing("s3:GetObjectRetention", versions=False),
    "GetObjectTagging": _changing("s3:GetObjectTagging"),
    "GetObjectTorrent": _object("s3:GetObjectTorrent"),
    "HeadObject": _reading("s3:GetObject"),
    "ListParts": _object("s3:ListMultipartUploadParts"),
    "PutObject": _put_object,
    "PutObjectAcl": _changing("s3:PutObjectAcl"),
    "PutObjectLegalHold": _changing("s3:PutObjectLegalHold", versions=False),
    "PutObjectRetention": _changing("s3:PutObjectRetention", versions=False, bypass=True),
    "PutObjectTagging": _changing("s3:PutObjectTagging"),
    "RestoreObject": _restore,
    "SelectObjectContent": _reading("s3:GetObject"),
    "UploadPart": _upload_part,
    "UploadPartCopy": _upload_part_copy,
    # Buckets
    "CreateBucket": _create_bucket,
    "DeleteBucket": _bucket("s3:DeleteBucket"),
    "HeadBucket": _bucket("s3:ListBucket"),
    "ListBuckets": _list_buckets,
    "ListMultipartUploads": _bucket("s3:ListBucketMultipartUploads"),
    "ListObjectVersions": _listing("s3:ListBucketVersions"),
    "ListObjects": _listing("s3:ListBucket"),
    "ListObjectsV2": _listing("s3:ListBucket"),
    # Settings of buckets
    "DeleteBucketAnalyticsConfiguration": _bucket("s3:PutAnalyticsConfiguration"),
    "DeleteBucketCors": _bucket("s3:PutBucketCORS"),
    "DeleteBucketEncryption": _bucket("s3:PutEncryptionConfiguration"),
    "DeleteBucketIntelligentTieringConfiguration": _bucket("s3:PutIntelligentTieringConfiguration"),
    "DeleteBucketInventoryConfiguration": _bucket("s3:PutInventoryConfiguration"),
    "DeleteBucketLifecycle": _bucket("s3:PutLifecycleConfiguration"),
    "DeleteBucketMetricsConfiguration": _bucket("s3:PutMetricsConfiguration"),
    "DeleteBucketOwnershipControls": _bucket("s3:PutBucketOwnershipControls"),
    "DeleteBucketPolicy": _bucket("s3:DeleteBucketPolicy"),
    "DeleteBucketReplication": _bucket("s3:PutReplicationConfiguration"),
    "DeleteBucketTagging": _bucket("s3:PutBucketTagging"),
    "DeleteBucketWebsite": _bucket("s3:DeleteBucketWebsite"),
    "DeletePublicAccessBlock": _bucket("s3:PutBucketPublicAccessBlock"),
    "GetBucketAccelerateConfiguration": _bucket("s3:GetAccelerateConfiguration"),
    "GetBucketAcl": _bucket("s3:GetBucketAcl"),
    "GetBucketAnalyticsConfiguration": _bucket("s3:GetAnalyticsConfiguration"),
    "GetBucketCors": _bucket("s3:GetBucketCORS"),
    "GetBucketEncryption": _bucket("s3:GetEncryptionConfiguration"),
    "GetBucketIntelligentTieringConfiguration": _bucket("s3:GetIntelligentTieringConfiguration"),
    "GetBucketInventoryConfiguration": _bucket("s3:GetInventoryConfiguration"),
    "GetBucketLifecycle": _bucket("s3:GetLifecycleConfiguration"),
    "GetBucketLifecycleConfiguration": _bucket("s3:GetLifecycleConfiguration"),
    "GetBucketLocation": _bucket("s3:GetBucketLocation"),
    "GetBucketLogging": _bucket("s3:GetBucketLogging"),
    "GetBucketMetricsConfiguration": _bucket("s3:GetMetricsConfiguration"),
    "GetBucketNotification": _bucket("s3:GetBucketNotification"),
    "GetBucketNotificationConfiguration": _bucket("s3:GetBucketNotification"),
    "GetBucketOwnershipControls": _bucket("s3:GetBucketOwnershipControls"),
    "GetBucketPolicy": _bucket("s3:GetBucketPolicy"),
    "GetBucketPolicyStatus": _bucket("s3:GetBucketPolicyStatus"),
    "GetBucketReplication": _bucket("s3:GetReplicationConfiguration"),
    "GetBucketRequestPayment": _bucket("s3:GetBucketRequestPayment"),
    "GetBucketTagging": _bucket("s3:GetBucketTagging"),
    "GetBucketVersioning": _bucket("s3:GetBucketVersioning"),
    "GetBucketWebsite": _bucket("s3:GetBucketWebsite"),
    "GetObjectLockConfiguration": _bucket("s3:GetBucketObjectLockConfiguration"),
    "GetPublicAccessBlock": _bucket("s3:GetBucketPublicAccessBlock"),
    "ListBucketAnalyticsConfigurations": _bucket("s3:GetAnalyticsConfiguration"),
    "ListBucketIntelligentTieringConfigurations": _bucket("s3:GetIntelligentTieringConfiguration"),
    "ListBucketInventoryConfigurations": _bucket("s3:GetInventoryConfiguration"),
    "ListBucketMetricsConfigurations": _bucket("s3:GetMetricsConfiguration"),
    "PutBucketAccelerateConfiguration": _bucket("s3:PutAccelerateConfiguration"),
    "PutBucketAcl": _put_bucket_acl,
    "PutBucketAnalyticsConfiguration": _bucket("s3:PutAnalyticsConfiguration"),
    "PutBucketCors": _bucket("s3:PutBucketCORS"),
    "PutBucketEncryption": _bucket("s3:PutEncryptionConfiguration"),
    "PutBucketIntelligentTieringConfiguration": _bucket("s3:PutIntelligentTieringConfiguration"),
    "PutBucketInventoryConfiguration": _bucket("s3:PutInventoryConfiguration"),
    "PutBucketLifecycle": _bucket("s3:PutLifecycleConfiguration"),
    "PutBucketLifecycleConfiguration": _bucket("s3:PutLifecycleConfiguration"),
    "PutBucketLogging": _bucket("s3:PutBucketLogging"),
    "PutBucketMetricsConfiguration": _bucket("s3:PutMetricsConfiguration"),
    "PutBucketNotification": _bucket("s3:PutBucketNotification"),
    "PutBucketNotificationConfiguration": _bucket("s3:PutBucketNotification"),
    "PutBucketOwnershipControls": _bucket("s3:PutBucketOwnershipControls"),
    "PutBucketPolicy": _bucket("s3:PutBucketPolicy"),
    "PutBucketReplication": _put_replication,
    "PutBucketRequestPayment": _bucket("s3:PutBucketRequestPayment"),
    "PutBucketTagging": _bucket("s3:PutBucketTagging"),
    "PutBucketVersioning": _bucket("s3:PutBucketVersioning"),
    "PutBucketWebsite": _bucket("s3:PutBucketWebsite"),
    "PutObjectLockConfiguration": _bucket("s3:PutBucketObjectLockConfiguration"),
    "PutPublicAccessBlock": _bucket("s3:PutBucketPublicAccessBlock"),
}
