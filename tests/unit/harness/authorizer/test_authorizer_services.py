"""What calls of STS, EMR Serverless, CloudWatch Logs, CloudTrail and Systems Manager need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from authorizer_support import ACCOUNT, REGION, ROOT, Account, questions, statement, trust

_APPLICATION = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/00app"
_RUN = f"{_APPLICATION}/jobruns/00run"
_SERVICE = "emr-serverless.amazonaws.com"
_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class _Described:
    """A service that tells about its resources."""

    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self._resources = resources

    def describe_resource(self, arn: str) -> Mapping[str, Any] | None:
        """What the resource is like."""
        return self._resources.get(arn)


def _role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _assume(account: Account, who: Any, role: str, **more: Any) -> bool:
    return account.ask(who, "sts", "AssumeRole", RoleArn=_role_arn(role), RoleSessionName="s", **more).allowed


def test_trust_in_the_account_needs_an_identity_policy(account: Account) -> None:
    """Where the trust policy names the root, only those may assume the role whose own policies say so."""
    account.role("target", trusts=trust({"AWS": ROOT}))
    allowed = account.user("allowed", statement("sts:AssumeRole", _role_arn("target")))
    assert _assume(account, allowed, "target")
    assert not _assume(account, account.user("other"), "target")


def test_trust_in_a_user_is_enough(account: Account) -> None:
    """And whom the trust policy does not name cannot get in, not even as an administrator."""
    ann, admin = account.user("ann"), account.user("admin", statement("*"))
    account.role("target", trusts=trust({"AWS": ann.principal.arn}))
    assert _assume(account, ann, "target")
    assert not _assume(account, admin, "target")
    assert not _assume(account, admin, "missing")


def test_a_role_behind_mfa(account: Account) -> None:
    """Long-term keys and sessions without MFA are refused; a call with a code is let in."""
    account.role("target", trusts=trust({"AWS": ROOT}, Condition=_MFA))
    ann = account.user("ann", statement("sts:AssumeRole"))
    assert not _assume(account, ann, "target")
    assert _assume(account, replace(ann, mfa=True), "target")


def test_an_external_id_must_match(account: Account) -> None:
    """sts:ExternalId is what the request brings."""
    account.role("target", trusts=trust({"AWS": ROOT}, Condition={"StringEquals": {"sts:ExternalId": "x"}}))
    ann = account.user("ann", statement("sts:AssumeRole"))
    assert _assume(account, ann, "target", ExternalId="x")
    assert not _assume(account, ann, "target", ExternalId="y")
    assert not _assume(account, ann, "target")


def test_tags_and_source_identity_need_their_own_actions(account: Account) -> None:
    """Also those that a session hands on from the role before."""
    account.role("plain", trusts=trust({"AWS": ROOT}))
    account.role("full", trusts=trust({"AWS": ROOT}, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]))
    ann = account.user("ann", statement("sts:*"))
    tags: dict[str, Any] = {"Tags": [{"Key": "team", "Value": "a"}]}
    for more in (tags, {"SourceIdentity": "ann"}):
        assert not _assume(account, ann, "plain", **more)
        assert _assume(account, ann, "full", **more)
    for chained in (
        replace(ann, session_tags={"team": "a"}, transitive_tags=frozenset({"team"})),
        replace(ann, source_identity="ann"),
    ):
        assert not _assume(account, chained, "plain")
        assert _assume(account, chained, "full")


def test_everyone_may_ask_who_they_are(account: Account) -> None:
    """No permission is needed, and no policy can forbid it."""
    ann = account.user("ann", statement("*", effect="Deny"))
    assert account.ask(ann, "sts", "GetCallerIdentity").allowed


def test_a_service_assumes_only_roles_that_trust_it(account: Account) -> None:
    """The account that it acts for is a condition of the trust policy."""
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    account.role("job", trusts=trust({"Service": _SERVICE}, Condition=condition))

    def assume(who: str, role: str, source: str = ACCOUNT) -> bool:
        return account.authorizer.authorize_assume_role(who, _role_arn(role), {"aws:SourceAccount": source}).allowed

    assert assume(_SERVICE, "job")
    assert not assume("ec2.amazonaws.com", "job")
    assert not assume(_SERVICE, "job", "999999999999")
    assert not assume(_SERVICE, "missing")


def _start(account: Account, who: Any, **more: Any) -> Any:
    asked = {"applicationId": "00app", "executionRoleArn": _role_arn("job"), **more}
    return account.ask(who, "emr-serverless", "StartJobRun", **asked)


def _submitter(account: Account, name: str, *more: Mapping[str, Any], passes: str = _SERVICE) -> Any:
    return account.role(
        name,
        statement("emr-serverless:StartJobRun", _APPLICATION),
        statement("iam:PassRole", _role_arn("job"), Condition={"StringEquals": {"iam:PassedToService": passes}}),
        *more,
    )


def test_a_job_needs_the_right_to_pass_its_role(account: Account) -> None:
    """To EMR Serverless, and this role: the message names both the action and the role."""
    account.role("job", trusts=trust({"Service": _SERVICE}))
    account.role("other", trusts=trust({"Service": _SERVICE}))
    submitter = _submitter(account, "submitter")
    assert _start(account, submitter).allowed
    refused = _start(account, submitter, executionRoleArn=_role_arn("other"))
    assert f'perform: iam:PassRole on resource: "{_role_arn("other")}"' in refused.message
    assert not _start(account, _submitter(account, "elsewhere", passes="ec2.amazonaws.com")).allowed
    assert not _start(account, submitter, applicationId="00other").allowed
    assert not _start(account, submitter, applicationId="00app/jobruns/x").allowed


def test_a_job_with_tags_needs_the_right_to_tag(account: Account) -> None:
    """Tags at the start are tags all the same, and conditions see them."""
    tagger = statement(
        "emr-serverless:TagResource", f"{_APPLICATION}/*", Condition={"StringEquals": {"aws:RequestTag/team": "a"}}
    )
    plain, tags = _submitter(account, "plain"), _submitter(account, "tags", tagger)
    assert not _start(account, plain, tags={"team": "a"}).allowed
    assert _start(account, tags, tags={"team": "a"}).allowed
    assert not _start(account, tags, tags={"team": "b"}).allowed


def test_a_submitter_must_be_able_to_use_the_key_of_the_logs(account: Account) -> None:
    """The application's key, unless the job names another one, and the disk key, all through EMR Serverless."""
    logs, other, disk = account.key(), account.key(), account.key()
    s3: dict[str, str] = {"logUri": "s3://logs/", "encryptionKeyArn": logs}
    account.authorizer.sources["emr-serverless"] = _Described(
        {_APPLICATION: {"monitoringConfiguration": {"s3MonitoringConfiguration": s3}}}
    )
    through = {"StringEquals": {"kms:ViaService": f"emr-serverless.{REGION}.amazonaws.com"}}
    use = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
    without, with_logs = (
        _submitter(account, "without"),
        _submitter(account, "with", statement(use, logs, Condition=through)),
    )
    assert f'"{logs}"' in _start(account, without).message
    assert _start(account, with_logs).allowed
    override: dict[str, Any] = {
        "monitoringConfiguration": {"s3MonitoringConfiguration": {**s3, "encryptionKeyArn": other}}
    }
    assert f'"{other}"' in _start(account, with_logs, configurationOverrides=override).message
    override = {"diskEncryptionConfiguration": {"encryptionKeyArn": disk}}
    assert f'"{disk}"' in _start(account, with_logs, configurationOverrides=override).message
    context = {**through, "StringEquals": {"kms:EncryptionContext:applicationId": "00app"}}
    disks = _submitter(
        account,
        "disks",
        statement(use, logs),
        statement("kms:DescribeKey", disk),
        statement(use[:2], disk, Condition=context),
    )
    assert _start(account, disks, configurationOverrides=override).allowed
    viewer = account.role("viewer", statement("emr-serverless:GetDashboardForJobRun"))
    asked = {"applicationId": "00app", "jobRunId": "00run"}
    assert "kms:GenerateDataKey" in account.ask(viewer, "emr-serverless", "GetDashboardForJobRun", **asked).message


