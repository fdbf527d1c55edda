"""Custom resources run for real: their function's code in a process of its own, as the function's role."""

from __future__ import annotations

import gzip
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deploy_support import deployed, physical_id, resource, written

from emrguard_local.cloud import LocalCloud
from emrguard_local.deploy import Deployment, deploy
from emrguard_local.exceptions import DeployError
from emrguard_local.functions.process import Processes

ANSWER = """
import json, urllib.request
def answer(event, **said):
    body = {"Status": "SUCCESS", "PhysicalResourceId": "mine", **said}
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""})
    urllib.request.urlopen(request)
"""


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud with its own authorizer."""
    with LocalCloud.start() as cloud:
        yield cloud


def _function(
    directory: Path,
    cloud: LocalCloud,
    code: str,
    *actions: str,
    service: str = "lambda.amazonaws.com",
    asked: dict[str, Any] | None = None,
    application: dict[str, Any] | None = None,
    **more: Any,
) -> Deployment:
    """Deploy a function that may write its log, and do `actions`, and a custom resource `asked` that it serves."""
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    allowed = ["logs:CreateLogStream", "logs:PutLogEvents", *actions]
    rights = [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]
    resources = {
        "Group": resource("AWS::Logs::LogGroup"),
        "Role": resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": trust},
            Policies=[{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": rights}}],
        ),
        "Function": resource(
            "AWS::Lambda::Function",
            Code={"ZipFile": code if asked else ANSWER + code},
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            **{
                "Environment": {"Variables": {"COLOUR": "blue"}},
                "LoggingConfig": {"LogGroup": {"Ref": "Group"}},
                "Runtime": "python3.14",
                "Timeout": 30,
                **more,
            },
        ),
        "Custom": resource(
            "Custom::Thing",
            ServiceToken={"Fn::GetAtt": ["Function", "Arn"]},
            **(asked or {"Number": 7, "Switch": True, "Nested": {"Words": ["a", 1]}}),
        ),
    } | ({"Application": application} if application else {})
    return deploy(written(directory, App={"Resources": resources}), cloud)


def _log(cloud: LocalCloud, deployment: Deployment) -> list[str]:
    logs, group = cloud.client("logs"), physical_id(deployment, "Group")
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    return [event["message"] for event in events]


def _trail(cloud: LocalCloud) -> Callable[[str], dict[str, Any]]:
    """Record everything from now on; gives the first record of an event."""
    bucket, arn = "records-of-functions", f"arn:aws:cloudtrail:us-east-1:{cloud.account_id}:trail/functions"
    s3, trails = cloud.client("s3"), cloud.client("cloudtrail")
    s3.create_bucket(Bucket=bucket)
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceArn": arn}},
    }
    statements = [
        {"Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}", **service},
        {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*", **service},
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    trails.create_trail(Name="functions", S3BucketName=bucket)
    trails.start_logging(Name="functions")

    def first(event: str) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                for record in json.loads(gzip.decompress(body)).get("Records", []) if body else []:
                    if record["eventName"] == event:
                        return dict(record)
            time.sleep(0.2)
        raise AssertionError(f"no record of {event}")

    return first


def test_the_code_runs_as_its_role(cloud: LocalCloud, tmp_path: Path) -> None:
    """It gets CloudFormation's request, a context, its variables and credentials of its role, and logs to its group."""
    code = """
import os
def handler(event, context):
    import boto3
    me = boto3.client("sts").get_caller_identity()["Arn"]
    print(json.dumps({
        "event": event, "me": me, "colour": os.environ["COLOUR"], "name": context.function_name,
        "left": context.get_remaining_time_in_millis(), "home": os.environ["HOME"]}))
    answer(event)
"""
    deployment = _function(tmp_path, cloud, code)
    assert physical_id(deployment, "Custom") == "mine"
    log = _log(cloud, deployment)
    assert [log[0][:5], *(each.split()[0] for each in log[2:])] == ["START", "END", "REPORT"]
    said = json.loads(log[1])
    event = said["event"]
    assert (event["RequestType"], event["ResourceType"]) == ("Create", "Custom::Thing")
    assert event["LogicalResourceId"] == "Custom"
    properties = event["ResourceProperties"]
    assert (properties["Number"], properties["Switch"], properties["Nested"]) == ("7", "true", {"Words": ["a", "1"]})
    assert re.search(r"X-Amz-Date=\d{8}T\d{6}Z", event["ResponseURL"])
    assert said["me"].endswith(f":assumed-role/{physical_id(deployment, 'Role')}/{said['name']}")
    assert (said["colour"], 0 < said["left"] < 30_000) == ("blue", True)
    assert said["home"] != str(Path.home())
    buckets = [each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in buckets if name.startswith("cloudformation-")]


