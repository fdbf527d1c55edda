"""Jobs as data: the request keeps what the application has, always has an end, and takes no guardrail off."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import botocore.session
import pytest
from aws_cdk import aws_iam as iam
from botocore.validate import ParamValidator
from construct_support import Synthesized, new_app

from emrguard import (
    ArgumentError,
    HiveJob,
    JobStateMachine,
    RuntimeConfiguration,
    SparkJob,
    Tenant,
    TenantApplication,
)

_CODE = "s3://flights/jobs/delays.py"
_WHY = "public flight data, in subnets of this tenant alone"
_SECURE = {
    "spark.ssl.internode.enabled": "true",
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
}


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant with an application for each engine, and settings of its own for Spark."""
    stack = cdk.Stack(new_app(), "Stack")
    tenant = Tenant(
        stack,
        "Tenant",
        name="flights",
        spark_defaults={"spark.executor.memory": "4g", "spark.executor.cores": "4"},
        runtime_configuration=[
            RuntimeConfiguration(
                classification="spark-env",
                configurations=[RuntimeConfiguration(classification="export", properties={"ZONE": "UTC"})],
            )
        ],
    )
    tenant.add_hive_application("sql", plaintext_between_workers_because=_WHY)
    return tenant


@pytest.fixture(scope="module")
def spark(tenant: Tenant) -> TenantApplication:
    """The Spark application."""
    return tenant.applications["flights"]


@pytest.fixture(scope="module")
def hive(tenant: Tenant) -> TenantApplication:
    """The Hive application."""
    return tenant.applications["sql"]


