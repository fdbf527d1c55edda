"""The default encryption of a bucket holds for requests that ask for nothing else.

A request may ask for a key of its own. Then the object lies under a key that a stranger may disable, or that opens to
more principals than the tenant's. The rule puts such uploads to the policies of buckets that are marked as a tenant's
data or log bucket: each must meet a Deny.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Policy
from emrguard_policies.rules import probes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_PROPERTY = "PolicyDocument"
_SSE = "s3:x-amz-server-side-encryption"
_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMER = "s3:x-amz-server-side-encryption-customer-algorithm"
_OTHER = f"arn:aws:kms:us-east-1:{probes.STRANGER}:key/00000000-0000-4000-8000-000000000000"
_UPLOADS = {
    "SSE-S3": {_SSE: "AES256"},
    "the key of another account": {_SSE: "aws:kms", _KEY: _OTHER},
    "the key that AWS manages": {_SSE: "aws:kms"},
    "a key that the request brings": {_CUSTOMER: "AES256"},
}


def check(context: Context) -> Iterator[Violation]:
    """Marked buckets of tenants whose policy lets an upload under another key through."""
    for bucket in context.buckets:
        if not bucket.mark.tenant or bucket.mark.part not in ("data-bucket", "log-bucket"):
            continue
        documents = context.bucket_policies(bucket)
        unread = probes.unread(documents)
        yield from unread
        taken = [] if unread else _taken(context, bucket, documents)
        if taken:
            where = documents[0].resource if documents else bucket
            found = f"no Deny keeps an upload under {', '.join(taken)} out"
            yield Violation(where, _PROPERTY if documents else "", found)


def _taken(context: Context, bucket: Resource, documents: list[Document]) -> list[str]:
    account = probes.own_account(context, bucket)
    uploads = dict(_UPLOADS)
    plain = [default for rule in _defaults(context, bucket) if isinstance(default := rule.get("KMSMasterKeyID"), str)]
    own = [context.resolver.target(bucket.template, key) for key in context.bucket_keys(bucket)]
    for value in _values(documents, _KEY):
        key = context.resolver.find(value)
        if (key is None or key not in own) and value not in plain:
            uploads[context.shown(value)] = {_SSE: "aws:kms", _KEY: value}
    for value in dict.fromkeys(_values(documents, _SSE)):
        if value != "aws:kms":
            uploads[context.shown(value)] = {_SSE: value}
    roles = ["", *dict.fromkeys(_values(documents, "aws:principalarn"))]
    passing = context.alike(_passing, documents, context.resolver.arn(bucket), account, roles, [*uploads.values()])
    return [name for name, passes in zip(uploads, passing, strict=True) if passes]


def _defaults(context: Context, bucket: Resource) -> Iterator[Mapping[str, Any]]:
    """The default encryption of a bucket, with keys as policies name them; whose they are is another rule's."""
    rules = context.get(bucket, "BucketEncryption.ServerSideEncryptionConfiguration")
    for rule in rules if isinstance(rules, list) else ():
        default = rule.get("ServerSideEncryptionByDefault") if isinstance(rule, Mapping) else None
        if isinstance(default, Mapping):
            yield default


def _passing(
    policies: list[Policy], arn: str, account: str, roles: list[str], uploads: list[dict[str, str | list[str]]]
) -> list[bool]:
    """Whether each upload, told by its headers, is let through for one of some roles."""
    upload = [("s3:PutObject", f"{arn}/any/object")]
    people = [probes.role(account, role) for role in roles]
    return [any(probes.unbarred(policies, who, upload, account, headers) for who in people) for headers in uploads]


def _values(documents: list[Document], key: str) -> Iterator[str]:
    for document in documents:
        for statement in document.statements:
            for condition in statement.conditions if statement.effect == "Deny" else ():
                if condition.key.lower() == key:
                    yield from condition.values


RULE = Rule(
    id="EMRG151",
    name="bucket-that-takes-other-encryption",
    severity="error",
    title="Bucket of a tenant that takes objects under another key",
    rationale=__doc__,
    mend="Deny s3:PutObject to everybody where the header names another algorithm or another key than the bucket's.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)",)},
    check=check,
)