def test_the_function_of_lifecycle_serves_cloudformation(cloud: LocalCloud, tmp_path: Path) -> None:
    """The very code that the constructs put into templates, with boto3: it sets the key, it stops before a deletion."""
    found_spec = find_spec("emrguard")
    assert found_spec is not None
    code = Path(str(found_spec.origin)).with_name("_lifecycle_function.py").read_text()
    key = "arn:aws:kms:us-east-1:123456789012:key/0f3c2f0e-0000-4000-8000-000000000001"
    application = resource("AWS::EMRServerless::Application", Type="SPARK", ReleaseLabel="emr-7.14.0")
    asked = {"ApplicationId": {"Ref": "Application"}, "DiskEncryptionKeyArn": key, "StopOnDelete": True}
    actions = [f"emr-serverless:{name}" for name in ("GetApplication", "ListJobRuns", "StopApplication")]
    with pytest.raises(DeployError, match=r"FAILED: .*not authorized to perform: emr-serverless:UpdateApplication"):
        _function(tmp_path / "denied", cloud, code, *actions, asked=asked, application=application)
    deployment = _function(
        tmp_path / "allowed",
        cloud,
        code,
        *actions,
        "emr-serverless:UpdateApplication",
        asked=asked,
        application=application,
    )
    identifier = physical_id(deployment, "Custom")
    emr, s3, bucket = cloud.client("emr-serverless"), cloud.client("s3"), "answers-of-the-function"
    assert identifier == physical_id(deployment, "Application")
    found = emr.get_application(applicationId=identifier)["application"]
    assert found["diskEncryptionConfiguration"] == {"encryptionKeyArn": key}
    emr.start_application(applicationId=identifier)
    s3.create_bucket(Bucket=bucket)
    event = {
        "RequestType": "Delete",
        "ResponseURL": s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a"}, ExpiresIn=7200),
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/App/1",
        "RequestId": "1",
        "LogicalResourceId": "Custom",
        "ResourceProperties": {"ApplicationId": identifier, "StopOnDelete": "true"},
    }
    cloud.client("lambda").invoke(FunctionName=physical_id(deployment, "Function"), Payload=json.dumps(event).encode())
    assert json.loads(s3.get_object(Bucket=bucket, Key="a")["Body"].read())["Status"] == "SUCCESS"
    assert emr.get_application(applicationId=identifier)["application"]["state"] == "STOPPED"
    emr.delete_application(applicationId=identifier)


def test_what_the_role_may_not_do_is_refused(cloud: LocalCloud, tmp_path: Path) -> None:
    """The IAM engine judges each call of the function, and the deployment fails with the refusal and the log."""
    code = """
def handler(event, context):
    import boto3
    try:
        boto3.client("emr-serverless").list_applications()
    except Exception as error:
        answer(event, Status="FAILED", Reason=str(error))
"""
    records = _trail(cloud)
    with pytest.raises(DeployError, match=r"the function answered FAILED: .*is not authorized to perform: "):
        _function(tmp_path / "denied", cloud, code)
    refused = records("ListApplications")
    assert refused["errorCode"].startswith("AccessDenied")
    assert ":assumed-role/" in refused["userIdentity"]["arn"]
    assert records("AssumeRole")["userIdentity"]["invokedBy"] == "lambda.amazonaws.com"
    assert "PK" not in json.dumps(records("CreateFunction20150331")["requestParameters"]["code"])
    _function(tmp_path / "allowed", cloud, f"{code}    else:\n        answer(event)\n", "emr-serverless:List*")


@pytest.mark.parametrize(
    ("code", "more", "said"),
    [
        (
            "def handler(event, context):\n    raise ValueError('no such thing')",
            {},
            "failed: ValueError: no such thing",
        ),
        ("def handler(event, context):\n    print('working')", {}, "ended without an answer"),
        ("def handler(event, context):\n    answer(event, Status='FAILED', Reason='too late')", {}, "FAILED: too late"),
        ("def handler(event, context):\n    answer(event, PhysicalResourceId='')", {}, "answered SUCCESS: the answer"),
        ("import time\ndef handler(event, context):\n    time.sleep(60)", {"Timeout": 1}, "timed out after 1.00 sec"),
        ("def other(event, context): pass", {}, "AttributeError"),
        ("import os\ndef handler(event, context):\n    os._exit(3)", {}, "Runtime exited with exit status 3"),
        ("this is no Python", {}, "SyntaxError"),
        ("", {"service": "ec2.amazonaws.com"}, "cannot be assumed by Lambda"),
        ("", {"Runtime": "nodejs22.x"}, "UnsupportedByLocalCloud: the runtime nodejs22.x"),
    ],
)
def test_a_failure_says_why(cloud: LocalCloud, tmp_path: Path, code: str, more: dict[str, Any], said: str) -> None:
    """The error of the deployment names the custom resource and the failure, with the end of the function's log."""
    with pytest.raises(DeployError) as caught:
        _function(tmp_path, cloud, code, **more)
    assert said in str(caught.value)
    assert str(caught.value).startswith(("App/Custom (Custom::Thing): ", "App/Function (AWS::Lambda::Function): "))