def _sent(application: TenantApplication, job: SparkJob | HiveJob) -> dict[str, Any]:
    """The request as it is when it is deployed, checked against the API's own model."""
    stack = cdk.Stack.of(application.application)
    found: dict[str, Any] = _flat(stack.resolve(application.job_request(job)))
    model = botocore.session.get_session().get_service_model("emr-serverless").operation_model("StartJobRun")
    assert model.input_shape is not None
    report = ParamValidator().validate({"clientToken": "x", **found}, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    return found


def _flat(value: Any) -> Any:
    """A resolved value with texts in place of what only the deployment knows."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
        if "Fn::Join" in value:
            return "".join(_flat(part) for part in value["Fn::Join"][1])
        return "arn:aws:iam::111122223333:role/deployed" if "Arn" in str(value) else "deployed"
    if isinstance(value, dict):
        return {key: _flat(item) for key, item in value.items()}
    return [_flat(item) for item in value] if isinstance(value, list) else value


def test_a_job_sends_the_guardrails_again(spark: TenantApplication) -> None:
    """Its own spark-defaults would replace the application's, with the encryption between workers: all come along."""
    found = _sent(spark, SparkJob(entry_point=_CODE, spark_defaults={"spark.executor.memory": "8g"}))
    assert found["configurationOverrides"] == {
        "applicationConfiguration": [
            {
                "classification": "spark-defaults",
                "properties": {"spark.executor.memory": "8g", "spark.executor.cores": "4", **_SECURE},
            },
            {
                "classification": "spark-env",
                "configurations": [{"classification": "export", "properties": {"ZONE": "UTC"}}],
            },
        ]
    }


def test_a_job_ends_and_is_tried_once(spark: TenantApplication) -> None:
    """A job that hangs is cancelled after an hour, and one that fails is not paid for again, unless asked for."""
    found = _sent(spark, SparkJob(entry_point=_CODE))
    assert found["executionTimeoutMinutes"] == 60
    assert not {"retryPolicy", "mode", "tags", "name", "executionIamPolicy"} & set(found)
    assert found["jobDriver"] == {"sparkSubmit": {"entryPoint": _CODE}}


def test_everything_reaches_the_request(spark: TenantApplication) -> None:
    """Names, arguments, options, attempts, tags, and what the run may do at most."""
    statement = iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::flights/input/*"])
    found = _sent(
        spark,
        SparkJob(
            name="delays",
            entry_point="s3://flights/jobs/delays.jar",
            arguments=["--year", "2013 and 2014"],
            main_class="com.example.Delays",
            submit_options=["--jars", "s3://flights/jobs/a.jar"],
            timeout=cdk.Duration.hours(3),
            attempts=3,
            allowed=[statement],
            tags={"team": "ontime"},
        ),
    )
    assert found["jobDriver"]["sparkSubmit"] == {
        "entryPoint": "s3://flights/jobs/delays.jar",
        "entryPointArguments": ["--year", "2013 and 2014"],
        "sparkSubmitParameters": "--class com.example.Delays --jars s3://flights/jobs/a.jar",
    }
    assert (found["name"], found["tags"], found["retryPolicy"]) == ("delays", {"team": "ontime"}, {"maxAttempts": 3})
    assert found["executionTimeoutMinutes"] == 180
    assert json.loads(found["executionIamPolicy"]["policy"])["Statement"][0]["Action"] == "s3:GetObject"


def test_a_streaming_job_goes_on(spark: TenantApplication) -> None:
    """It has no end, and a bound on how often it may fail."""
    found = _sent(spark, SparkJob(entry_point=_CODE, failed_attempts_an_hour=5))
    assert (found["mode"], found["retryPolicy"]) == ("STREAMING", {"maxFailedAttemptsPerHour": 5})
    assert "executionTimeoutMinutes" not in found


def test_a_query_keeps_the_folders_of_the_application(hive: TenantApplication) -> None:
    """Its own hive-site would replace the scratch and warehouse folders, which every query needs."""
    job = HiveJob(
        query="s3://flights/jobs/count.sql",
        init_query_file="s3://flights/jobs/init.sql",
        variables={"year": "2013"},
        hive_site={"hive.tez.container.size": "4096"},
    )
    found = _sent(hive, job)
    assert found["jobDriver"]["hive"] == {
        "query": "s3://flights/jobs/count.sql",
        "initQueryFile": "s3://flights/jobs/init.sql",
        "parameters": "--hivevar year=2013",
    }
    (site,) = found["configurationOverrides"]["applicationConfiguration"]
    assert site["properties"] == {
        "hive.exec.scratchdir": "s3://deployed/hive/sql/scratch",
        "hive.metastore.warehouse.dir": "s3://deployed/hive/sql/warehouse",
        "hive.tez.container.size": "4096",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"entry_point": "jobs/delays.py"}, r"entry_point is 'jobs/delays\.py'; write s3://<bucket>/<key>"),
        (
            {"spark_defaults": {"spark.ssl.internode.enabled": "false"}},
            r"spark_defaults\['spark\.ssl\.internode\.enabled'\] is 'false'; leave it out",
        ),
        (
            {"submit_options": ["--conf", "spark.authenticate=false"]},
            r"submit_options is '--conf'; write spark_defaults",
        ),
        ({"submit_options": ["--conf=a=b"]}, r"submit_options is '--conf=a=b'; write spark_defaults"),
        ({"submit_options": ["--properties-file", "s3://b/k"]}, r"submit_options is '--properties-file'; write"),
        ({"submit_options": "--jars a.jar"}, r"submit_options is '--jars a\.jar'; write a list of strings"),
        ({"submit_options": ["--name", "a b"]}, r"submit_options is 'a b'; write words without spaces"),
        ({"arguments": [""]}, r"arguments is ''; write 1 to 10280 characters"),
        ({"timeout": cdk.Duration.days(8)}, r"timeout is 11520; write a whole number of minutes from 1 to 10080"),
        ({"timeout": cdk.Duration.minutes(0)}, r"timeout is 0; write a whole number of minutes from 1 to 10080"),
        ({"attempts": 11}, r"attempts is 11; write a whole number of attempts from 1 to 10"),
        ({"failed_attempts_an_hour": 0}, r"failed_attempts_an_hour is 0; write a whole number"),
        ({"failed_attempts_an_hour": 5, "attempts": 2}, r"attempts is 2; leave it out: a streaming job has failed_"),
        ({"name": "on time"}, r"name is 'on time'; write 1 to 256 letters, digits"),
        ({"tags": {"emrguard:tenant": "payroll"}}, r"tags is 'emrguard:tenant'; choose a name that does not start"),
        ({"tags": {"?": "x"}}, r"tags is '\?'; write 1 to 128 letters"),
    ],
)
def test_wrong_arguments_fail_early(spark: TenantApplication, arguments: dict[str, Any], message: str) -> None:
    """The error names the application, the argument and the value, and says what to write."""
    with pytest.raises(ArgumentError, match=f"Stack/Tenant/Application: {message}"):
        spark.job_request(SparkJob(**{"entry_point": _CODE, **arguments}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"query": "SELECT 1"}, r"query is 'SELECT 1'; write s3://<bucket>/<key> of a file"),
        ({"init_query_file": "init.sql"}, r"init_query_file is 'init\.sql'; write s3://"),
        ({"variables": {"a b": "c"}}, r"variables is 'a b'; write letters, digits"),
        ({"variables": {"a": "x --hiveconf y=z"}}, r"variables is 'a=x --hiveconf y=z'; write words without spaces"),
        (
            {"hive_site": {"hive.metastore.warehouse.dir": "s3://elsewhere/"}},
            r"hive_site\['hive\.metastore\.warehouse\.dir'\] is 's3://elsewhere/'; leave it out",
        ),
    ],
)
def test_wrong_queries_fail_early(hive: TenantApplication, arguments: dict[str, Any], message: str) -> None:
    """A value cannot become an option, and a query cannot leave the folders of the application."""
    with pytest.raises(ArgumentError, match=f"Stack/Tenant/sql/Application: {message}"):
        hive.job_request(HiveJob(**{"query": "s3://flights/jobs/count.sql", **arguments}))


def test_a_job_is_for_one_engine(spark: TenantApplication, hive: TenantApplication) -> None:
    """A Hive application refuses a Spark job at synth, not at night."""
    with pytest.raises(ArgumentError, match=r"job is 'SparkJob'; the application is for Hive: write HiveJob"):
        hive.job_request(SparkJob(entry_point=_CODE))
    with pytest.raises(ArgumentError, match=r"job is 'HiveJob'; the application is for Spark: write SparkJob"):
        spark.job_request(HiveJob(query="s3://flights/jobs/count.sql"))


def test_a_state_machine_checks_its_arguments(tenant: Tenant) -> None:
    """What it cannot run, or could run with more rights only, is told at synth."""
    stack, job = cdk.Stack.of(tenant), SparkJob(entry_point=_CODE)
    other = cdk.Stack(new_app(), "Other")
    attempts: list[tuple[cdk.Stack, dict[str, Any], str]] = [
        (stack, {"jobs": [job]}, r"application is None; name one of the tenant's applications: flights, sql"),
        (stack, {"jobs": [job], "application": "x"}, r"application is 'x'; name one of the tenant's applications"),
        (stack, {"jobs": [], "application": "flights"}, r"jobs is \[\]; pass at least one job"),
        (other, {"jobs": [job], "application": "flights"}, r"tenant is 'flights'; make it in the stack of the tenant"),
        (
            stack,
            {"jobs": [SparkJob(entry_point=_CODE, failed_attempts_an_hour=1)], "application": "flights"},
            r"failed_attempts_an_hour is 1; leave it out: a state machine waits for the end of a job",
        ),
        (
            stack,
            {"jobs": [SparkJob(entry_point=_CODE, tags={"a": "b"})], "application": "flights"},
            r"tags is \{'a': 'b'\}; leave it out: a role with the right to tag",
        ),
    ]
    for number, (scope, arguments, message) in enumerate(attempts):
        with pytest.raises(ArgumentError, match=message):
            JobStateMachine(scope, f"M{number}", tenant=tenant, **arguments)


def test_a_state_machine_runs_its_jobs_in_order() -> None:
    """Each waits for the one before, with the request of the job in the case of Step Functions."""
    stack = cdk.Stack(new_app(), "Stack")
    tenant = Tenant(stack, "Tenant", name="flights")
    jobs = [SparkJob(name="delays", entry_point=_CODE), SparkJob(entry_point="s3://flights/jobs/report.py")]
    JobStateMachine(stack, "Nightly", tenant=tenant, jobs=jobs)
    found = Synthesized(cdk.assertions.Template.from_stack(stack).to_json())
    machine = found.one("AWS::StepFunctions::StateMachine")
    definition = machine["Definition"]
    assert definition["StartAt"] == "Job1-delays"
    first, second = definition["States"]["Job1-delays"], definition["States"]["Job2"]
    assert first["Next"] == "Job2"
    assert second["End"] is True
    assert first["Resource"] == "arn:aws:states:::emr-serverless:startJobRun.sync"
    sent = first["Parameters"]
    assert (sent["Name"], sent["ExecutionTimeoutMinutes"]) == ("delays", 60)
    (defaults,) = sent["ConfigurationOverrides"]["ApplicationConfiguration"]
    assert defaults == {"Classification": "spark-defaults", "Properties": _SECURE}
    who = found.session("state-machine")
    application = found.arn("AWS::EMRServerless::Application")
    for action in ("GetJobRun", "CancelJobRun"):
        assert found.ask(who, f"emr-serverless:{action}", f"{application}/jobruns/00r").allowed
    for action in ("TagResource", "GetDashboardForJobRun"):
        assert not found.ask(who, f"emr-serverless:{action}", f"{application}/jobruns/00r").allowed
    for action in ("StartApplication", "UpdateApplication", "StartSession"):
        assert not found.ask(who, f"emr-serverless:{action}", application).allowed
