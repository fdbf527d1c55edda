"""What CloudTrail calls an operation, and which kind of event it is.

Data events of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
Names of Lambda's events: https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emrguard_local.protocol.models import service_model

_S3_NAMES = {
    "ListObjectsV2": "ListObjects",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
_S3_BUCKET_DATA = {
    "DeleteObjects",
    "HeadBucket",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
}
_LAMBDA_NAMES = {"CreateFunction": "CreateFunction20150331", "GetFunction": "GetFunction20150331v2"}
# CloudTrail does not record these at all.
_NOT_RECORDED = {("logs", "PutLogEvents")}
_READING = (
    "BatchGet", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search", "Select", "Simulate",
)  # fmt: skip
_READING_OPERATIONS = {
    ("kms", "Decrypt"),
    ("kms", "Encrypt"),
    ("kms", "GenerateDataKey"),
    ("kms", "GenerateDataKeyWithoutPlaintext"),
    ("kms", "GenerateMac"),
    ("kms", "ReEncrypt"),
    ("kms", "Sign"),
    ("kms", "Verify"),
    ("kms", "VerifyMac"),
    ("sts", "AssumeRole"),
}
S3_OBJECT = "AWS::S3::Object"
FUNCTION = "AWS::Lambda::Function"


@dataclass(frozen=True)
class Event:
    """An operation as CloudTrail sees it. `resource_type` is that of a data event."""

    source: str
    name: str
    category: Literal["Management", "Data"]
    read_only: bool
    resource_type: str | None


@functools.lru_cache(maxsize=2048)
def event_of(service: str, operation: str) -> Event | None:
    """The event of an operation; None for one that CloudTrail does not record."""
    if (service, operation) in _NOT_RECORDED:
        return None
    model = service_model(service)
    source = f"{model.endpoint_prefix if model else service}.amazonaws.com"
    read_only = operation.startswith(_READING) or (service, operation) in _READING_OPERATIONS
    names = {"s3": _S3_NAMES, "lambda": _LAMBDA_NAMES}.get(service, {})
    data = S3_OBJECT if service == "s3" and _is_s3_data(operation) else None
    if (service, operation) == ("lambda", "Invoke"):
        data = FUNCTION
    return Event(
        source,
        names.get(operation, operation) or "UnknownOperation",
        "Data" if data else "Management",
        read_only,
        data,
    )


def _is_s3_data(operation: str) -> bool:
    model = service_model("s3")
    if model is None or operation not in model.operation_names:
        return False
    shape = model.operation_model(operation).input_shape
    return operation in _S3_BUCKET_DATA or (shape is not None and "Key" in shape.members)


def resources(
    service: str, operation: str, parameters: Mapping[str, Any], account_id: str, partition: str, region: str
) -> list[dict[str, str]]:
    """The resources that a record names, of the services that name any."""
    if service == "s3" and parameters.get("Bucket"):
        bucket = f"arn:{partition}:s3:::{parameters['Bucket']}"
        named = {"accountId": account_id, "type": "AWS::S3::Bucket", "ARN": bucket}
        if not _is_s3_data(operation):
            return [named]
        if parameters.get("Key"):
            return [{"type": S3_OBJECT, "ARN": f"{bucket}/{parameters['Key']}"}, named]
        return [{"type": S3_OBJECT, "ARNPrefix": f"{bucket}/{parameters.get('Prefix') or ''}"}, named]
    if service == "lambda" and parameters.get("FunctionName"):
        name = str(parameters["FunctionName"]).rpartition(":")[2]
        arn = f"arn:{partition}:lambda:{region}:{account_id}:function:{name}"
        return [{"accountId": account_id, "type": FUNCTION, "ARN": arn}]
    if service == "sts" and parameters.get("RoleArn"):
        return [{"accountId": account_id, "type": "AWS::IAM::Role", "ARN": parameters["RoleArn"]}]
    if service == "kms" and parameters.get("KeyId"):
        key = str(parameters["KeyId"])
        if not key.startswith("arn:"):
            kind = "" if key.startswith("alias/") else "key/"
            key = f"arn:{partition}:kms:{region}:{account_id}:{kind}{key}"
        return [{"accountId": account_id, "type": "AWS::KMS::Key", "ARN": key}]
    return []