@pytest.mark.parametrize("operation", ["GetJobRun", "CancelJobRun", "ListJobRunAttempts", "GetDashboardForJobRun"])
def test_job_runs_have_arns_of_their_own(account: Account, operation: str) -> None:
    """A grant on the application alone does not reach its job runs."""
    action = f"emr-serverless:{operation}"
    above, below = (
        account.role("above", statement(action, _APPLICATION)),
        account.role("below", statement(action, _RUN)),
    )
    asked = {"applicationId": "00app", "jobRunId": "00run"}
    assert not account.ask(above, "emr-serverless", operation, **asked).allowed
    assert account.ask(below, "emr-serverless", operation, **asked).allowed


def test_logs_of_the_system_profile_need_their_own_action(account: Account) -> None:
    """Opening a user interface does not open them."""
    viewer = account.role("viewer", statement("emr-serverless:GetDashboardForJobRun"))
    asked: dict[str, Any] = {"applicationId": "00app", "jobRunId": "00run", "accessSystemProfileLogs": True}
    refused = account.ask(viewer, "emr-serverless", "GetDashboardForJobRun", **asked)
    assert "emr-serverless:AccessSystemProfileLogs" in refused.message


def test_conditions_on_the_tags_of_an_application(account: Account) -> None:
    """aws:ResourceTag comes from the service; of a resource that it does not know there are no tags."""
    account.authorizer.sources["emr-serverless"] = _Described({_APPLICATION: {"tags": {"team": "a"}}})
    operator = account.role(
        "operator", statement("emr-serverless:*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})
    )
    assert account.ask(operator, "emr-serverless", "StopApplication", applicationId="00app").allowed
    assert not account.ask(operator, "emr-serverless", "StopApplication", applicationId="00other").allowed
    assert not account.ask(operator, "emr-serverless", "GetJobRun", applicationId="00app", jobRunId="00run").allowed


def test_an_application_in_a_network_needs_what_the_service_makes_there(account: Account) -> None:
    """Network interfaces in these subnets, made through the service, and at first the service's own role."""
    condition = {"StringEquals": {"aws:CalledViaLast": "ops.emr-serverless.amazonaws.com"}}
    linked = "role/aws-service-role/ops.emr-serverless.amazonaws.com/AWSServiceRoleForAmazonEMRServerless"
    role = statement("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:{linked}")
    create, interfaces = (
        statement("emr-serverless:CreateApplication"),
        statement("ec2:CreateNetworkInterface", Condition=condition),
    )
    network = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    asked: dict[str, Any] = {"type": "SPARK", "releaseLabel": "emr-7.9.0"}

    def allowed(name: str, *statements: Mapping[str, Any], **more: Any) -> bool:
        return account.ask(
            account.role(name, *statements), "emr-serverless", "CreateApplication", **asked, **more
        ).allowed

    assert allowed("plain", create, role)
    assert not allowed("unlinked", create)
    assert not allowed("bare", create, role, networkConfiguration=network)
    assert allowed("networked", create, role, interfaces, networkConfiguration=network)
    account.client("iam").create_role(
        RoleName="AWSServiceRoleForAmazonEMRServerless",
        Path="/aws-service-role/ops.emr-serverless.amazonaws.com/",
        AssumeRolePolicyDocument=trust({"Service": "ops.emr-serverless.amazonaws.com"}),
    )
    assert allowed("later", create)


def test_log_groups_are_covered_with_a_star_behind_them(account: Account) -> None:
    """AWS judges actions on a group by `log-group:NAME:*`, and those on tags without it."""
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/emr-serverless/flights"
    writer = account.role(
        "w", statement(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], f"{group}:*")
    )
    asked = {"logGroupName": "/aws/emr-serverless/flights", "logStreamName": "s"}
    assert account.ask(writer, "logs", "PutLogEvents", **asked).allowed
    assert account.ask(writer, "logs", "CreateLogStream", **asked).allowed
    assert account.ask(writer, "logs", "DescribeLogStreams", logGroupIdentifier=group).allowed
    assert not account.ask(
        writer, "logs", "PutLogEvents", **{**asked, "logGroupName": "/aws/emr-serverless/payroll"}
    ).allowed
    tagger = account.role("t", statement("logs:TagResource", group))
    assert account.ask(tagger, "logs", "TagResource", resourceArn=group, tags={"a": "b"}).allowed
    starred = account.role("u", statement("logs:TagResource", f"{group}:*"))
    assert not account.ask(starred, "logs", "TagResource", resourceArn=group, tags={"a": "b"}).allowed


