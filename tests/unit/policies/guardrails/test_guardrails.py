"""The policies for a whole account deny what would undo the guardrails, and nothing that the platform needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emrguard_policies.commands.policies import policies
from emrguard_policies.exceptions import InputError
from emrguard_policies.guardrails import AccountPolicy, page, permissions_boundary, service_control_policy
from emrguard_policies.iam.decide import Decision, Policies, Principal, Request, ResourcePolicy, decide
from emrguard_policies.iam.model import Policy, parse

_ROOT = Path(__file__).parents[4]
_ACCOUNT, _OTHER = "111122223333", "444455556666"
_FULL = parse({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "full")
_OPEN = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
    "open",
    "resource",
)
_EXECUTION = f"arn:aws:iam::{_ACCOUNT}:role/Flights-TenantExecutionRole-1"
_APPLICATION = f"arn:aws:emr-serverless:eu-west-1:{_ACCOUNT}:/applications/00a"
_TOPIC = f"arn:aws:sns:eu-west-1:{_ACCOUNT}:alerts"
_KEY = f"arn:aws:kms:eu-west-1:{_ACCOUNT}:key/1"
_TRAIL = f"arn:aws:cloudtrail:eu-west-1:{_ACCOUNT}:trail/t"
_TENANT, _PLATFORM = {"aws:ResourceTag/emrguard:tenant": "flights"}, {"aws:ResourceTag/emrguard:platform": "alerts"}
_TO_EMR = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
_SCP = service_control_policy(execution_roles=["arn:aws:iam::*:role/*-TenantExecutionRole*"], regions=["eu-west-1"])


def _session(name: str) -> Principal:
    role = f"arn:aws:iam::{_ACCOUNT}:role/{name}"
    return Principal("role-session", f"arn:aws:sts::{_ACCOUNT}:assumed-role/{name}/me", _ACCOUNT, role)


_ADMIN, _DEPLOYER = _session("Admin"), _session(f"cdk-hnb659fds-cfn-exec-role-{_ACCOUNT}-eu-west-1")


def _ask(who: Principal, action: str, resource: str, context: Mapping[str, Any] | None = None) -> Decision:
    """Decide for somebody who may do everything, below the service control policy."""
    request = Request(who, action, resource, {"aws:RequestedRegion": "eu-west-1", **(context or {})}, _ACCOUNT)
    scps = [[_FULL, parse(json.loads(_SCP.text()), "scp")]]
    return decide(request, Policies(identity=[_FULL], scps=scps))


_UNDOING: list[tuple[str, str, Mapping[str, Any]]] = [
    ("cloudtrail:StopLogging", _TRAIL, {}),
    ("cloudtrail:PutEventSelectors", _TRAIL, {}),
    ("macie2:DisableMacie", "*", {}),
    ("macie2:CreateFindingsFilter", f"arn:aws:macie2:eu-west-1:{_ACCOUNT}:findings-filter/f", {}),
    ("events:DisableRule", f"arn:aws:events:eu-west-1:{_ACCOUNT}:rule/r", _PLATFORM),
    ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:eu-west-1:{_ACCOUNT}:alarm:a", _PLATFORM),
    ("sns:DeleteTopic", _TOPIC, _PLATFORM),
    ("iam:PutRolePolicy", _EXECUTION, _TENANT),
    ("iam:UpdateAssumeRolePolicy", _EXECUTION, _TENANT),
    ("iam:DeleteRolePermissionsBoundary", _EXECUTION, _TENANT),
    ("kms:ScheduleKeyDeletion", _KEY, _TENANT),
    ("kms:PutKeyPolicy", _KEY, _PLATFORM),
    ("kms:UntagResource", _KEY, {**_TENANT, "aws:TagKeys": ["emrguard:tenant"]}),
    ("emr-serverless:TagResource", _APPLICATION, {**_TENANT, "aws:TagKeys": ["emrguard:tenant"]}),
    (
        "sns:UntagResource",
        f"arn:aws:sns:eu-west-1:{_ACCOUNT}:alerts",
        {**_PLATFORM, "aws:TagKeys": ["emrguard:platform"]},
    ),
]


@pytest.mark.parametrize(("action", "resource", "context"), _UNDOING, ids=[each[0] for each in _UNDOING])
def test_only_those_who_deploy_undo_a_guardrail(action: str, resource: str, context: Mapping[str, Any]) -> None:
    """An administrator is denied, in words that name the policy; CloudFormation's role is not."""
    denied = _ask(_ADMIN, action, resource, context)
    assert (denied.allowed, denied.explicit, denied.by) == (False, True, "service control policy")
    assert _ask(_DEPLOYER, action, resource, context).allowed


