"""The use of KMS keys by S3 on behalf of who reads and writes objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.s3.models import FakeBucket, FakeKey

from emrguard_local.authorizer import keys
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import CannotTellError, Needed

_KMS = ("aws:kms", "aws:kms:dsse")
_CLOUDTRAIL = "cloudtrail.amazonaws.com"


def key_arn(asked: Asked, bucket: FakeBucket | None, name: str) -> str:
    """The ARN of the key that a request names, as conditions on the header see it; the name itself when unknown."""
    ref = keys.resolve(asked, name, bucket.region_name if bucket is not None else asked.region)
    return ref.arn if ref.known and ref.key is not None else name


def encrypting(
    asked: Asked, bucket: FakeBucket, target: str, parameters: Mapping[str, Any], actions: Iterable[str]
) -> Iterator[Needed]:
    """The use of the key that an object with the ARN `target` is encrypted with, by header or the bucket's default.

    A request for `aws:kms` without a key gets the bucket's default key here, because that is how moto stores it; AWS
    takes its own key of the account. Keys that AWS manages need no permission.
    """
    if parameters.get("SSECustomerAlgorithm"):
        return
    rule: Mapping[str, Any] = (bucket.encryption or {}).get("Rule") or {}
    default = rule.get("ApplyServerSideEncryptionByDefault") or {}
    algorithm = parameters.get("ServerSideEncryption") or default.get("SSEAlgorithm")
    name = parameters.get("SSEKMSKeyId") or default.get("KMSMasterKeyID")
    if algorithm not in _KMS or not name:
        return
    bucket_key = _true(parameters.get("BucketKeyEnabled")) or _true(rule.get("BucketKeyEnabled"))
    arn = f"arn:{asked.partition}:s3:::{bucket.name}" if bucket_key and algorithm == "aws:kms" else target
    pairs = {**_given_context(asked, parameters), "aws:s3:arn": arn}
    yield from _using(asked, str(name), bucket.region_name, pairs, actions)


def decrypting(asked: Asked, bucket_arn: str, found: FakeKey) -> Iterator[Needed]:
    """The use of the key that a stored object is encrypted with."""
    if found.encryption not in _KMS or not found.kms_key_id:
        return
    of_bucket = _true(found.bucket_key_enabled) and found.encryption == "aws:kms"
    arn = bucket_arn if of_bucket else f"{bucket_arn}/{found.name}"
    bucket = asked.state.bucket(str(found.bucket_name))
    region = bucket.region_name if bucket is not None else found.region_name
    yield from _using(asked, found.kms_key_id, region, {"aws:s3:arn": arn}, ("kms:Decrypt",))


def _using(asked: Asked, name: str, region: str, pairs: Mapping[str, str], actions: Iterable[str]) -> Iterator[Needed]:
    ref = keys.resolve(asked, name, region)
    if ref.managed_by is None:
        context = keys.encryption_context(pairs)
        for action in actions:
            yield keys.use(asked, action, ref, context, via="s3")


def _given_context(asked: Asked, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The encryption context that the writer of an object adds to S3's own; CloudTrail adds its trail."""
    pairs: dict[str, str] = {}
    given = parameters.get("SSEKMSEncryptionContext")
    if given:
        try:
            pairs = {str(name): str(value) for name, value in json.loads(base64.b64decode(given)).items()}
        except (binascii.Error, ValueError, AttributeError) as error:
            raise CannotTellError("its encryption context is not an object in JSON and base64") from error
    identity = asked.call.identity
    if identity is not None and identity.principal.arn == _CLOUDTRAIL and "aws:SourceArn" in identity.context:
        pairs["aws:cloudtrail:arn"] = str(identity.context["aws:SourceArn"])
    return pairs


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
