"""AWS::Lambda::Function with its code inline, and custom resources that such functions serve."""

from __future__ import annotations

import base64
import io
import json
import secrets
import uuid
import zipfile
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Anything, Fixed, Integer, ListOf, MapOf, Record, Text, record

_ONLY_INLINE = "the local cloud has no assets of functions: write the code inline"
_LOG_LINES = 12


@handles(
    "AWS::Lambda::Function",
    record(
        ("Code", "Role", "Handler", "Runtime"),
        Architectures=ListOf(Text(("arm64", "x86_64"))),
        Code=record(("ZipFile",), ZipFile=Text()),
        Description=Text(),
        Environment=record(Variables=MapOf(Text())),
        FunctionName=Text(),
        Handler=Text(),
        LoggingConfig=record(LogGroup=Text(), LogFormat=Fixed("Text", "lines are written as they are printed")),
        MemorySize=Integer(),
        PackageType=Fixed("Zip", _ONLY_INLINE),
        Role=Text(),
        Runtime=Text(),
        Tags=TAGS,
        Timeout=Integer(),
    ),
    attributes=("Arn",),
    system_tagged=True,
)
def function(creation: Creation) -> Created:
    """CreateFunction with a zip archive that holds the code as `index.py`; `Ref` is the function's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("index.py", creation["Code"]["ZipFile"])
    client = creation.client("lambda")
    plain = (
        "Architectures", "Description", "Environment", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime",
        "Timeout",
    )  # fmt: skip
    asked = creation.given(**{name: name for name in plain})
    name = creation.get("FunctionName") or creation.name(64)
    tags = {"Tags": creation.tags} if creation.tags else {}
    client.create_function(FunctionName=name, Code={"ZipFile": archive.getvalue()}, **asked, **tags)
    found = client.get_function(FunctionName=name)
    for key, value in asked.items():
        creation.verify(key, value, found["Configuration"].get(key))
    creation.verify_tags(found.get("Tags", {}))
    return Created(name, {"Arn": found["Configuration"]["FunctionArn"]})


@handles(
    "AWS::CloudFormation::CustomResource",
    Record({"ServiceToken": Text(), "ServiceTimeout": Integer()}, frozenset({"ServiceToken"}), rest=Anything()),
)
def custom_resource(creation: Creation) -> Created:
    """Invokes the function with a Create request and takes its answer from where the response URL points to.

    As on AWS that is a presigned URL of S3; the bucket exists for the time of the request. `Ref` is the physical id of
    the answer. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
    """
    s3 = creation.client("s3")
    bucket = f"cloudformation-custom-resource-response-{creation.account_id}-{secrets.token_hex(4)}"
    key = f"{creation.stack}/{creation.logical_id}"
    s3.create_bucket(
        Bucket=bucket,
        **(
            {}
            if creation.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": creation.region}}
        ),
    )
    try:
        url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=7200)
        log = _invoke(creation, url)
        answer = _answer(creation, s3, bucket, key, log)
    finally:
        s3.delete_object(Bucket=bucket, Key=key)
        s3.delete_bucket(Bucket=bucket)
    if answer.get("Status") != "SUCCESS" or not answer.get("PhysicalResourceId"):
        reason = answer.get("Reason") or f"the answer is {json.dumps(answer)}"
        raise creation.error(f"the function answered {answer.get('Status')}: {reason}{log}")
    return Created(str(answer["PhysicalResourceId"]), answer.get("Data") or {})


def _invoke(creation: Creation, url: str) -> str:
    """Have the function work; returns the end of its log, for errors."""
    event = {
        "RequestType": "Create",
        "ResponseURL": url,
        "StackId": creation.stack_id,
        "RequestId": str(uuid.uuid4()),
        "ResourceType": creation.type,
        "LogicalResourceId": creation.logical_id,
        "ResourceProperties": _texts(dict(creation.properties)),
    }
    done = creation.client("lambda").invoke(
        FunctionName=creation["ServiceToken"], Payload=json.dumps(event).encode(), LogType="Tail"
    )
    lines = base64.b64decode(done.get("LogResult", "")).decode(errors="replace").splitlines()
    log = "".join(f"\n    {line}" for line in lines[-_LOG_LINES:])
    if done.get("FunctionError"):
        error = json.loads(done["Payload"].read())
        said = f"{error.get('errorType')}: {error.get('errorMessage')}"
        raise creation.error(f"the function {creation['ServiceToken']} failed: {said}{log}")
    return log


def _answer(creation: Creation, s3: Any, bucket: str, key: str, log: str) -> Mapping[str, Any]:
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise creation.error(f"the function ended without an answer to CloudFormation{log}") from error
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise creation.error(f"the function's answer is no JSON object: {body[:200]!r}{log}")
    return answer


def _texts(value: Any) -> Any:
    """Property values as CloudFormation sends them: numbers and booleans are strings."""
    if isinstance(value, dict):
        return {name: _texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


HANDLERS = (function, custom_resource)
