"""What the roles of a tenant may do, and what nobody else may, decided by the policies in its template."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from construct_support import ACCOUNT, REGION, Synthesized, administrator, new_app

from emrguard import ApplicationKey, ArgumentError, DataBucket
from emrguard_policies.iam.decide import Principal

OBJECT_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]


def _object(tenant: Synthesized, part: str, key: str) -> str:
    return f"arn:aws:s3:::{tenant.bucket(part)}/{key}"


@pytest.mark.parametrize(
    ("role", "action", "part", "key"),
    [
        ("execution-role", "s3:GetObject", "data-bucket", "jobs/main.py"),
        ("execution-role", "s3:GetObject", "data-bucket", "input/a/b.csv"),
        *[("execution-role", action, "data-bucket", "output/run/part-0.parquet") for action in OBJECT_ACTIONS],
        ("execution-role", "s3:AbortMultipartUpload", "data-bucket", "output/run/part-0.parquet"),
        ("execution-role", "s3:PutObject", "log-bucket", "logs/applications/a/jobs/b/SPARK_DRIVER/stdout.gz"),
        ("submitter-role", "s3:PutObject", "data-bucket", "jobs/main.py"),
        ("submitter-role", "s3:PutObject", "data-bucket", "input/a.csv"),
        ("submitter-role", "s3:GetObject", "data-bucket", "output/run/part-0.parquet"),
        ("submitter-role", "s3:GetObject", "log-bucket", "logs/applications/a/jobs/b/SPARK_DRIVER/stdout.gz"),
    ],
)
def test_the_roles_do_their_work(tenant: Synthesized, role: str, action: str, part: str, key: str) -> None:
    """Jobs read inputs, write outputs and logs; submitters upload and read results and logs."""
    decision = tenant.ask(tenant.session(role), action, _object(tenant, part, key))
    assert decision.allowed, decision.why


@pytest.mark.parametrize(
    ("role", "action", "part", "key"),
    [
        ("execution-role", "s3:PutObject", "data-bucket", "jobs/main.py"),
        ("execution-role", "s3:DeleteObject", "data-bucket", "input/a.csv"),
        ("execution-role", "s3:GetObject", "data-bucket", "input-of-others/a.csv"),
        ("execution-role", "s3:GetObject", "data-bucket", "elsewhere"),
        ("execution-role", "s3:GetObject", "log-bucket", "logs/applications/a/jobs/b/SPARK_DRIVER/stdout.gz"),
        ("execution-role", "s3:DeleteObject", "log-bucket", "logs/applications/a/jobs/b/SPARK_DRIVER/stdout.gz"),
        ("submitter-role", "s3:DeleteObject", "data-bucket", "input/a.csv"),
        ("submitter-role", "s3:PutObject", "data-bucket", "output/run/part-0.parquet"),
        ("submitter-role", "s3:PutObject", "log-bucket", "logs/x"),
    ],
)
def test_the_roles_do_no_more(tenant: Synthesized, role: str, action: str, part: str, key: str) -> None:
    """No prefix widens to another one, no log can be read or deleted by the job that wrote it."""
    assert not tenant.ask(tenant.session(role), action, _object(tenant, part, key)).allowed


@pytest.mark.parametrize("key", ["jobs/main.py", "input/a.csv", "output/run/part-0.parquet"])
def test_what_a_job_prints_of_its_credentials_opens_nothing_elsewhere(tenant: Synthesized, key: str) -> None:
    """The execution role reaches the tenant's data from its own VPC alone."""
    session, arn = tenant.session("execution-role"), _object(tenant, "data-bucket", key)
    assert tenant.ask(session, "s3:GetObject", arn).allowed
    assert not tenant.ask(session, "s3:GetObject", arn, {"aws:SourceVpc": "vpc-0123456789abcdef0"}).allowed
    assert not tenant.ask(session, "s3:GetObject", arn, {"aws:SourceVpc": []}).allowed


@pytest.mark.parametrize("prefix", ["jobs/", "input/", "input/2013/", "output/"])
def test_jobs_list_below_their_prefixes(tenant: Synthesized, prefix: str) -> None:
    """Spark lists folders that it reads."""
    bucket = f"arn:aws:s3:::{tenant.bucket('data-bucket')}"
    assert tenant.ask(tenant.session("execution-role"), "s3:ListBucket", bucket, {"s3:prefix": prefix}).allowed


@pytest.mark.parametrize("context", [{}, {"s3:prefix": ""}, {"s3:prefix": "in"}, {"s3:prefix": "secret/"}])
def test_nobody_lists_the_whole_bucket(tenant: Synthesized, context: dict[str, str]) -> None:
    """Listing without a prefix, or with another one, is refused: a listing tells what other folders hold."""
    bucket = f"arn:aws:s3:::{tenant.bucket('data-bucket')}"
    for role in ("execution-role", "submitter-role"):
        assert not tenant.ask(tenant.session(role), "s3:ListBucket", bucket, context).allowed


