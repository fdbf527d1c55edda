"""A tenant may have several applications, for Spark and for Hive; each keeps its own roles, and tenants stay apart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect
from construct_support import ROOT, Synthesized, new_app

from emrguard import (
    ArgumentError,
    HiveApplication,
    HiveJob,
    InitialCapacity,
    Interactive,
    InteractiveUserRole,
    JobStateMachine,
    Platform,
    SettingsError,
    SparkApplication,
    SparkJob,
    SubmitterRole,
    Tenant,
    ViewerRole,
    load_tenants,
)
from emrguard_policies.assembly import Resource, load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove
from emrguard_policies.nag import EmrGuardChecks

_WHY = "public flight data, in subnets of this tenant alone"
_APPLICATION = "AWS::EMRServerless::Application"


def _machines(stack: cdk.Stack, tenant: Tenant) -> None:
    """State machines for jobs of both engines, which the submitters of the tenant may start."""
    bucket = tenant.data.bucket_name
    nightly = [
        SparkJob(
            name="delays",
            entry_point=f"s3://{bucket}/jobs/delays_by_carrier.py",
            spark_defaults={"spark.executor.memory": "8g"},
            attempts=2,
            timeout=cdk.Duration.minutes(30),
        ),
        SparkJob(
            entry_point=f"s3://{bucket}/jobs/report.py", submit_options=["--py-files", f"s3://{bucket}/jobs/a.zip"]
        ),
    ]
    machine = JobStateMachine(stack, "Nightly", tenant=tenant, jobs=nightly, application="flights")
    machine.state_machine.grant_start_execution(tenant.submitter_role)
    query = HiveJob(query=f"s3://{bucket}/jobs/count.sql", variables={"year": "2013"})
    JobStateMachine(stack, "Count", tenant=tenant, jobs=[query], application="sql")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flights has three applications, payroll one for Hive alone; people see and use them; both rule packs judge."""
    path = tmp_path_factory.mktemp("several") / "cdk.out"
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(context=settings, outdir=str(path), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Flights")
    flights = Tenant(stack, "Tenant", name="flights")
    flights.add_hive_application("sql", plaintext_between_workers_because=_WHY)
    flights.add_spark_application(
        "notebooks", inputs=["input/"], interactive=Interactive(livy_because="analysts explore the data")
    )
    flights.add_outputs()
    _machines(stack, flights)
    ViewerRole(stack, "Viewer", tenants=[flights], logs=True)
    InteractiveUserRole(stack, "Analyst", tenant=flights, ways=["livy"], application="notebooks")
    payroll = Tenant(cdk.Stack(app, "Payroll"), "Tenant", name="payroll", without_application=True)
    payroll.add_hive_application(
        "sql",
        plaintext_between_workers_because=_WHY,
        initial_capacity={"TEZ_TASK": InitialCapacity(workers=1)},
    )
    payroll.add_outputs()
    shared = cdk.Stack(app, "DataPlatform")
    budgets = dict.fromkeys(("flights", "payroll"), 500.0)
    Platform(shared, "Platform", tenants=[flights, payroll], monthly_budgets=budgets, macie="new")
    ViewerRole(shared, "Watch", tenants=[flights, payroll], because="the operators watch all job runs")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    app.synth()
    return path


def _applications(directory: Path) -> dict[str, Resource]:
    return {str(each.properties["Name"]): each for each in load(directory).resources(_APPLICATION)}


def test_both_rule_packs_and_the_audit_find_nothing(directory: Path) -> None:
    """What Hive lacks is accepted with the reason that the tenant gave; nothing else is open."""
    report = json.loads((directory / "validation-report.json").read_text())
    assert [each for plugin in report["pluginReports"] for each in plugin["violations"]] == []
    findings = audit(load(directory)).findings
    assert [each for each in findings if each.acknowledged is None] == []
    gaps = [each for each in findings if each.rule == "EMRG123"]
    assert len(gaps) == 2
    assert {each.acknowledged for each in gaps} == {_WHY}


def test_the_tenants_stay_isolated(directory: Path) -> None:
    """All applications and roles of one tenant belong to it, and none of them reaches the other tenant."""
    proof = prove(load(directory))
    assert proof.verdict == "isolated"
    assert list(proof.tenants) == ["flights", "payroll"]
    applications = _applications(directory)
    assert {name: each.mark.tenant for name, each in applications.items()} == {
        "flights": "flights",
        "flights-sql": "flights",
        "flights-notebooks": "flights",
        "payroll-sql": "payroll",
    }


def test_cloudformations_schema_accepts_it(directory: Path) -> None:
    """cfn-lint has no word against the stacks of the tenants."""
    templates = [str(directory / f"{name}.template.json") for name in ("Flights", "Payroll")]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), *templates],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _asked(directory: Path) -> tuple[Synthesized, dict[str, str], dict[tuple[str, str], str]]:
    """Flights' template, its applications by name, its roles by (application, part)."""
    found = Synthesized(json.loads((directory / "Flights.template.json").read_text()))
    applications = {each["Name"]: name for name, each in found.of(_APPLICATION).items()}
    roles = {}
    for name in found.of("AWS::IAM::Role"):
        part = found.mark(name).get("part", "")
        of = next((each for each in ("sql", "notebooks") if name.startswith(f"Tenant{each}")), "")
        roles[of, part] = name
    return found, applications, roles


