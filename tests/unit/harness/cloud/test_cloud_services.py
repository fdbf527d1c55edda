"""boto3 against the local cloud: the services that a deployment uses, and how each says no."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from local_server_support import Running

from emrguard_local.host import aws_client


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str, int]:
    response = caught.value.response
    error = response["Error"]
    return error.get("Code", ""), error.get("Message", ""), response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_services_of_a_deployment_answer(cloud: Running) -> None:
    """S3, IAM, STS, KMS, Logs, EC2, CloudTrail and SSM keep what they are given, through boto3 as it is."""
    bucket = cloud.bucket()
    cloud.client("s3").put_bucket_policy(Bucket=bucket, Policy='{"Version":"2012-10-17","Statement":[]}')
    assert json.loads(cloud.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] == []
    assert cloud.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/admin"
    key = cloud.client("kms").create_key(Description="k")["KeyMetadata"]
    assert cloud.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"] == "k"
    cloud.client("logs").create_log_group(logGroupName=bucket, kmsKeyId=key["Arn"])
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=bucket)["logGroups"]
    assert [group["kmsKeyId"] for group in groups] == [key["Arn"]]
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert cloud.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"] == "10.0.0.0/16"
    cloud.client("ssm").put_parameter(Name=f"/{bucket}", Value="v", Type="String")
    assert cloud.client("ssm").get_parameter(Name=f"/{bucket}")["Parameter"]["Value"] == "v"
    cloud.client("cloudtrail").create_trail(Name=bucket, S3BucketName=bucket)
    assert bucket in [trail["Name"] for trail in cloud.client("cloudtrail").describe_trails()["trailList"]]


def test_services_of_our_own_answer_in_their_protocol(cloud: Running) -> None:
    """A service that is not moto's gets the parsed parameters, and its output and errors reach boto3."""
    emr = cloud.client("emr-serverless")
    job = {"sparkSubmit": {"entryPoint": "s3://b/j.py", "entryPointArguments": ["a"]}}
    answer = emr.start_job_run(applicationId="00a", executionRoleArn="arn:aws:iam::1:role/r", jobDriver=job)
    assert (answer["applicationId"], answer["jobRunId"]) == ("00a", "00f1")
    call = cloud.judge.last("StartJobRun")
    assert call.service == "emr-serverless"
    assert call.parameters["jobDriver"] == job
    assert call.parameters["clientToken"]
    since = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    emr.list_job_runs(applicationId="00a", createdAtAfter=since, maxResults=5)
    assert cloud.judge.last("ListJobRuns").parameters == {
        "applicationId": "00a",
        "createdAtAfter": since,
        "maxResults": 5,
    }
    with pytest.raises(emr.exceptions.ResourceNotFoundException):
        emr.get_application(applicationId="00a")


@pytest.mark.parametrize(
    ("service", "operation", "method", "parameters", "code", "status"),
    [
        ("s3", "GetObject", "get_object", {"Bucket": "some-bucket", "Key": "k"}, "AccessDenied", 403),
        ("sts", "AssumeRole", "assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "abc"},
         "AccessDenied", 403),
        ("iam", "ListRoles", "list_roles", {}, "AccessDenied", 403),
        ("kms", "ListKeys", "list_keys", {}, "AccessDeniedException", 400),
        ("logs", "DescribeLogGroups", "describe_log_groups", {}, "AccessDeniedException", 400),
        ("emr-serverless", "ListApplications", "list_applications", {}, "AccessDeniedException", 403),
        ("ec2", "DescribeVpcs", "describe_vpcs", {}, "UnauthorizedOperation", 403),
    ],
)  # fmt: skip
def test_a_denied_call_gets_the_services_own_access_denied(
    cloud: Running, service: str, operation: str, method: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    """Code and status are those of each protocol, the message is the authorizer's, special characters included."""
    message = 'User: arn:aws:iam::1:user/x is not authorized to perform: a:B on "arn:<&>"'
    with cloud.judge.denying(operation, message), pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), method)(**parameters)
    assert _error(caught) == (code, message, status)


def test_a_denied_head_has_no_body(cloud: Running) -> None:
    """HeadObject says 403 and nothing more, as with AWS, and the connection can be used again."""
    bucket = cloud.bucket()
    s3 = cloud.client("s3")
    with cloud.judge.denying("HeadObject", "no"), pytest.raises(ClientError) as caught:
        s3.head_object(Bucket=bucket, Key="k")
    assert _error(caught)[2] == 403
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_what_nobody_implements_is_refused_by_name(cloud: Running) -> None:
    """An operation that AWS has and the local cloud has not is an error that names it, never an empty success."""
    with pytest.raises(ClientError) as caught:
        cloud.client("kms").describe_custom_key_stores()
    code, message, _ = _error(caught)
    assert code == "UnsupportedByLocalCloud"
    assert "DescribeCustomKeyStores" in message
    with pytest.raises(ClientError) as caught:
        cloud.client("sts").get_federation_token(Name="me")
    assert _error(caught)[0] == "UnsupportedByLocalCloud"