def test_what_nobody_does() -> None:
    """Leaving the organization, other Regions, and an execution role for another service."""
    for who in (_ADMIN, _DEPLOYER):
        assert not _ask(who, "organizations:LeaveOrganization", "*").allowed
        assert not _ask(who, "emr-serverless:CreateApplication", "*", {"aws:RequestedRegion": "us-east-1"}).allowed
        assert not _ask(who, "iam:PassRole", _EXECUTION, {"iam:PassedToService": "lambda.amazonaws.com"}).allowed
        assert not _ask(who, "iam:PassRole", _EXECUTION).allowed


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("emr-serverless:StartJobRun", _APPLICATION, _TENANT),
        ("emr-serverless:TagResource", _APPLICATION, {"aws:TagKeys": ["emrguard:tenant"]}),
        ("emr-serverless:TagResource", _APPLICATION, {**_TENANT, "aws:TagKeys": ["team"]}),
        ("iam:PassRole", _EXECUTION, _TO_EMR),
        ("iam:PassRole", f"arn:aws:iam::{_ACCOUNT}:role/Function", {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:PutRolePolicy", f"arn:aws:iam::{_ACCOUNT}:role/Function", {}),
        ("kms:Decrypt", _KEY, _TENANT),
        ("kms:DisableKey", _KEY, {}),
        ("cloudtrail:LookupEvents", "*", {}),
        ("s3:GetObject", "arn:aws:s3:::data/input/a", {"aws:RequestedRegion": "us-east-1"}),
        ("events:DisableRule", f"arn:aws:events:eu-west-1:{_ACCOUNT}:rule/r", {}),
    ],
)
def test_what_people_need_stays(action: str, resource: str, context: Mapping[str, Any]) -> None:
    """Work with tenants, and everything that is no business of the platform's."""
    assert _ask(_ADMIN, action, resource, context).allowed


# The permissions boundary


def _job(boundary: AccountPolicy, action: str, resource: str, owner: str = _ACCOUNT, **context: str) -> bool:
    """Whether a job may do something although its own policy, and that of another account's resource, allows it."""
    request = Request(_session("Flights-Execution"), action, resource, {"aws:ResourceAccount": owner, **context}, owner)
    limit: Policy = parse(json.loads(boundary.text()), "boundary")
    there = ResourcePolicy(_OPEN, gate=action == "sts:AssumeRole") if owner != _ACCOUNT else None
    return decide(request, Policies(identity=[_FULL], boundary=limit, resource=there)).allowed