def _allowed(found: Synthesized, role: str, action: str, resource: str) -> bool:
    """Whether a role's own policies allow something."""
    return any(
        statement["Effect"] == "Allow"
        and action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        and resource in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
        for each in found.of("AWS::IAM::Policy").values()
        if role in each["Roles"]
        for statement in each["PolicyDocument"]["Statement"]
    )


@pytest.mark.parametrize("one", ["", "sql", "notebooks"])
@pytest.mark.parametrize("other", ["", "sql", "notebooks"])
def test_each_application_has_its_own_roles(directory: Path, one: str, other: str) -> None:
    """Whoever submits to one application starts jobs there alone, and passes the role of that one alone."""
    found, applications, roles = _asked(directory)
    submitter = roles[one, "submitter-role"]
    started = found._arn(applications["-".join(filter(None, ("flights", other)))])
    assert _allowed(found, submitter, "emr-serverless:StartJobRun", started) is (one == other)
    passed = found._arn(roles[other, "execution-role"])
    assert _allowed(found, submitter, "iam:PassRole", passed) is (one == other)


def test_hive_jobs_work_in_their_folder(directory: Path) -> None:
    """The role of the Hive application writes scratch files and warehouse; the other roles do not."""
    found, _, roles = _asked(directory)
    bucket = f"arn:aws:s3:::{found.bucket('data-bucket')}"
    assert _allowed(found, roles["sql", "execution-role"], "s3:PutObject", f"{bucket}/hive/sql/*")
    assert _allowed(found, roles["sql", "submitter-role"], "s3:GetObject", f"{bucket}/hive/sql/warehouse/*")
    assert not _allowed(found, roles["", "execution-role"], "s3:PutObject", f"{bucket}/hive/sql/*")
    assert not _allowed(found, roles["notebooks", "execution-role"], "s3:GetObject", f"{bucket}/jobs/*")


def test_people_reach_every_application_of_the_tenant(directory: Path) -> None:
    """A viewer sees all three; an analyst works in the one that was named, with its role."""
    found, applications, roles = _asked(directory)
    viewer, analyst = roles["", "viewer-role"], roles["", "interactive-role"]
    for name, logical_id in applications.items():
        arn = found._arn(logical_id)
        assert _allowed(found, viewer, "emr-serverless:GetApplication", arn)
        assert _allowed(found, viewer, "emr-serverless:GetJobRun", f"{arn}/jobruns/*")
        assert _allowed(found, analyst, "emr-serverless:AccessLivyEndpoints", arn) is (name == "flights-notebooks")
    assert _allowed(found, analyst, "iam:PassRole", found._arn(roles["notebooks", "execution-role"]))
    assert not _allowed(found, analyst, "iam:PassRole", found._arn(roles["", "execution-role"]))


