"""With SSE-S3, or with the key that AWS manages, whoever may read the bucket may read the data.

A key of the tenant is a second gate that no bucket policy or IAM policy can open alone: it keeps another tenant out
even when a bucket policy is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "BucketEncryption.ServerSideEncryptionConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Buckets that hold a tenant's data or logs and whose default encryption is not with a customer managed key."""
    for bucket in context.buckets:
        rules = context.get(bucket, _PROPERTY)
        default = rules
        if isinstance(rules, list) and rules:
            default = rules[0].get("ServerSideEncryptionByDefault") if isinstance(rules[0], Mapping) else rules[0]
        algorithm = default.get("SSEAlgorithm") if isinstance(default, Mapping) else default
        key = default.get("KMSMasterKeyID") if isinstance(default, Mapping) else None
        if context.unknown(algorithm) or (context.unknown(key) and _may_be_absent(context, bucket)):
            yield Violation(bucket, _PROPERTY, "the encryption depends on the deployment", undecided=True)
        elif algorithm not in ("aws:kms", "aws:kms:dsse"):
            found = f"SSEAlgorithm is {algorithm}" if isinstance(algorithm, str) else "no default encryption is set"
            yield Violation(bucket, _PROPERTY, found)
        elif not key or (isinstance(key, str) and key.endswith("alias/aws/s3")):
            yield Violation(bucket, _PROPERTY, f"SSEAlgorithm is {algorithm} with the key that AWS manages")


def _may_be_absent(context: Context, bucket: Resource) -> bool:
    return any(isinstance(key, Mapping) and "Fn::If" in key for key in context.bucket_keys(bucket))


RULE = Rule(
    id="EMRG106",
    name="bucket-without-customer-key",
    severity="error",
    title="Bucket of a tenant without SSE-KMS and a customer managed key",
    rationale=__doc__,
    mend="Set BucketEncryption with SSEAlgorithm aws:kms and the ARN of the tenant's key as KMSMasterKeyID.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)",)},
    check=check,
)