def test_logs_that_cannot_be_delivered_are_told(cloud: LocalCloud, tmp_path: Path) -> None:
    """A role that may not write to the log group loses the log on AWS; here the error that it would tell of says so."""
    with pytest.raises(DeployError, match=r"(?s)ended without.*this log could not be delivered to /not/there: "):
        _function(tmp_path, cloud, "def handler(event, context): pass", LoggingConfig={"LogGroup": "/not/there"})


def test_what_is_not_modelled_fails_before_anything_is_created(cloud: LocalCloud, tmp_path: Path) -> None:
    """Assets, layers, networks of functions; and attributes of custom resources, which nobody knows beforehand."""
    with pytest.raises(DeployError) as caught:
        deployed(
            tmp_path,
            cloud,  # type: ignore[arg-type]
            Function=resource(
                "AWS::Lambda::Function",
                Code={"S3Bucket": "assets", "S3Key": "code.zip"},
                Handler="index.handler",
                Runtime="python3.14",
                Role="arn:aws:iam::123456789012:role/r",
                Layers=["arn"],
                VpcConfig={"SubnetIds": ["subnet-1"]},
            ),
            Custom=resource("Custom::Thing", Value=1),
            User=resource("AWS::Logs::LogGroup", LogGroupName={"Fn::GetAtt": ["Custom", "Name"]}),
        )
    for line in ("Code.S3Bucket: not modelled", "Layers: not modelled", "VpcConfig: not modelled",
                 "ServiceToken: required and missing", "no modelled attribute Name"):  # fmt: skip
        assert line in str(caught.value)


def test_other_uses_of_lambda_are_refused(cloud: LocalCloud, tmp_path: Path) -> None:
    """Whoever builds on Lambda hears that the local cloud does not have it, and never gets an empty success."""
    deployment = _function(tmp_path, cloud, "def handler(event, context):\n    answer(event)\n    return {'a': 1}")
    functions, name = cloud.client("lambda"), physical_id(deployment, "Function")
    assert (
        json.loads(functions.invoke(FunctionName=name, Payload=b'{"ResponseURL": ""}')["Payload"].read())["errorType"]
        == "ValueError"
    )
    asked: tuple[tuple[str, dict[str, str], str], ...] = (
        ("invoke", {"FunctionName": name, "InvocationType": "Event"}, "UnsupportedByLocalCloud"),
        ("invoke", {"FunctionName": name, "Qualifier": "live"}, "UnsupportedByLocalCloud"),
        ("invoke", {"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ("list_functions", {}, "AccessDeniedException"),
    )
    for operation, given, code in asked:
        with pytest.raises(ClientError) as caught:
            getattr(functions, operation)(**given)
        assert caught.value.response["Error"]["Code"] == code


def test_no_process_is_left(tmp_path: Path) -> None:
    """When the local cloud stops, running functions end with all that they have started."""
    archive = io.BytesIO()
    mark = tmp_path / "pid"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(
            "index.py",
            "import subprocess, time, pathlib\n"
            "def handler(event, context):\n"
            f"    child = subprocess.Popen(['sleep', '60']); pathlib.Path({str(mark)!r}).write_text(str(child.pid))\n"
            "    time.sleep(60)\n",
        )
    asked = dict.fromkeys(("arn", "name", "memory", "request_id", "log_group", "log_stream"), "x")
    processes, found = Processes(), []
    running = threading.Thread(
        target=lambda: found.append(
            processes.run(archive.getvalue(), {**asked, "event": {}, "handler": "index.handler", "seconds": 60}, {})
        )
    )
    running.start()
    deadline = time.monotonic() + 20
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    processes.close()
    running.join(20)
    assert found[0].failed
    child = Path("/proc") / mark.read_text() / "stat"
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"
