"""The seal holds while everything runs: jobs, submitters and people are refused what is another tenant's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from emrguard_local.demo import story
from scenario_support import Platform


def _denied(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return str(caught.value.response["Error"]["Message"])


def test_a_job_that_reads_another_tenants_data_fails_and_says_why(platform: Platform) -> None:
    """stateDetails and stderr name the denied action and the resource, as the submitter needs to debug it."""
    victim = f"{platform.payroll['DataBucketName']}/input/salaries.csv"
    submitter = platform.submitters["flights"]
    run = story.submit(platform.cloud, submitter, platform.flights, name="trespass", input_uri=f"s3://{victim}")
    story.follow(platform.cloud, submitter, run, lambda _: None)
    _, stderr = story.driver_log(platform.cloud, submitter, platform.flights, run, "stderr")
    assert run.state == "FAILED"
    for text in (run.details, stderr):
        assert "not authorized to perform: s3:" in text
        assert f"arn:aws:s3:::{platform.payroll['DataBucketName']}" in text


def test_the_disks_of_workers_have_the_tenants_own_key(platform: Platform) -> None:
    """The function of each application has set it, while its stack was deployed, and told so in its log group."""
    logs = platform.cloud.client("logs")
    for name, outputs in platform.stacks.tenants.items():
        found = platform.cloud.client("emr-serverless").get_application(applicationId=outputs["ApplicationId"])
        assert found["application"]["diskEncryptionConfiguration"] == {"encryptionKeyArn": outputs["KeyArn"]}
        (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/emrguard-{name}-")["logGroups"]
        told = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        assert "UpdateApplication diskEncryptionConfiguration" in [each["message"] for each in told]


def test_a_submitter_cannot_pass_another_tenants_role(platform: Platform) -> None:
    """StartJobRun with payroll's execution role is refused for iam:PassRole, and no job run appears."""
    client = platform.cloud.client("emr-serverless", platform.submitters["flights"])
    before = client.list_job_runs(applicationId=platform.flights["ApplicationId"])["jobRuns"]
    message = _denied(
        lambda: story.submit(
            platform.cloud,
            platform.submitters["flights"],
            platform.flights,
            name="borrowed",
            input_uri="s3://unused/",
            execution_role_arn=platform.payroll["ExecutionRoleArn"],
        )
    )
    assert "iam:PassRole" in message
    assert platform.payroll["ExecutionRoleArn"] in message
    assert client.list_job_runs(applicationId=platform.flights["ApplicationId"])["jobRuns"] == before


def test_a_submitter_cannot_submit_to_another_tenants_application(platform: Platform) -> None:
    """StartJobRun on payroll's application is refused for flights' submitter."""
    outputs = platform.flights | {"ApplicationId": platform.payroll["ApplicationId"]}
    message = _denied(
        lambda: story.submit(
            platform.cloud, platform.submitters["flights"], outputs, name="foreign", input_uri="s3://unused/"
        )
    )
    assert "emr-serverless:StartJobRun" in message


def test_signing_in_without_mfa_is_refused(platform: Platform) -> None:
    """The submitter role can be assumed with an MFA code only."""
    assert "sts:AssumeRole" in _denied(lambda: platform.people["flights"].sign_in(mfa=False))


@pytest.mark.parametrize("operation", ["get", "put", "list", "delete"])
def test_the_administrator_does_not_read_tenant_data(platform: Platform, operation: str) -> None:
    """The data bucket's policy keeps even the account's administrator from the objects."""
    s3 = platform.cloud.client("s3")
    bucket = platform.payroll["DataBucketName"]
    calls: dict[str, Callable[[], object]] = {
        "get": lambda: s3.get_object(Bucket=bucket, Key="input/salaries.csv"),
        "put": lambda: s3.put_object(Bucket=bucket, Key="input/salaries.csv", Body=b""),
        "list": lambda: s3.list_objects_v2(Bucket=bucket),
        "delete": lambda: s3.delete_object(Bucket=bucket, Key="input/salaries.csv"),
    }
    assert "explicit deny" in _denied(calls[operation])


def test_the_trail_records_allowed_and_denied_calls(platform: Platform, delays: story.JobRun) -> None:
    """The trail's bucket holds CloudTrail records of the submission, the job's reads and writes, and the refusals."""
    _denied(lambda: platform.people["payroll"].sign_in(mfa=False))
    found = story.wait_for_records(
        platform.cloud,
        platform.auditor,
        platform.stacks.platform["TrailBucketName"],
        wanted=lambda records: (
            any(each["eventName"] == "AssumeRole" and each.get("errorCode") for each in records)
            and any(delays.job_run_id in str(each.get("responseElements")) for each in records)
        ),
    )
    (submission,) = [
        each
        for each in found
        if each["eventName"] == "StartJobRun" and delays.job_run_id in str(each.get("responseElements"))
    ]
    assert submission["eventSource"] == "emr-serverless.amazonaws.com"
    assert submission["userIdentity"]["type"] == "AssumedRole"
    assert submission["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"
    reads = [each for each in found if each["eventName"] == "GetObject" and not each.get("errorCode")]
    assert any(each["requestParameters"]["key"] == "input/flights.csv" for each in reads)
    assert {each["recipientAccountId"] for each in found} == {platform.cloud.account_id}
