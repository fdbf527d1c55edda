"""Trails: what is recorded of calls, and its delivery to buckets and log groups."""

from __future__ import annotations

import gzip
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_server_support import Running

from emrguard_local.credentials import Credentials
from emrguard_local.trail.records import HIDDEN

REGION = "us-east-1"


class Trail:
    """A trail with data events on one bucket, and what has been delivered."""

    def __init__(self, cloud: Running, **parameters: Any) -> None:
        self.cloud = cloud
        self.trail_bucket, self.data_bucket = cloud.bucket(), cloud.bucket()
        self.name = cloud.name("trail")
        made = cloud.client("cloudtrail").create_trail(Name=self.name, S3BucketName=self.trail_bucket, **parameters)
        self.arn = made["TrailARN"]
        self.select({"DataResources": [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{self.data_bucket}/"]}]})
        cloud.client("cloudtrail").start_logging(Name=self.name)

    def select(self, selector: dict[str, Any]) -> None:
        """Set the trail's one basic selector."""
        full = {"ReadWriteType": "All", "IncludeManagementEvents": True, **selector}
        self.cloud.client("cloudtrail").put_event_selectors(TrailName=self.name, EventSelectors=[full])

    def keys(self) -> list[str]:
        """The delivered files, after a delivery."""
        self.cloud.server.trails.deliver()
        listed = self.cloud.client("s3").list_objects_v2(Bucket=self.trail_bucket)
        return [each["Key"] for each in listed.get("Contents", [])]

    def records(self) -> list[dict[str, Any]]:
        """All records that have been delivered."""
        found = []
        for key in self.keys():
            body = self.cloud.client("s3").get_object(Bucket=self.trail_bucket, Key=key)["Body"].read()
            found += json.loads(gzip.decompress(body))["Records"]
        return found

    def one(self, name: str) -> dict[str, Any]:
        """The record of an event that happened once."""
        (found,) = [each for each in self.records() if each["eventName"] == name]
        return found

    def status(self) -> dict[str, Any]:
        """GetTrailStatus."""
        return dict(self.cloud.client("cloudtrail").get_trail_status(Name=self.name))


@pytest.fixture
def trail(cloud: Running) -> Any:
    """A logging trail; it is deleted afterwards."""
    made = Trail(cloud)
    yield made
    cloud.client("cloudtrail").delete_trail(Name=made.name)


def test_files_lie_where_cloudtrail_puts_them(trail: Trail) -> None:
    """AWSLogs/<account>/CloudTrail/<region>/<yyyy>/<mm>/<dd>/<account>_CloudTrail_<region>_<time>_<unique>.json.gz."""
    trail.cloud.client("kms").list_keys()
    (key,) = trail.keys()
    folder, _, name = key.rpartition("/")
    parts = folder.split("/")
    assert parts[:4] == ["AWSLogs", "123456789012", "CloudTrail", REGION]
    assert [len(part) for part in parts[4:]] == [4, 2, 2]
    account, service, region, time, unique = name.removesuffix(".json.gz").split("_")
    assert (account, service, region) == ("123456789012", "CloudTrail", REGION)
    assert (len(time), len(unique)) == (len("20261124T1200Z"), 16)


def test_a_record_says_who_did_what(trail: Trail) -> None:
    """The record of a job's submission by an MFA-less session, in CloudTrail's shape."""
    session = trail.cloud.assume(trail.cloud.role(), RoleSessionName="ana", SourceIdentity="ana")
    trail.cloud.client("emr-serverless", session).start_job_run(
        applicationId="00a",
        executionRoleArn="arn:aws:iam::123456789012:role/r",
        jobDriver={"sparkSubmit": {"entryPoint": "s3://secret/path.py"}},
    )
    found = trail.one("StartJobRun")
    assert found["eventVersion"] == "1.11"
    assert found["eventSource"] == "emr-serverless.amazonaws.com"
    assert found["awsRegion"] == REGION
    assert found["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in found["userAgent"]
    assert found["requestParameters"]["applicationId"] == "00a"
    assert found["requestParameters"]["executionRoleArn"].endswith("role/r")
    assert found["requestParameters"]["jobDriver"]["sparkSubmit"]["entryPoint"] == HIDDEN
    assert found["responseElements"] == {"applicationId": "00a", "jobRunId": "00f1", "arn": "arn:aws:x"}
    assert (found["readOnly"], found["managementEvent"], found["eventCategory"]) == (False, True, "Management")
    assert "errorCode" not in found
    who = found["userIdentity"]
    assert (who["type"], who["accountId"]) == ("AssumedRole", "123456789012")
    assert who["arn"].endswith("/ana")
    assert who["accessKeyId"] == session.access_key_id
    assert who["principalId"].endswith(":ana")
    issuer = who["sessionContext"]["sessionIssuer"]
    assert issuer["principalId"] == who["principalId"].partition(":")[0]
    assert who["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert who["sessionContext"]["sourceIdentity"] == "ana"


def test_objects_are_recorded_for_the_selected_bucket_only(trail: Trail) -> None:
    """Data events of the selected bucket with bucket, key and resources; none of another bucket, and no contents."""
    s3, other = trail.cloud.client("s3"), trail.cloud.bucket()
    for bucket in (trail.data_bucket, other):
        s3.put_object(Bucket=bucket, Key="input/a", Body=b"the contents")
        s3.get_object(Bucket=bucket, Key="input/a", Range="bytes=0-1")
        s3.list_objects_v2(Bucket=bucket, Prefix="input/")
    found = [each for each in trail.records() if each["eventCategory"] == "Data"]
    assert [each["eventName"] for each in found] == ["PutObject", "GetObject", "ListObjects"]
    assert {each["requestParameters"]["bucketName"] for each in found} == {trail.data_bucket}
    put, get, listed = found
    assert get["requestParameters"]["key"] == "input/a"
    assert get["requestParameters"]["Range"] == "bytes=0-1"
    assert get["requestParameters"]["Host"].startswith("127.0.0.1")
    assert get["resources"][0] == {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{trail.data_bucket}/input/a"}
    assert (put["readOnly"], get["readOnly"]) == (False, True)
    assert listed["requestParameters"]["list-type"] == "2"
    assert "the contents" not in json.dumps(found)
    assert get["managementEvent"] is False


def test_refused_and_failed_calls_are_recorded(trail: Trail) -> None:
    """A denial, a missing object or role and bad credentials all leave a record with the error."""
    cloud, bucket = trail.cloud, trail.data_bucket
    s3 = cloud.client("s3")
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    message = "User: x is not authorized to perform: s3:PutObject"
    with cloud.judge.denying("PutObject", message), pytest.raises(ClientError):
        s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with cloud.judge.denying("DescribeVpcs", "no"), pytest.raises(ClientError):
        cloud.client("ec2").describe_vpcs()
    failing: list[Callable[[], object]] = [
        lambda: s3.get_object(Bucket=bucket, Key="missing"),
        lambda: s3.head_object(Bucket=bucket, Key="missing"),
        lambda: cloud.client("iam").get_role(RoleName="missing"),
        lambda: cloud.client("kms", stranger).list_keys(),
    ]
    for call in failing:
        with pytest.raises(ClientError):
            call()
    found = trail.records()
    assert {
        ("PutObject", "AccessDenied"),
        ("DescribeVpcs", "Client.UnauthorizedOperation"),
        ("GetObject", "NoSuchKey"),
        ("HeadObject", "NoSuchKey"),
        ("GetRole", "NoSuchEntity"),
        ("ListKeys", "UnrecognizedClientException"),
    } <= {(each["eventName"], each.get("errorCode")) for each in found}
    denied = next(each for each in found if each["eventName"] == "PutObject")
    assert (denied["errorMessage"], denied["responseElements"]) == (message, None)
    unknown = next(each for each in found if each.get("errorCode") == "UnrecognizedClientException")
    assert (unknown["userIdentity"]["type"], unknown["userIdentity"]["accessKeyId"]) == (
        "Unknown",
        stranger.access_key_id,
    )


def test_secrets_do_not_reach_the_trail(trail: Trail) -> None:
    """Secret keys, session tokens, seeds and decrypted parameters are hidden; what is no secret is told."""
    name, credentials = trail.cloud.user()
    session = trail.cloud.assume(trail.cloud.role(), credentials)
    trail.cloud.client("ssm").put_parameter(Name=f"/{name}", Value="hush-hush", Type="SecureString")
    made = trail.one("CreateAccessKey")["responseElements"]["accessKey"]
    assert (made["accessKeyId"], made["secretAccessKey"]) == (credentials.access_key_id, HIDDEN)
    assumed = trail.one("AssumeRole")["responseElements"]
    assert assumed["credentials"]["accessKeyId"] == session.access_key_id
    everything = json.dumps(trail.records())
    for secret in (credentials.secret_access_key, session.secret_access_key, session.session_token, "hush-hush"):
        assert secret
        assert secret not in everything


def test_services_and_anonymous_callers_are_named(trail: Trail) -> None:
    """A role assumed by a service is recorded as the service's doing; an unsigned read as an anonymous one."""
    role = trail.cloud.role()
    trail.cloud.host.assume_for_service("emr-serverless.amazonaws.com", role, "00f1", context={})
    (assumed,) = [each for each in trail.records() if each["eventName"] == "AssumeRole"]
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": "emr-serverless.amazonaws.com"}
    assert assumed["requestParameters"]["roleArn"] == role
    assert assumed["resources"] == [{"accountId": "123456789012", "type": "AWS::IAM::Role", "ARN": role}]
    with trail.cloud.judge.denying("emr-serverless.amazonaws.com", "no trust"), pytest.raises(Exception, match="no"):
        trail.cloud.host.assume_for_service("emr-serverless.amazonaws.com", role, "00f1", context={})
    assert "AccessDenied" in [each.get("errorCode") for each in trail.records() if each["eventName"] == "AssumeRole"]
    bucket = trail.data_bucket
    assert urllib.request.urlopen(f"{trail.cloud.url}/{bucket}", timeout=20).status == 200
    who = trail.one("ListObjects")["userIdentity"]
    assert who == {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}


def test_a_stopped_trail_records_nothing(trail: Trail) -> None:
    """Between StopLogging and StartLogging calls leave no record in the trail."""
    trail.cloud.client("cloudtrail").stop_logging(Name=trail.name)
    trail.keys()
    trail.cloud.client("kms").list_aliases()
    trail.cloud.server.trails.deliver()
    assert "ListAliases" not in {each["eventName"] for each in trail.records()}


def test_a_bucket_that_refuses_is_told_and_tried_again(trail: Trail) -> None:
    """The status names the error; when the policy lets CloudTrail in again, nothing is lost."""
    with trail.cloud.judge.denying("PutObject", "no s3:PutObject for cloudtrail"):
        trail.cloud.client("kms").list_keys()
        trail.cloud.server.trails.deliver()
        status = trail.status()
        assert status["LatestDeliveryError"].startswith("AccessDenied: no s3:PutObject")
        assert status["IsLogging"] is True
    assert "ListKeys" in {each["eventName"] for each in trail.records()}
    assert "LatestDeliveryError" not in trail.status()
    put = trail.cloud.judge.last("PutObject")
    assert put.identity is not None
    assert (put.identity.principal.kind, put.identity.principal.arn) == ("service", "cloudtrail.amazonaws.com")
    assert put.identity.context["aws:SourceArn"] == trail.arn
    assert put.parameters["ACL"] == "bucket-owner-full-control"


def test_delivery_with_a_key_a_prefix_and_a_log_group(cloud: Running) -> None:
    """Files are encrypted with the trail's key; records also reach the log group, by the trail's role."""
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    group, role = cloud.name("/trail"), cloud.role()
    cloud.client("logs").create_log_group(logGroupName=group)
    trail = Trail(
        cloud,
        KmsKeyId=key,
        S3KeyPrefix="audit",
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:123456789012:log-group:{group}:*",
        CloudWatchLogsRoleArn=role,
    )
    try:
        cloud.client("kms").list_keys()
        first = trail.keys()[0]
        assert first.startswith("audit/AWSLogs/")
        head = cloud.client("s3").head_object(Bucket=trail.trail_bucket, Key=first)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
        assert cloud.judge.last("PutObject").parameters["SSEKMSKeyId"] == key
        stream = f"123456789012_CloudTrail_{REGION}"
        events = cloud.client("logs").get_log_events(logGroupName=group, logStreamName=stream)["events"]
        assert "ListKeys" in {json.loads(event["message"])["eventName"] for event in events}
        assert "LatestCloudWatchLogsDeliveryError" not in trail.status()
        names = {each["eventName"] for each in trail.records()}
        assert "PutLogEvents" not in names
    finally:
        cloud.client("cloudtrail").delete_trail(Name=trail.name)


def test_selectors_replace_each_other(trail: Trail) -> None:
    """Basic after advanced selectors and the other way round: only what was set last counts."""
    client = trail.cloud.client("cloudtrail")
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}]
    client.put_event_selectors(TrailName=trail.name, AdvancedEventSelectors=[{"FieldSelectors": fields}])
    trail.cloud.client("s3").put_object(Bucket=trail.data_bucket, Key="unseen", Body=b"")
    trail.keys()
    trail.select({"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]})
    assert "AdvancedEventSelectors" not in {
        name for name, value in client.get_event_selectors(TrailName=trail.name).items() if value
    }
    trail.cloud.client("s3").put_object(Bucket=trail.data_bucket, Key="seen", Body=b"")
    assert trail.one("PutObject")["requestParameters"]["key"] == "seen"
    with pytest.raises(client.exceptions.InvalidEventSelectorsException):
        client.put_event_selectors(TrailName=trail.name)


def test_the_status_of_an_unknown_trail(cloud: Running) -> None:
    """GetTrailStatus of a trail that does not exist is CloudTrail's own error."""
    client = cloud.client("cloudtrail")
    with pytest.raises(client.exceptions.TrailNotFoundException):
        client.get_trail_status(Name="none-such")
