"""Tenants of foreign templates: whose a role is shows in what starts jobs with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from isolation_support import Resources, allow, arn, below, of_check, proof_of, resource, role

APPLICATIONS = {
    name: resource("AWS::EMRServerless::Application", {"Name": name.lower(), "Type": "SPARK"})
    for name in ("One", "Two")
}


def _machine(application: str, job: str, form: str) -> dict[str, Any]:
    names = {"ApplicationId": {"Ref": application}, "ExecutionRoleArn": arn(job)}
    task = "arn:aws:states:::emr-serverless:startJobRun.sync"
    if form == "schedule":
        body = {"Fn::Sub": ['{"ApplicationId":"${App}","ExecutionRoleArn":"${Job}"}',
                            {"App": names["ApplicationId"], "Job": names["ExecutionRoleArn"]}]}  # fmt: skip
        return resource("AWS::Scheduler::Schedule", {"Target": {"Arn": "x", "RoleArn": arn("Runs"), "Input": body}})
    if form == "object":
        properties: dict[str, Any] = {"Definition": {"States": {"Run": {"Resource": task, "Parameters": names}}}}
    elif form == "substitutions":
        written = {"States": {"Run": {"Parameters": {"ApplicationId": "${App}", "ExecutionRoleArn": "${Job}"}}}}
        properties = {
            "DefinitionString": json.dumps(written),
            "DefinitionSubstitutions": {"App": names["ApplicationId"], "Job": names["ExecutionRoleArn"]},
        }
    else:
        parts = ['{"States":{"Run":{"Arguments":{"ApplicationId":"', names["ApplicationId"],
                 '","ExecutionRoleArn":"', names["ExecutionRoleArn"], '"}}}}']  # fmt: skip
        properties = {"DefinitionString": {"Fn::Join": ["", parts]}}
    return resource("AWS::StepFunctions::StateMachine", {"RoleArn": arn("Runs"), **properties})


def _foreign(*machines: dict[str, Any]) -> Resources:
    """Two applications in one stack, a role that reads Two's role's secret of nobody's, and what starts jobs."""
    read = allow("emr-serverless:StartJobRun", arn("Two"))
    found = {**APPLICATIONS, "Job": role(None, read), "Runs": role(None)}
    return {**found, **{f"Flow{number}": each for number, each in enumerate(machines)}}


@pytest.mark.parametrize("form", ["joined", "object", "substitutions", "schedule"])
def test_a_job_says_whose_its_role_is(form: str, tmp_path: Path) -> None:
    """A role that a state machine or schedule starts One's jobs with is One's: that it starts Two's is a hole."""
    proof = proof_of(tmp_path, _foreign(_machine("One", "Job", form)))
    assert proof.tenants == ("one", "two")
    found = [(each.source, each.target) for each in of_check(proof, "applications")]
    assert found == [("one", "two")]
    assert "each application is taken to be one" in proof.assumptions[0]


def test_a_role_of_several_applications_belongs_to_none(tmp_path: Path) -> None:
    """However often it is used, a role of two applications is nobody's, and no way to hide a hole."""
    machines = [_machine(name, "Job", "joined") for name in ("One", "Two", "One")]
    resources = _foreign(*machines)
    statement = allow("emr-serverless:StartJobRun", below("One", "*"))
    resources["Job"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(statement)
    found = [(each.source, each.target) for each in of_check(proof_of(tmp_path, resources), "applications")]
    assert found == [(None, "one"), (None, "two")]