def test_the_outputs_tell_the_applications_apart(directory: Path) -> None:
    """The first one has plain names, the others their own in front."""
    outputs = {each.name: set(each.outputs) for each in load(directory).templates}
    roles = ("ApplicationId", "ExecutionRoleArn", "SubmitterRoleArn")
    assert {f"{name}{each}" for name in ("", "Sql", "Notebooks") for each in roles} <= outputs["Flights"]
    assert {f"Sql{each}" for each in roles} | {"KeyArn", "DataBucketName"} <= outputs["Payroll"]
    assert "ApplicationId" not in outputs["Payroll"]


def test_arguments_are_checked_early() -> None:
    """Each message names the argument, the value and the mend."""
    stack = cdk.Stack(new_app(), "S")
    bare = Tenant(stack, "Bare", name="payroll", without_application=True)
    with pytest.raises(ArgumentError, match=r"S/Bare: application is None; the tenant was made without one"):
        _ = bare.application
    with pytest.raises(ArgumentError, match=r"tenants is 'payroll'; add its applications first"):
        ViewerRole(stack, "Early", tenants=[bare])
    for name in ("My App", "a" * 32, "payroll", cdk.Aws.REGION):
        with pytest.raises(ArgumentError, match=r"S/Bare: name is .*(write up to 31|choose a name of its own)"):
            bare.add_spark_application(name)
    bare.add_spark_application("one")
    with pytest.raises(ArgumentError, match=r"name is 'one'; choose a name of its own: one is taken"):
        bare.add_hive_application("one", plaintext_between_workers_because=_WHY)
    bare.add_spark_application("two")
    for application in (None, "three"):
        with pytest.raises(ArgumentError, match=r"application is .*; name an application for Spark; .* has one, two"):
            InteractiveUserRole(stack, f"I{application}", tenant=bare, ways=["livy"], application=application)
    ViewerRole(stack, "Viewer", tenants=[bare])
    with pytest.raises(ArgumentError, match=r"name is 'late'; add it before S/Viewer, which covers"):
        bare.add_spark_application("late")
    with pytest.raises(ArgumentError, match=r"release_label is 'emr-7\.13\.0'; leave it out: with without_application"):
        Tenant(stack, "Other", name="other", without_application=True, release_label="emr-7.13.0")


_FILE = """
tenants:
  flights:
    maximum_capacity: {cpu: 8, memory: 32}
    spark_defaults: {spark.executor.memory: 8g}
    lifecycle: {drain_minutes: 25, job_level_cost_allocation: true}
    applications:
      models: {engine: spark, inputs: [models/], lifecycle: {no_function_because: only notebooks run there}}
      sql:
        engine: hive
        plaintext_between_workers_because: public flight data in subnets of this tenant alone
        hive_site: {hive.tez.container.size: "8192"}
        maximum_capacity: {cpu: 4, memory: 16}
"""


def test_a_file_may_list_several_applications(tmp_path: Path) -> None:
    """These and no other one; what the tenant says holds for those that do not say otherwise."""
    path = tmp_path / "tenants.yaml"
    path.write_text(_FILE)
    (settings,) = load_tenants(path)
    tenant = settings.build(new_app())
    assert list(tenant.applications) == ["models", "sql"]
    assert isinstance(tenant.applications["models"].application, SparkApplication)
    assert isinstance(tenant.applications["sql"].application, HiveApplication)
    found = Synthesized(cdk.assertions.Template.from_stack(cdk.Stack.of(tenant)).to_json())
    by_name: dict[str, Any] = {each["Name"]: each for each in found.of(_APPLICATION).values()}
    assert by_name["flights-models"]["MaximumCapacity"]["Cpu"] == "8 vCPU"
    assert by_name["flights-sql"]["MaximumCapacity"]["Cpu"] == "4 vCPU"
    assert by_name["flights-models"]["RuntimeConfiguration"][0]["Properties"]["spark.executor.memory"] == "8g"
    assert by_name["flights-sql"]["RuntimeConfiguration"][0]["Properties"]["hive.tez.container.size"] == "8192"
    after = found.one("Custom::EmrGuardApplication")
    assert (after["DrainMinutes"], after["JobLevelCostAllocation"]) == (25, True)


