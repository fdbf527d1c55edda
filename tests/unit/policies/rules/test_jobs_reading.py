"""Jobs are found wherever a template starts them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.rules import jobs
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

TODAY = date(2026, 11, 24)
APPLICATION: dict[str, Any] = {
    "Type": "AWS::EMRServerless::Application",
    "Properties": {"Type": "SPARK", "ReleaseLabel": "emr-7.14.0"},
}
TASK = "arn:aws:states:::emr-serverless:startJobRun.sync"


def template(directory: Path, **resources: Any) -> Path:
    """A template of an application and other resources."""
    file = directory / "t.json"
    file.write_text(json.dumps({"Resources": {"App": APPLICATION, **resources}}), encoding="utf-8")
    return file


def machine(**properties: Any) -> dict[str, Any]:
    """A state machine."""
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": "arn", **properties}}


def definition(request: Any, resource: str = TASK) -> dict[str, Any]:
    """A definition of one state that starts a job."""
    return {"StartAt": "Run", "States": {"Run": {"Type": "Task", "Resource": resource, "Parameters": request}}}


def read(file: Path) -> tuple[Context, tuple[Job, ...]]:
    """The jobs of a template."""
    context = Context(load(file), TODAY)
    return context, jobs.jobs(context)


def test_a_definition_as_text_is_read_through_its_intrinsic_functions(tmp_path: Path) -> None:
    """CDK writes definitions as Fn::Join of text and references, numbers of parameters without quotes."""
    before, after = json.dumps(definition({"ApplicationId": "#"})).split("#")
    timeout = after.replace('"}', '", "ExecutionTimeoutMinutes": #}', 1).split("#")
    joined = {"Fn::Join": ["", [before, {"Ref": "App"}, timeout[0], {"Ref": "Minutes"}, timeout[1]]]}
    context, (job,) = read(template(tmp_path, Machine=machine(DefinitionString=joined)))
    assert job.application is not None
    assert job.application.logical_id == "App"
    assert job.waits
    assert context.unknown(job.get("executionTimeoutMinutes"))


def test_substitutions_are_filled_in(tmp_path: Path) -> None:
    """SAM and the console write `${Name}` and a map of names."""
    text = json.dumps(definition({"ApplicationId": "${Application}"}))
    values = {"Application": {"Ref": "App"}}
    _, (job,) = read(template(tmp_path, Machine=machine(DefinitionString=text, DefinitionSubstitutions=values)))
    assert job.application is not None
    held = definition({"ApplicationId": "${Application}"})
    _, (job,) = read(template(tmp_path, Machine=machine(Definition=held, DefinitionSubstitutions=values)))
    assert job.application is not None


def test_a_definition_that_is_an_asset_is_read_from_the_assembly(tmp_path: Path) -> None:
    """`DefinitionBody.from_file` publishes the definition as a file beside the templates."""
    (tmp_path / "asset.0a1b.json").write_text(json.dumps(definition({"Name": "x"})), encoding="utf-8")
    location = {"Bucket": "assets", "Key": "0a1b.json"}
    _, (job,) = read(template(tmp_path, Machine=machine(DefinitionS3Location=location)))
    assert job.get("name") == "x"


def test_jobs_in_branches_and_maps_are_found(tmp_path: Path) -> None:
    """A job below Parallel or Map is a job like others."""
    inner = definition({"Name": "x"})
    states = {
        "Both": {"Type": "Parallel", "Branches": [inner, inner]},
        "Each": {"Type": "Map", "ItemProcessor": inner},
        "Old": {"Type": "Map", "Iterator": inner},
    }
    _, found = read(template(tmp_path, Machine=machine(Definition={"StartAt": "Both", "States": states})))
    assert [job.path.split(".")[2] for job in found] == ["Both", "Both", "Each", "Old"]


@pytest.mark.parametrize(
    "request_", [{"Mode.$": "$.mode"}, {"Mode": "{% $states.input.mode %}"}, "{% $states.input %}"]
)
def test_what_the_execution_decides_is_unknown(request_: Any, tmp_path: Path) -> None:
    """JSONPath and JSONata give values that no template holds."""
    context, (job,) = read(template(tmp_path, Machine=machine(Definition=definition(request_))))
    assert context.unknown(jobs.mode(job))


def test_a_schedule_starts_jobs(tmp_path: Path) -> None:
    """A universal target of EventBridge Scheduler needs no state machine."""
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:emrserverless:startJobRun",
        "RoleArn": "arn",
        "Input": {"Fn::Sub": '{"ApplicationId": "${App}", "Mode": "Streaming"}'},
    }
    resource = {"Type": "AWS::Scheduler::Schedule", "Properties": {"Target": target}}
    _, (job,) = read(template(tmp_path, Schedule=resource))
    assert job.application is not None
    assert jobs.mode(job) == "STREAMING"
    assert job.waits is None


@pytest.mark.parametrize("service", ["EMRServerless", "@aws-sdk/client-emr-serverless"])
@pytest.mark.parametrize("action", ["startJobRun", "StartJobRunCommand"])
def test_a_custom_resource_starts_jobs(service: str, action: str, tmp_path: Path) -> None:
    """AwsCustomResource writes the call as JSON into Create and Update."""
    call = {"service": service, "action": action, "parameters": {"applicationId": "${App}"}}
    properties = {"ServiceToken": "arn", "Create": {"Fn::Sub": json.dumps(call)}}
    _, (job,) = read(template(tmp_path, Call={"Type": "Custom::AWS", "Properties": properties}))
    assert job.application is not None
    other = {"ServiceToken": "arn", "Create": json.dumps({**call, "action": "getJobRun"})}
    assert read(template(tmp_path, Call={"Type": "Custom::AWS", "Properties": other}))[1] == ()


def test_settings_of_the_command_line(tmp_path: Path) -> None:
    """`--conf` is read as a shell does, in both ways of writing it, also where a quote is left open."""
    for text, found in {
        "--conf a=1 --conf 'b=x y' --conf=c=3": {"a": "1", "b": "x y", "c": "3"},
        "--conf a='1 --conf b=2": {"a": "'1", "b": "2"},
    }.items():
        request = {"JobDriver": {"SparkSubmit": {"SparkSubmitParameters": text}}}
        _, (job,) = read(template(tmp_path, Machine=machine(Definition=definition(request))))
        assert jobs.settings(job) == found


@pytest.mark.parametrize(
    ("label", "sent", "drops"),
    [
        ("emr-7.14.0", "spark-defaults", True),
        ("emr-7.14.0", "spark-log4j2", False),
        ("emr-spark-8.0.0", "spark-log4j2", True),
        ("emr-spark-8.1.0", "spark-defaults", False),
    ],
)
def test_what_a_job_replaces_depends_on_the_release(label: str, sent: str, drops: bool, tmp_path: Path) -> None:
    """Up to emr-spark-8.0 a job's configuration replaces the application's; from 8.1 on it is merged."""
    guarded = [{"Classification": "spark-defaults", "Properties": {"spark.ssl.internode.enabled": "true"}}]
    application = {
        **APPLICATION,
        "Properties": {"Type": "SPARK", "ReleaseLabel": label, "RuntimeConfiguration": guarded},
    }
    override = [{"Classification": sent, "Properties": {"x": "1"}}]
    request = {"ApplicationId": {"Ref": "App"}, "ConfigurationOverrides": {"ApplicationConfiguration": override}}
    file = template(tmp_path, App=application, Machine=machine(Definition=definition(request)))
    assert bool(audit(load(file), select=["EMRG807"], today=TODAY).findings) is drops


def test_a_job_of_an_application_elsewhere_is_judged(tmp_path: Path) -> None:
    """The team that starts jobs often has a repository of its own."""
    file = tmp_path / "t.json"
    request = {"ApplicationId": "00example", "ConfigurationOverrides": {"ApplicationConfiguration": []}}
    file.write_text(json.dumps({"Resources": {"M": machine(Definition=definition(request))}}), encoding="utf-8")
    found = {finding.rule for finding in audit(load(file), today=TODAY).findings}
    assert "EMRG801" in found


@pytest.mark.parametrize("properties", [{"States": 7}, {"States": {"A": 7}}, 7, [], {"States": {"A": {"Branches": 7}}}])
def test_a_broken_definition_gives_no_traceback(properties: Any, tmp_path: Path) -> None:
    """A damaged state machine is reported or passed over, and never crashes a rule."""
    file = template(tmp_path, Machine=machine(Definition=properties))
    assert "fatal" not in {finding.severity for finding in audit(load(file), today=TODAY).findings}


def test_a_job_of_another_stack_is_followed_to_its_application(tmp_path: Path) -> None:
    """The application's stack exports its id, the orchestration's stack imports it."""
    export = {"Outputs": {"Id": {"Value": {"Ref": "App"}, "Export": {"Name": "payroll-application"}}}}
    (tmp_path / "a.json").write_text(json.dumps({"Resources": {"App": APPLICATION}, **export}), encoding="utf-8")
    request = {"ApplicationId": {"Fn::ImportValue": "payroll-application"}}
    other = {"Resources": {"Machine": machine(Definition=definition(request))}}
    (tmp_path / "b.json").write_text(json.dumps(other), encoding="utf-8")
    _, (job,) = read(tmp_path)
    assert job.application is not None
    assert job.application.logical_id == "App"


@pytest.mark.parametrize(
    ("resource", "then", "waits"),
    [
        ("arn:aws:states:::emr-serverless:startJobRun", None, False),
        ("arn:aws:states:::aws-sdk:emrserverless:startJobRun", None, False),
        (
            "arn:aws:states:::aws-sdk:emrserverless:startJobRun",
            "arn:aws:states:::aws-sdk:emrserverless:getJobRun",
            True,
        ),
        ("arn:aws:states:::aws-sdk:emrserverless:startJobRun.waitForTaskToken", None, True),
        ("arn:aws:states:::emr-serverless:startJobRun.sync", None, True),
    ],
)
def test_a_machine_follows_its_job_in_several_ways(
    resource: str, then: str | None, waits: bool, tmp_path: Path
) -> None:
    """By `.sync`, by a callback, or by asking for the state of the job in a loop."""
    body = definition({"Name": "x"}, resource)
    if then:
        body["States"]["Ask"] = {"Type": "Task", "Resource": then}
    file = template(tmp_path, Machine=machine(Definition=body))
    assert [job.waits for job in read(file)[1]] == [waits]
    assert bool(audit(load(file), select=["EMRG810"], today=TODAY).findings) is not waits