@pytest.mark.parametrize(
    "key", ["plain", "a b/c+d", "ü/%2F/é", "a//b", "/lead", "a/../b", "folder/", "~!*'()", "a?b&c=d"]
)
def test_objects_of_any_name_come_back(cloud: Running, key: str) -> None:
    """Keys with spaces, percent signs, slashes and query characters survive signing, routing and storing."""
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=b"body")
    assert cloud.judge.last("PutObject").parameters["Key"] == key
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"body"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def test_large_objects_by_multipart_and_in_ranges(cloud: Running) -> None:
    """A 20 MB upload in parts comes back whole and in ranges; each part is a call of its own."""
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    body = bytes(range(256)) * 80_000
    s3.upload_fileobj(io.BytesIO(body), bucket, "big", Config=TransferConfig(multipart_threshold=1, max_concurrency=2))
    assert cloud.judge.last("UploadPart").parameters["Key"] == "big"
    assert cloud.judge.last("CompleteMultipartUpload").parameters["UploadId"]
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == body
    part = s3.get_object(Bucket=bucket, Key="big", Range="bytes=300-999")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert part["Body"].read() == body[300:1000]


@pytest.mark.parametrize(
    ("method", "parameters", "operation"),
    [
        ("list_objects_v2", {}, "ListObjectsV2"),
        ("list_objects", {}, "ListObjects"),
        ("list_object_versions", {}, "ListObjectVersions"),
        ("list_multipart_uploads", {}, "ListMultipartUploads"),
        ("get_bucket_versioning", {}, "GetBucketVersioning"),
        ("get_bucket_location", {}, "GetBucketLocation"),
        ("head_bucket", {}, "HeadBucket"),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]}}, "DeleteObjects"),
        ("copy_object", {"Key": "copy", "CopySource": "{bucket}/source"}, "CopyObject"),
        ("get_object_tagging", {"Key": "source"}, "GetObjectTagging"),
        ("get_object_attributes", {"Key": "source", "ObjectAttributes": ["ETag"]}, "GetObjectAttributes"),
        ("delete_object", {"Key": "source"}, "DeleteObject"),
    ],
)
def test_the_operations_of_s3_are_told_apart(
    cloud: Running, method: str, parameters: dict[str, Any], operation: str
) -> None:
    """What the authorizer judges is the operation that boto3 asked for, with its parameters."""
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="source", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId="key")
    put = cloud.judge.last("PutObject").parameters
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", "key")
    given = {
        name: value.format(bucket=bucket) if isinstance(value, str) else value for name, value in parameters.items()
    }
    getattr(s3, method)(Bucket=bucket, **given)
    call = cloud.judge.calls[-1]
    assert call.operation == operation
    assert call.parameters["Bucket"] == bucket
    for name, value in given.items():
        assert call.parameters[name] == value


def test_credentials_of_services_are_judged_and_named(cloud: Running) -> None:
    """A service assumes a role through the host; the session is good, and a denial reaches the service."""
    role = cloud.role()
    credentials = cloud.host.assume_for_service(
        "emr-serverless.amazonaws.com", role, "job-1", context={"aws:SourceAccount": "123456789012"}
    )
    arn = cloud.host.client("sts", credentials).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::123456789012:assumed-role/{role.rsplit('/', 1)[-1]}/job-1"


@pytest.mark.parametrize("refused", [{"b"}, {"a", "b"}, {"nothing"}])
def test_delete_objects_deletes_what_may_be_deleted(cloud: Running, refused: set[str]) -> None:
    """As with AWS the call succeeds; the objects that must stay do, and are named with AccessDenied."""
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    keys = ["a", "b", "c<&>"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    cloud.judge.refused_keys = refused
    try:
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    finally:
        cloud.judge.refused_keys = set()
    stay = refused & set(keys)
    assert {each["Key"] for each in answer.get("Deleted", [])} == set(keys) - stay
    assert {(each["Key"], each["Code"]) for each in answer.get("Errors", [])} == {(key, "AccessDenied") for key in stay}
    assert {each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])} == stay


def test_bucket_policies_are_left_to_the_authorizer(cloud: Running) -> None:
    """Moto's own reading of bucket policies ignores conditions and would deny everything here."""
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_our_own_services_live_in_one_region(cloud: Running) -> None:
    """A request to EMR Serverless in another Region is refused by name; moto's services exist in all of them."""
    elsewhere = aws_client("emr-serverless", cloud.url, "eu-west-1", cloud.admin)
    with pytest.raises(ClientError, match="us-east-1 only"):
        elsewhere.list_applications()
    assert aws_client("kms", cloud.url, "eu-west-1", cloud.admin).list_keys()["Keys"] == []
    assert aws_client("sts", cloud.url, "eu-west-1", cloud.admin).get_caller_identity()["Account"] == "123456789012"