@pytest.mark.parametrize(
    ("applications", "message"),
    [
        ("{sql: {engine: hiv}}", "tenants.flights.applications.sql.engine is 'hiv'; write spark or hive"),
        ("{sql: {}}", "tenants.flights.applications.sql.engine is missing; write spark or hive"),
        ("{sql: {engine: hive, x: 1}}", "flights.applications.sql.x is unknown; known are engine, inputs"),
        ("{My App: {engine: hive}}", r"applications\.My App.* is 'My App'; write applications by name, of up to 31"),
        ("{}", r"tenants.flights.applications is {}; write applications by name"),
        (
            "{sql: {engine: hive, maximum_capacity: {cpu: many, memory: 3}}}",
            "applications.sql.maximum_capacity.cpu is 'many'; write a whole number of vCPU",
        ),
    ],
)
def test_a_wrong_application_says_where_and_what(tmp_path: Path, applications: str, message: str) -> None:
    """The file, the key, the value and the mend."""
    path = tmp_path / "tenants.yaml"
    path.write_text(f"tenants: {{flights: {{applications: {applications}}}}}")
    with pytest.raises(SettingsError, match=message):
        load_tenants(path)


@pytest.mark.parametrize(
    ("application", "message"),
    [
        ("{engine: hive}", "plaintext_between_workers_because is None; say why: EMR Serverless has no encryption"),
        (
            "{engine: spark, hive_site: {a: b}}",
            r"hive_site is \{'a': 'b'\}; leave it out: the application is for spark",
        ),
        ("{engine: hive, spark_defaults: {a: b}}", "spark_defaults is .*; leave it out: the application is for hive"),
    ],
)
def test_what_an_engine_has_not_names_the_tenant(tmp_path: Path, application: str, message: str) -> None:
    """Settings of the other engine are not dropped silently."""
    path = tmp_path / "tenants.yaml"
    path.write_text(f"tenants: {{flights: {{applications: {{sql: {application}}}}}}}")
    (settings,) = load_tenants(path)
    with pytest.raises(SettingsError, match=f"tenant flights: Flights/Tenant.*: {message}"):
        settings.build(new_app())


def test_a_further_submitter_of_one_application() -> None:
    """A pipeline gets a role for one application of several, and passes the execution role of that one."""
    stack = cdk.Stack(new_app(), "S")
    tenant = Tenant(stack, "Tenant", name="flights")
    sql = tenant.add_hive_application("sql", plaintext_between_workers_because=_WHY)
    nightly = SubmitterRole(stack, "Nightly", tenant="flights")
    sql.application.grant_submit(nightly, sql.execution_role)
    found = Synthesized(cdk.assertions.Template.from_stack(stack).to_json())
    (role,) = [name for name in found.of("AWS::IAM::Role") if name.startswith("Nightly")]
    application = next(name for name, each in found.of(_APPLICATION).items() if each["Type"] == "HIVE")
    assert _allowed(found, role, "emr-serverless:StartJobRun", found._arn(application))
    own, first = (
        next(name for name in found.of("AWS::IAM::Role") if name.startswith(start))
        for start in ("TenantsqlExecutionRole", "TenantExecutionRole")
    )
    assert _allowed(found, role, "iam:PassRole", found._arn(own))
    assert not _allowed(found, role, "iam:PassRole", found._arn(first))