def test_where_two_members_name_groups_both_are_judged(account: Account) -> None:
    """No name can hide behind another one."""
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:mine"
    reader = account.role("r", statement("logs:GetLogEvents", f"{group}:*"))
    asked = {"logGroupName": "mine", "logGroupIdentifier": group.replace("mine", "theirs"), "logStreamName": "s"}
    assert not account.ask(reader, "logs", "GetLogEvents", **asked).allowed


def test_a_group_with_a_key_and_tags(account: Account) -> None:
    """Each is a permission of its own."""
    admin = account.user("admin", statement("*"))
    verdict = account.ask(admin, "logs", "CreateLogGroup", logGroupName="g", kmsKeyId="k", tags={"a": "b"})
    assert [action for action, _ in questions(verdict)] == [
        "logs:CreateLogGroup",
        "logs:TagResource",
        "logs:AssociateKmsKey",
    ]


def test_a_trail_by_name_and_by_arn(account: Account) -> None:
    """Both are judged on the ARN; a trail with a log group passes a role to CloudTrail."""
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/t"
    role = account.role("r", statement("cloudtrail:*", arn))
    for name in ("t", arn):
        assert account.ask(role, "cloudtrail", "StopLogging", Name=name).allowed
    assert not account.ask(role, "cloudtrail", "StopLogging", Name="other").allowed
    asked = {"Name": "t", "S3BucketName": "b"}
    assert account.ask(role, "cloudtrail", "CreateTrail", **asked).allowed
    refused = account.ask(role, "cloudtrail", "CreateTrail", **asked, CloudWatchLogsRoleArn=_role_arn("logs"))
    assert "iam:PassRole" in refused.message