def test_a_job_works_within_its_account() -> None:
    """Data, keys through services, catalog, logs."""
    boundary = permissions_boundary()
    assert _job(boundary, "s3:GetObject", "arn:aws:s3:::data/input/a")
    assert _job(boundary, "kms:Decrypt", _KEY, **{"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert _job(boundary, "glue:GetPartitions", f"arn:aws:glue:eu-west-1:{_ACCOUNT}:catalog")
    assert _job(
        boundary, "logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{_ACCOUNT}:log-group:/aws/emr-serverless/flights:*"
    )
    assert _job(boundary, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{_ACCOUNT}:secret:s")


@pytest.mark.parametrize(
    ("action", "resource", "owner"),
    [
        ("s3:PutObject", "arn:aws:s3:::strangers/a", _OTHER),
        ("s3:PutBucketPolicy", "arn:aws:s3:::data", _ACCOUNT),
        ("s3:BypassGovernanceRetention", "arn:aws:s3:::data/a", _ACCOUNT),
        ("kms:Decrypt", _KEY, _ACCOUNT),
        ("kms:CreateGrant", _KEY, _ACCOUNT),
        ("iam:PutRolePolicy", _EXECUTION, _ACCOUNT),
        ("iam:PassRole", _EXECUTION, _ACCOUNT),
        ("sts:AssumeRole", f"arn:aws:iam::{_ACCOUNT}:role/Payroll", _ACCOUNT),
        ("emr-serverless:GetSessionEndpoint", f"{_APPLICATION}/sessions/1", _ACCOUNT),
        ("emr-serverless:StartJobRun", _APPLICATION, _ACCOUNT),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{_ACCOUNT}:function:f", _ACCOUNT),
        ("logs:DeleteLogGroup", f"arn:aws:logs:eu-west-1:{_ACCOUNT}:log-group:g", _ACCOUNT),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{_OTHER}:secret:s", _OTHER),
        ("lakeformation:GrantPermissions", "*", _ACCOUNT),
        ("glue:StartJobRun", "*", _ACCOUNT),
    ],
)
def test_whatever_a_role_gets_a_job_stays_within(action: str, resource: str, owner: str) -> None:
    """Though the role's own policy allows everything."""
    assert not _job(permissions_boundary(), action, resource, owner)


def test_other_accounts_are_named() -> None:
    """Their data, and their roles for it."""
    boundary = permissions_boundary([_OTHER])
    assert _job(boundary, "s3:GetObject", "arn:aws:s3:::partner/a", _OTHER)
    assert _job(boundary, "s3:GetObject", "arn:aws:s3:::data/a")
    assert _job(boundary, "sts:AssumeRole", f"arn:aws:iam::{_OTHER}:role/Data", _OTHER)
    assert not _job(boundary, "sts:AssumeRole", f"arn:aws:iam::{_ACCOUNT}:role/Payroll")


# The documents


@pytest.mark.parametrize("policy", [_SCP, permissions_boundary([_OTHER])], ids=["scp", "boundary"])
def test_each_statement_exists_and_says_why(policy: AccountPolicy) -> None:
    """Actions are IAM's, names are told apart, reasons are words, and AWS takes the size."""
    known = json.loads(
        files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text(encoding="utf-8")
    )
    sids = [each.sid for each in policy.guardrails]
    assert len(set(sids)) == len(sids)
    for each in policy.guardrails:
        assert len(each.why) > 40
        actions = each.statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            service, _, name = action.lower().partition(":")
            assert "*" in name or name in known[service]["Actions"], action
    assert len(policy.text()) <= policy.limit


def test_a_policy_that_is_too_large_is_refused() -> None:
    """With the size, and what to do."""
    roles = [f"arn:aws:iam::{_ACCOUNT}:role/Team{number}-ExecutionRole-with-a-long-name" for number in range(60)]
    with pytest.raises(InputError, match=r"Service control policy: \d+ characters, and AWS takes 5120; give fewer"):
        service_control_policy(execution_roles=roles).text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scp", "--region", "Europe"], "region is 'Europe'; write a Region such as eu-west-1"),
        (["scp", "--execution-role", "*"], "execution role is '*'; write arn:aws:iam::*:role/<name>"),
        (["scp", "--platform-role", "Admin"], "platform role is 'Admin'; write arn:aws:iam::*:role/"),
        (["boundary", "--account", "12"], "account is '12'; write twelve digits"),
    ],
)
def test_wrong_values_are_named(arguments: list[str], message: str) -> None:
    """The value, and what to write."""
    result = CliRunner().invoke(policies, arguments)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


def test_the_command_prints_the_document() -> None:
    """On stdout JSON alone; what it leaves out, and which option brings it in, on stderr."""
    result = CliRunner().invoke(policies, ["scp", "--region", "eu-west-1"])
    assert result.exit_code == 0
    sids = {each["Sid"] for each in json.loads(result.stdout)["Statement"]}
    assert "EmrServerlessInTheRegionsOnly" in sids
    assert result.stderr == "left out: PassExecutionRolesToEmrServerlessOnly, which needs --execution-role\n"


def test_the_pages_are_up_to_date() -> None:
    """`make docs` writes them."""
    for name, policy in (("scp", service_control_policy()), ("boundary", permissions_boundary())):
        assert (_ROOT / "docs" / "account-policies" / f"{name}.md").read_text(encoding="utf-8") == page(policy)