@pytest.mark.parametrize("part", ["data-bucket", "log-bucket"])
@pytest.mark.parametrize("action", [*OBJECT_ACTIONS, "s3:GetObjectVersion", "s3:DeleteObjectVersion"])
def test_administrators_do_not_reach_objects(tenant: Synthesized, part: str, action: str) -> None:
    """The bucket policy denies every object to whoever is not a role of the tenant, with all rights of the account."""
    decision = tenant.ask(administrator(), action, _object(tenant, part, "input/a.csv"))
    assert decision.explicit


@pytest.mark.parametrize("action", ["s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:PutLifecycleConfiguration"])
def test_administrators_administer_buckets(tenant: Synthesized, action: str) -> None:
    """The seal does not lock the account out of its buckets."""
    assert tenant.ask(administrator(), action, f"arn:aws:s3:::{tenant.bucket('data-bucket')}").allowed


@pytest.mark.parametrize("context", [{"aws:SecureTransport": "false"}, {"s3:TlsVersion": "1.1"}])
def test_old_or_no_tls_is_refused(tenant: Synthesized, context: dict[str, str]) -> None:
    """Even the tenant's own job may not read over plain HTTP or TLS before 1.2."""
    name = _object(tenant, "data-bucket", "input/a.csv")
    assert tenant.ask(tenant.session("execution-role"), "s3:GetObject", name, context).explicit


_ALGORITHM = "s3:x-amz-server-side-encryption"
_KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"