def test_parameters_of_systems_manager(account: Account) -> None:
    """The ARN has no double slash; each of several names is judged."""
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/team"
    role = account.role("r", statement("ssm:*", f"{arn}/*"))
    assert account.ask(role, "ssm", "GetParameter", Name="/team/a").allowed
    assert account.ask(role, "ssm", "GetParameter", Name="/team/a:3").allowed
    assert account.ask(role, "ssm", "GetParameters", Names=["/team/a", "/team/b"]).allowed
    assert not account.ask(role, "ssm", "GetParameters", Names=["/team/a", "/other"]).allowed
    assert not account.ask(role, "ssm", "PutParameter", Name="other").allowed


def test_secure_parameters_need_their_key(account: Account) -> None:
    """Encrypt to store one, Decrypt to read it in plain text, through Systems Manager."""
    key = account.key()
    role = account.role("r", statement("ssm:*"))
    asked: dict[str, Any] = {"Name": "/team/secret", "Value": "v", "Type": "SecureString", "KeyId": key}
    assert "kms:Encrypt" in account.ask(role, "ssm", "PutParameter", **asked).message
    account.client("ssm").put_parameter(**asked)
    assert account.ask(role, "ssm", "GetParameter", Name="/team/secret").allowed
    for operation, more in (
        ("GetParameter", {"Name": "/team/secret"}),
        ("GetParametersByPath", {"Path": "/team"}),
    ):
        assert "kms:Decrypt" in account.ask(role, "ssm", operation, **more, WithDecryption=True).message
