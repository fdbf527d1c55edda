"""One run of a job can be given less than its role has."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from construct_support import new_app

from emrguard import ArgumentError, ExecutionRole
from emrguard_policies.iam.model import parse


def _role() -> ExecutionRole:
    return ExecutionRole(cdk.Stack(new_app(), "Stack"), "Role", tenant="flights")


def _read(*names: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["s3:GetObject"], resources=[f"arn:aws:s3:::{name}" for name in names])


def test_it_is_a_policy_as_start_job_run_takes_it() -> None:
    """JSON with the statements given and no others, and no space that would count against the limit."""
    text = _role().scoped_down([_read("flights/input/2013/*")])
    (statement,) = parse(json.loads(text), "run").statements
    assert statement.effect == "Allow"
    assert statement.actions == ("s3:GetObject",)
    assert statement.resources == ("arn:aws:s3:::flights/input/2013/*",)
    assert " " not in text


def test_it_may_name_what_only_the_deployment_knows() -> None:
    """The ARN of a generated bucket becomes part of the text when the stack is deployed."""
    role = _role()
    statement = iam.PolicyStatement(actions=["s3:GetObject"], resources=[cdk.Fn.import_value("Bucket")])
    text = role.scoped_down([statement])
    parts = cdk.Stack.of(role).resolve(text)["Fn::Join"][1]
    assert {"Fn::ImportValue": "Bucket"} in parts
    deployed = "".join(part if isinstance(part, str) else "arn:aws:s3:::flights/*" for part in parts)
    assert parse(json.loads(deployed), "run").statements[0].resources == ("arn:aws:s3:::flights/*",)


def test_the_limit_of_the_service_fails_early() -> None:
    """2048 characters pass, one more is refused at synth and not when the job is to start."""
    role = _role()
    rest = 2048 - len(role.scoped_down([_read("")]))
    assert len(role.scoped_down([_read("a" * rest)])) == 2048
    with pytest.raises(ArgumentError, match=r"Stack/Role: statements is '2049 characters'; StartJobRun takes 2048"):
        role.scoped_down([_read("a" * (rest + 1))])


def test_an_empty_policy_fails_early() -> None:
    """It would leave the run without any right."""
    with pytest.raises(ArgumentError, match="write at least one statement"):
        _role().scoped_down([])


def test_a_principal_fails_early() -> None:
    """The service refuses a session policy that names one."""
    statement = _read("flights/*")
    statement.add_any_principal()
    with pytest.raises(ArgumentError, match="leave it out: the run is the principal"):
        _role().scoped_down([statement])