@pytest.mark.parametrize(
    "context",
    [
        {_ALGORITHM: "AES256"},
        {_ALGORITHM: "aws:kms"},
        {_ALGORITHM: "aws:kms", _KEY_ID: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/another"},
        {_ALGORITHM: "aws:kms:dsse"},
        {"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"},
    ],
)
def test_objects_with_another_encryption_are_refused(tenant: Synthesized, context: dict[str, str]) -> None:
    """Nobody stores an object under a key that the tenant does not control."""
    name = _object(tenant, "data-bucket", "output/x")
    assert tenant.ask(tenant.session("execution-role"), "s3:PutObject", name, context).explicit


def test_the_tenants_key_or_the_default_is_right(tenant: Synthesized) -> None:
    """A put that names the tenant's key, as EMR Serverless does for logs, works; so does one without any header."""
    name, writer = _object(tenant, "data-bucket", "output/x"), tenant.session("execution-role")
    assert tenant.ask(
        writer, "s3:PutObject", name, {_ALGORITHM: "aws:kms", _KEY_ID: tenant.arn("AWS::KMS::Key")}
    ).allowed
    assert tenant.ask(writer, "s3:PutObject", name).allowed


@pytest.mark.parametrize("role", ["execution-role", "submitter-role"])
@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_roles_use_the_key_through_services_only(tenant: Synthesized, role: str, action: str) -> None:
    """Through S3 and EMR Serverless, never directly and never through another service."""
    key, who = tenant.arn("AWS::KMS::Key"), tenant.session(role)
    for service in ("s3", "emr-serverless"):
        assert tenant.ask(who, action, key, {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}).allowed
    assert not tenant.ask(who, action, key, {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}).allowed
    assert not tenant.ask(who, action, key).allowed


@pytest.mark.parametrize(
    "action", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:ReEncryptFrom"]
)
def test_administrators_do_not_use_the_key(tenant: Synthesized, action: str) -> None:
    """The account root gets administration only, so no identity policy of the account opens the key."""
    via = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert not tenant.ask(administrator(), action, tenant.arn("AWS::KMS::Key"), via).allowed


@pytest.mark.parametrize(
    "action", ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:ScheduleKeyDeletion", "kms:TagResource"]
)
def test_administrators_administer_the_key(tenant: Synthesized, action: str) -> None:
    """A key that nobody can administer is lost."""
    assert tenant.ask(administrator(), action, tenant.arn("AWS::KMS::Key")).allowed


def test_services_use_the_key_for_this_account_only(tenant: Synthesized) -> None:
    """EMR Serverless for applications of the account, CloudWatch Logs for the tenant's log groups."""
    key = tenant.arn("AWS::KMS::Key")
    emr = Principal("service", "emr-serverless.amazonaws.com", "")
    own = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/00abc"
    assert tenant.ask((emr, []), "kms:Decrypt", key, {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": own}).allowed
    other = {"aws:SourceAccount": "999999999999", "aws:SourceArn": own.replace(ACCOUNT, "999999999999")}
    assert not tenant.ask((emr, []), "kms:Decrypt", key, other).allowed

    logs = Principal("service", f"logs.{REGION}.amazonaws.com", "")
    context = "kms:EncryptionContext:aws:logs:arn"
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/emr-serverless/"
    assert tenant.ask((logs, []), "kms:Encrypt", key, {context: f"{group}flights"}).allowed
    assert not tenant.ask((logs, []), "kms:Encrypt", key, {context: f"{group}payroll"}).allowed


def test_only_the_service_assumes_the_execution_role(tenant: Synthesized) -> None:
    """For this account; no person, administrator or other service."""
    emr = Principal("service", "emr-serverless.amazonaws.com", "")
    assert tenant.may_assume("execution-role", emr, {"aws:SourceAccount": ACCOUNT})
    assert not tenant.may_assume("execution-role", emr, {"aws:SourceAccount": "999999999999"})
    assert not tenant.may_assume("execution-role", emr, {})
    assert not tenant.may_assume("execution-role", administrator()[0], {"aws:MultiFactorAuthPresent": "true"})
    ec2 = Principal("service", "ec2.amazonaws.com", "")
    assert not tenant.may_assume("execution-role", ec2, {"aws:SourceAccount": ACCOUNT})


@pytest.mark.parametrize(
    ("context", "allowed"),
    [({"aws:MultiFactorAuthPresent": "true"}, True), ({"aws:MultiFactorAuthPresent": "false"}, False), ({}, False)],
)
def test_people_submit_with_mfa_only(tenant: Synthesized, context: dict[str, str], allowed: bool) -> None:
    """A leaked access key alone does not submit jobs."""
    user = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ann", ACCOUNT)
    assert tenant.may_assume("submitter-role", user, context) is allowed
    stranger = Principal("user", "arn:aws:iam::999999999999:user/eve", "999999999999")
    assert not tenant.may_assume("submitter-role", stranger, context)
    assert tenant.one("AWS::IAM::Role", "submitter-role")["MaxSessionDuration"] == 3600


def test_submitters_pass_their_own_role_to_emr_serverless_only(tenant: Synthesized) -> None:
    """Not another role, and not to a service that would hand out its credentials."""
    who, role = tenant.session("submitter-role"), tenant.arn("AWS::IAM::Role", "execution-role")
    to_emr = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    assert tenant.ask(who, "iam:PassRole", role, to_emr).allowed
    assert not tenant.ask(who, "iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"}).allowed
    assert not tenant.ask(who, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Another", to_emr).allowed


def test_submitters_run_jobs_on_their_own_application(tenant: Synthesized) -> None:
    """They submit, follow and cancel; they do not change the application, nor touch another one."""
    who, application = tenant.session("submitter-role"), tenant.arn("AWS::EMRServerless::Application")
    for action in ("StartJobRun", "GetApplication", "ListJobRuns"):
        assert tenant.ask(who, f"emr-serverless:{action}", application).allowed
        assert not tenant.ask(who, f"emr-serverless:{action}", f"{application}x").allowed
    for action in ("GetJobRun", "CancelJobRun"):
        assert tenant.ask(who, f"emr-serverless:{action}", f"{application}/jobruns/00r").allowed
        assert not tenant.ask(who, f"emr-serverless:{action}", f"{application}x/jobruns/00r").allowed
    for action in ("UpdateApplication", "DeleteApplication", "StartSession", "TagResource"):
        assert not tenant.ask(who, f"emr-serverless:{action}", application).allowed
    assert not tenant.ask(who, "emr-serverless:GetSessionEndpoint", f"{application}/sessions/00s").allowed


def test_jobs_write_their_own_log_group(tenant: Synthesized) -> None:
    """Streams and events of `/aws/emr-serverless/flights`; no other group, no deletion, no retention."""
    who = tenant.session("execution-role")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/emr-serverless/"
    assert tenant.ask(who, "logs:PutLogEvents", f"{group}flights:log-stream:x").allowed
    assert not tenant.ask(who, "logs:PutLogEvents", f"{group}payroll:log-stream:x").allowed
    assert not tenant.ask(who, "logs:DeleteLogGroup", f"{group}flights:x").allowed
    assert not tenant.ask(who, "logs:PutRetentionPolicy", f"{group}flights:x").allowed
    assert not tenant.ask(who, "logs:GetLogEvents", f"{group}flights:log-stream:x").allowed


@pytest.mark.parametrize(("days", "because"), [(14, None), (90, "no need to keep it"), (None, "no need to keep it")])
def test_data_that_goes_early_needs_a_reason(days: int | None, because: str | None) -> None:
    """Less than 90 days is for a reason, and a reason is for less than 90 days."""
    stack = cdk.Stack(new_app(), "Stack")
    key = ApplicationKey(stack, "Key", tenant="flights")
    expire = None if days is None else cdk.Duration.days(days)
    with pytest.raises(ArgumentError, match="expire_because exactly where it is less than 90 days"):
        DataBucket(stack, "Data", tenant="flights", key=key, expire_after=expire, expire_because=because)
