"""What tenants share is shared on purpose, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_glue as glue
from cfnlint.helpers import REGIONS  # type: ignore[import-untyped]
from cfnlint.schema._exceptions import ResourceNotFoundError  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from construct_support import ACCOUNT, REGION, Synthesized, administrator, new_app, synthesize

from emrguard import (
    Alerts,
    ArgumentError,
    AuditTrail,
    Budget,
    Macie,
    MacieJob,
    Platform,
    SettingsError,
    Tenant,
    load_tenants,
)
from emrguard._regions import LACKING
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.exceptions import EmrGuardError
from emrguard_policies.iam.decide import Principal
from emrguard_policies.isolation import prove

_MACIE = "aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"


def _template(stack: cdk.Stack) -> Synthesized:
    return Synthesized(cdk.assertions.Template.from_stack(stack).to_json())


def test_a_platform_over_two_tenants(tmp_path: Path) -> None:
    """One trail over all four buckets, a budget, Macie, a reason for each shared thing; the tenants stay isolated."""
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), builtin_cloud_formation_validation=False)
    teams = [Tenant(cdk.Stack(app, name), "Tenant", name=name) for name in ("flights", "payroll")]
    stack = cdk.Stack(app, "DataPlatform")
    platform = Platform(
        stack,
        "Platform",
        tenants=teams,
        emails=["a@example.com"],
        monthly_budgets={"flights": 100, "payroll": 500},
        macie="new",
    )
    database = glue.CfnDatabase(
        stack,
        "Airports",
        catalog_id=stack.account,
        database_input=glue.CfnDatabase.DatabaseInputProperty(name="airports"),
    )
    platform.share(database, "catalog", "reference data that every tenant reads")
    platform.add_outputs()
    app.synth()

    assembly = load(tmp_path / "cdk.out")
    assert prove(assembly).verdict == "isolated"
    assert [each.rule for each in audit(assembly).findings if each.acknowledged is None] == []
    (template,) = [each for each in assembly.templates if each.name == "DataPlatform"]
    assert {"TrailArn", "AlertsTopicArn", "AdminRoleArn"} <= set(template.outputs)
    shared = [each.mark for each in template.resources.values() if each.type != "AWS::CDK::Metadata"]
    assert all(mark.shared or mark.tenant for mark in shared)
    assert template.resources["Airports"].mark.shared == "reference data that every tenant reads"
    (trail,) = [each for each in template.resources.values() if each.type == "AWS::CloudTrail::Trail"]
    selector = trail.properties["AdvancedEventSelectors"][1]["FieldSelectors"][2]
    assert len(selector["StartsWith"]) == 4
    assert {each.type for each in template.resources.values()} >= {"AWS::Budgets::Budget", "AWS::Macie::Session"}


def test_a_platform_below_the_trail_of_an_organization() -> None:
    """No trail of its own; the declaration is in the template."""

    def build(stack: cdk.Stack) -> None:
        arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"
        team = Tenant(stack, "Tenant", name="flights")
        trail = (arn, "the security account records all accounts")
        Platform(stack, "Platform", tenants=[team], organization_trail=trail).add_outputs()

    found = synthesize(build)
    assert not found.of("AWS::CloudTrail::Trail")
    assert "organization-trail" in found.template["Metadata"]["emrguard"]
    assert {"TrailArn", "AlertsTopicArn", "AdminRoleArn"} <= set(found.template["Outputs"])


def test_arguments_are_checked_early() -> None:
    """Each message names the argument, the value and the mend."""
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(account=ACCOUNT, region=REGION))
    other = cdk.Stack(stack.node.root, "O", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))  # type: ignore[arg-type]
    near, far = Tenant(stack, "T", name="flights"), Tenant(other, "T", name="payroll")
    alerts = Alerts(stack, "Alerts")
    attempts: list[tuple[dict[str, Any], str]] = [
        ({"tenants": []}, r"tenants is \[\]; pass the tenants of the platform"),
        ({"tenants": [near, far]}, f"tenants is 'payroll in {ACCOUNT}/us-east-1'; a platform is for one account"),
        ({"tenants": [near], "emails": ["a@example.com"], "alerts": alerts}, "leave it out, or alerts"),
        (
            {"tenants": [near], "monthly_budgets": {"payrol": 1}},
            "monthly_budgets is 'payrol'; name one of the tenants: fl",
        ),
    ]
    for number, (arguments, message) in enumerate(attempts):
        with pytest.raises(ArgumentError, match=message):
            Platform(stack, f"P{number}", **arguments)
    platform = Platform(stack, "Platform", tenants=[near])
    with pytest.raises(ArgumentError, match="because is ''; say in a few words why"):
        platform.share(near, "catalog", "")


def test_a_trail_is_never_too_full() -> None:
    """CloudTrail refuses more than 500 values; the error comes at synth and says what to do."""
    stack = cdk.Stack()
    team = Tenant(stack, "T", name="flights")
    with pytest.raises(ArgumentError, match="buckets is '600 buckets'; a trail takes 490 at most: make a second"):
        AuditTrail(stack, "Trail", buckets=[team.data] * 600)


def test_macie_reads_sealed_buckets() -> None:
    """Macie's own role of this account, and nobody else; its findings become alerts."""

    def build(stack: cdk.Stack) -> None:
        team = Tenant(stack, "Tenant", name="flights")
        Macie(
            stack,
            "Macie",
            buckets=[team.data, team.logs.bucket],
            alerts=Alerts(stack, "Alerts"),
            identifiers={"staff": r"\bSTAFF-[0-9]{6}\b"},
        )

    found = synthesize(build)
    data = f"arn:aws:s3:::{found.bucket('data-bucket')}"
    key, via = (
        found.arn("AWS::KMS::Key", "key"),
        {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT},
    )
    role = f"arn:aws:iam::{ACCOUNT}:role/{_MACIE}"
    macie = (
        Principal("role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAmazonMacie/m", ACCOUNT, role),
        administrator()[1],
    )
    assert found.ask(macie, "s3:GetObject", f"{data}/input/a").allowed
    assert found.ask((macie[0], []), "kms:Decrypt", key, via).allowed
    assert not found.ask((macie[0], []), "kms:Decrypt", key, {"kms:CallerAccount": ACCOUNT}).allowed
    assert not found.ask(administrator(), "kms:Decrypt", key, via).allowed
    assert not found.ask(administrator(), "s3:GetObject", f"{data}/input/a").allowed
    assert found.one("AWS::Macie::Session")["Status"] == "ENABLED"
    assert found.one("AWS::Macie::CustomDataIdentifier")["Regex"] == r"\bSTAFF-[0-9]{6}\b"
    findings, changes = found.of("AWS::Events::Rule").values()
    assert findings["EventPattern"] == {"source": ["aws.macie"], "detail-type": ["Macie Finding"]}
    assert "DisableMacie" in changes["EventPattern"]["detail"]["$or"][0]["eventName"]
    assert len({each["Targets"][0]["Arn"] for each in (findings, changes)}) == 1


@pytest.fixture(scope="module")
def looking() -> Synthesized:
    """Macie over two tenants with everything but the tenants left to the defaults."""

    def build(stack: cdk.Stack) -> None:
        teams = [Tenant(stack, name.title(), name=name) for name in ("flights", "payroll")]
        buckets = [bucket for team in teams for bucket in (team.data, team.logs.bucket)]
        Macie(stack, "Macie", buckets=buckets, alerts=Alerts(stack, "Alerts"), identifiers={"staff": "STAFF-[0-9]+"})

    return synthesize(build)


def test_macie_looks_every_week_by_default(looking: Synthesized) -> None:
    """A job over all buckets that were given, with the own identifiers, once Macie is on."""
    job = looking.one("Custom::EmrGuardMacieJob")
    assert [job[name] for name in ("Schedule", "Day", "SamplingPercentage", "ExistingObjects")] == [
        "WEEKLY", "SUNDAY", 100, True
    ]  # fmt: skip
    assert len(job["BucketArns"]) == 4
    assert len(job["CustomDataIdentifierIds"]) == 1
    (resource,) = (each for each in looking.resources.values() if each["Type"] == "Custom::EmrGuardMacieJob")
    session = next(name for name, each in looking.resources.items() if each["Type"] == "AWS::Macie::Session")
    assert session in resource["DependsOn"]
    function = looking.one("AWS::Lambda::Function", "macie")
    group = looking.one("AWS::Logs::LogGroup", "macie")
    assert (function["Runtime"], function["LoggingConfig"]) == ("python3.14", {"LogGroup": group["LogGroupName"]})
    assert group["RetentionInDays"] == 365
    assert group["KmsKeyId"] == looking.arn("AWS::KMS::Key", "macie")


def test_the_function_of_macie_reaches_its_own_jobs_only(looking: Synthesized) -> None:
    """By a tag; it reads no bucket, uses no key, and passes no role."""
    who = looking.session("macie")
    (tag,) = looking.one("Custom::EmrGuardMacieJob")["Tags"].values()
    jobs = f"arn:aws:macie2:{REGION}:{ACCOUNT}:classification-job"
    for action, kind, name in (
        ("CreateClassificationJob", "RequestTag", "*"),
        ("UpdateClassificationJob", "ResourceTag", "1"),
    ):
        own, other = ({f"aws:{kind}/emrguard:platform": value} for value in (tag, "macie-0"))
        assert looking.ask(who, f"macie2:{action}", f"{jobs}/{name}", own).allowed
        assert not looking.ask(who, f"macie2:{action}", f"{jobs}/{name}", other).allowed
        assert not looking.ask(who, f"macie2:{action}", f"{jobs}/{name}").allowed
    granted = {action for policy in who[1] for each in policy.statements for action in each.actions or ("all",)}
    assert granted == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "macie2:CreateClassificationJob",
        "macie2:ListClassificationJobs",
        "macie2:TagResource",
        "macie2:UpdateClassificationJob",
    }


def test_without_a_job_there_is_no_function() -> None:
    """For a reason, which the audit shows, such as automated discovery; the buckets are open to Macie all the same."""

    def build(stack: cdk.Stack) -> None:
        team = Tenant(stack, "Tenant", name="flights")
        job = MacieJob(no_job_because="automated discovery is on")
        Platform(stack, "Platform", tenants=[team], macie="new", macie_job=job)

    found = synthesize(build)
    assert not found.of("Custom::EmrGuardMacieJob")
    assert "macie2:" not in str(found.of("AWS::IAM::Role"))
    assert "AWSServiceRoleForAmazonMacie" in str(found.of("AWS::S3::BucketPolicy"))


def test_macie_that_is_on_already() -> None:
    """An account has one session a Region: a second one would fail to deploy."""

    def build(stack: cdk.Stack, **more: Any) -> None:
        team = Tenant(stack, "Tenant", name="flights")
        Macie(stack, "Macie", alerts=Alerts(stack, "Alerts"), **{"buckets": [team.data], **more})

    found = synthesize(lambda stack: build(stack, session="existing"))
    assert not found.of("AWS::Macie::Session")
    assert found.template["Metadata"]["emrguard"]["macie"]["session"] == "existing"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"session": "old"}, "session is 'old'; write new, or existing"),
        ({"publishing": "NEVER"}, "publishing is 'NEVER'; write FIFTEEN_MINUTES"),
        ({"identifiers": {"x": "["}}, r"identifiers\['x'\] is '\['; write a regular expression"),
        ({"buckets": []}, r"buckets is \[\]; pass the tenants' buckets"),
    ]
    jobs: list[tuple[dict[str, Any], str]] = [
        ({"schedule": "HOURLY"}, "job.schedule is 'HOURLY'; write DAILY, WEEKLY, MONTHLY or ONCE"),
        ({"day": "FUNDAY"}, "job.day is 'FUNDAY'; write one of MONDAY"),
        ({"schedule": "MONTHLY", "day": 31}, "job.day is 31; write the day of the month, 1 to 28"),
        ({"schedule": "DAILY", "day": 1}, "job.day is 1; leave it out: a job that runs DAILY has no day"),
        ({"sampling": 0}, "job.sampling is 0; write how many percent of the objects, 1 to 100"),
        ({"schedule": "ONCE", "existing": False}, "job.existing is False; leave it out"),
        ({"managed": "SOME"}, "job.managed is 'SOME'; write RECOMMENDED, ALL or NONE"),
        ({"managed": "NONE"}, "job.managed is 'NONE'; give identifiers of your own"),
        (
            {"no_job_because": "automated discovery", "sampling": 5},
            "job.no_job_because is 'automated discovery'; leave",
        ),
    ]
    for more, message in wrong + [({"job": MacieJob(**job)}, message) for job, message in jobs]:
        with pytest.raises(ArgumentError, match=message):
            build(cdk.Stack(), **more)
    stack = cdk.Stack()
    team = Tenant(stack, "Tenant", name="flights")
    with pytest.raises(ArgumentError, match="buckets is '1001 buckets'; a job takes 1000 at most: make a second Macie"):
        Macie(stack, "Macie", alerts=Alerts(stack, "Alerts"), buckets=[team.data] * 1001)
    with pytest.raises(ArgumentError, match=r"macie_job is MacieJob.*; say macie='new' or 'existing', too"):
        Platform(stack, "Platform", tenants=[team], macie_job=MacieJob())


def test_a_budget_counts_one_tenant() -> None:
    """By the cost tag that all of the tenant carries; alerts before and at the limit, and when it will be passed."""
    found = synthesize(
        lambda stack: Budget(stack, "B", tenant="flights", monthly_limit=500, alerts=Alerts(stack, "Alerts"))
    )
    budget = found.one("AWS::Budgets::Budget")
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:emrguard:tenant$flights"]}
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 500, "Unit": "USD"}
    told = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in budget["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    topic = found.arn("AWS::SNS::Topic")
    assert {each["Subscribers"][0]["Address"] for each in budget["NotificationsWithSubscribers"]} == {topic}
    stack = cdk.Stack()
    alerts = Alerts(stack, "Alerts")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"monthly_limit": 0}, "monthly_limit is 0; write how many USD a month, above 0"),
        ({"monthly_limit": 1, "thresholds": []}, r"thresholds is \[\]; list one to nine percentages"),
        ({"monthly_limit": 1, "thresholds": [-5]}, r"thresholds is \[-5\]; list one to nine percentages"),
    ]
    for number, (more, message) in enumerate(wrong):
        arguments: dict[str, Any] = {"tenant": "flights", "alerts": alerts, **more}
        with pytest.raises(ArgumentError, match=message):
            Budget(stack, f"B{number}", **arguments)


def test_regions_that_lack_a_type_fail_early() -> None:
    """Not in the middle of a deployment."""
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(account=ACCOUNT, region="us-gov-west-1"))
    team = Tenant(
        stack,
        "T",
        name="flights",
        availability_zones=["us-gov-west-1a", "us-gov-west-1b"],
        s3_prefix_list_id="pl-1a2b3c4d",
    )
    alerts = Alerts(stack, "Alerts")
    with pytest.raises(ArgumentError, match="S/M: region is 'us-gov-west-1'; CloudFormation has no AWS::Mac"):
        Macie(stack, "M", buckets=[team.data], alerts=alerts)
    with pytest.raises(ArgumentError, match="no AWS::Budgets::Budget there: make the budget in a stack in another"):
        Budget(stack, "B", tenant="flights", monthly_limit=1, alerts=alerts)


def test_identifiers_of_macie_need_a_region_that_has_them() -> None:
    """Macie itself is there, but CloudFormation would not know the type; without identifiers it works."""
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="eu-south-1"))
    given: dict[str, Any] = {
        "buckets": [Tenant(stack, "Tenant", name="flights", s3_prefix_list_id="pl-0123456789abcdef0").data],
        "alerts": Alerts(stack, "Alerts"),
    }
    Macie(stack, "Macie", **given)
    with pytest.raises(ArgumentError, match=r"Stack/More: region is 'eu-south-1'; .*leave identifiers out"):
        Macie(stack, "More", session="existing", identifiers={"staff": "STAFF-[0-9]+"}, **given)


@pytest.mark.parametrize("kind", sorted(LACKING))
def test_the_lists_of_regions_are_cloudformations(kind: str) -> None:
    """As cfn-lint has them."""
    lacking = []
    for region in REGIONS:
        try:
            PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind)
        except ResourceNotFoundError:
            lacking.append(region)
    assert tuple(sorted(lacking)) == LACKING[kind]


# Tenants from a file


def _written(directory: Path, text: str, name: str = "tenants.yaml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


_YAML = """
defaults:
  idle_timeout_minutes: 10
  architecture: X86_64
tenants:
  flights:
  on-time:
    maximum_capacity: {cpu: 8, memory: 32, disk: 160}
    submitters: ["arn:aws:iam::111122223333:role/Engineers"]
    architecture: ARM64
    monthly_budget: 500
"""
_TOML = """
[defaults]
idle_timeout_minutes = 10
architecture = "X86_64"
[tenants.flights]
[tenants.on-time]
maximum_capacity = {cpu = 8, memory = 32, disk = 160}
submitters = ["arn:aws:iam::111122223333:role/Engineers"]
architecture = "ARM64"
monthly_budget = 500
"""


@pytest.mark.parametrize(("text", "name"), [(_YAML, "tenants.yaml"), (_TOML, "tenants.toml")])
def test_tenants_from_a_file(tmp_path: Path, text: str, name: str) -> None:
    """A stack each, with what the file says, and its defaults where it says nothing."""
    app = new_app()
    settings = load_tenants(_written(tmp_path, text, name))
    tenants = [each.build(app) for each in settings]
    flights, on_time = (_template(cdk.Stack.of(tenant)) for tenant in tenants)
    assert [cdk.Stack.of(tenant).stack_name for tenant in tenants] == ["Flights", "OnTime"]
    first, second = (each.one("AWS::EMRServerless::Application") for each in (flights, on_time))
    assert (first["Architecture"], second["Architecture"]) == ("X86_64", "ARM64")
    assert {each["AutoStopConfiguration"]["IdleTimeoutMinutes"] for each in (first, second)} == {10}
    assert second["MaximumCapacity"]["Cpu"].startswith("8")
    (statement,) = on_time.one("AWS::IAM::Role", "submitter-role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/Engineers"}
    assert "aws:MultiFactorAuthPresent" in statement["Condition"]["Bool"]
    assert settings[1].monthly_budget == 500
    assert set(flights.template["Outputs"]) >= {"ApplicationId"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tenants: {flights: {cpus: 4}}", "tenants.flights.cpus is unknown; known are account, region, inputs"),
        (
            "tenants: {flights: {maximum_capacity: {cpu: lots, memory: 32}}}",
            "tenants.flights.maximum_capacity.cpu is 'lots'; write a whole number of vCPU",
        ),
        (
            "tenants: {flights: {maximum_capacity: {cpu: 4}}}",
            "maximum_capacity.memory is missing; write a whole number of GB",
        ),
        ("tenants: {flights: {account: 111122223333}}", "flights.account is 111122223333; write twelve digits, quoted"),
        ("tenants: {flights: {architecture: arm}}", "tenants.flights.architecture is 'arm'; write ARM64 or X86_64"),
        ("tenants: {flights: {submitters: []}}", r"tenants.flights.submitters is \[\]; write a list of ARNs"),
        ("tenants: {flights: {monthly_budget: 0}}", "tenants.flights.monthly_budget is 0; write how much"),
        (
            "tenants: {flights: {idle_timeout_minutes: -1}}",
            "idle_timeout_minutes is -1; write a whole number of minutes",
        ),
        ("tenants: {flights: {lifecycle: {drain: 5}}}", "flights.lifecycle.drain is unknown; known are drain_minutes"),
        (
            "tenants: {flights: {lifecycle: {drain_minutes: 31}}}",
            "flights.lifecycle.drain_minutes is 31; write a whole number of minutes from 0 to 30",
        ),
        (
            "tenants: {flights: {lifecycle: none}}",
            "flights.lifecycle is 'none'; write drain_minutes, job_level_cost_allocation and no_function_because",
        ),
        ("defaults: {inputs: jobs/}\ntenants: {flights: }", "defaults.inputs is 'jobs/'; write a list of prefixes"),
        ("tenants: {flights: {name: other}}", "tenants.flights.name is 'other'; leave it out: the key is the name"),
        ("tenants: {flights: [1]}", r"tenants.flights is \[1\]; write settings by name"),
        ("tenants: {1: {}}", "tenants.1: the name is 1; write up to 32 of a-z"),
        ("tenants: {My Team: {}}", "the name is 'My Team'; write up to 32 of a-z"),
        ("tenants: {}", r"tenants is {}; write the settings of one tenant"),
        ("tenant: {}", "tenant is unknown; use tenants and defaults"),
        ("- flights", r"holds \['flights'\]; write tenants by name"),
        ("tenants: {flights: {}, flights: {}}", "'flights' stands twice"),
        ("tenants: {flights: !!python/object:os.system {}}", "could not determine a constructor"),
        ("tenants: [", "tenants.yaml: "),
    ],
)
def test_a_wrong_file_says_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    """The file, the key, the value and the mend; a tenant that stands twice is never dropped silently."""
    path = _written(tmp_path, text)
    with pytest.raises(SettingsError, match=message) as caught:
        load_tenants(path)
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, EmrGuardError)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """One line each."""
    path = _written(tmp_path, "tenants: {a: {x: 1}, b: {y: 2}}")
    with pytest.raises(SettingsError) as caught:
        load_tenants(path)
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Missing, or of an unknown kind."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load_tenants(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match=r"ends in '\.json'; use \.yaml"):
        load_tenants(_written(tmp_path, "{}", "tenants.json"))


def test_what_the_constructs_refuse_names_the_tenant(tmp_path: Path) -> None:
    """Values are checked where they are used; the message still says whose they are."""
    (settings,) = load_tenants(_written(tmp_path, "tenants: {flights: {cidr: everywhere}}"))
    with pytest.raises(SettingsError, match=r"tenant flights: Flights/Tenant.*: cidr is 'everywhere'; write a private"):
        settings.build(new_app())


def test_macie_that_tells_nobody_is_found(tmp_path: Path) -> None:
    """A rule of findings without a target, and one that nobody would miss when it is switched off."""
    app = new_app(tmp_path)
    team = Tenant(cdk.Stack(app, "Flights"), "Tenant", name="flights")
    Platform(cdk.Stack(app, "Data"), "Platform", tenants=[team], macie="new")
    app.synth()
    path = tmp_path / "Data.template.json"
    template = json.loads(path.read_text(encoding="utf-8"))

    def found(changed: dict[str, Any]) -> set[str]:
        path.write_text(json.dumps(changed), encoding="utf-8")
        rules = ["EMRG455", "EMRG456"]
        return {f"{each.rule}: {each.message}" for each in audit(load(tmp_path), select=rules).findings}

    assert found(template) == set()
    findings = next(name for name in template["Resources"] if "MacieFindings" in name)
    changes = next(name for name in template["Resources"] if "MacieChanges" in name)
    unwatched = {name: each for name, each in template["Resources"].items() if name != changes}
    missed = found({**template, "Resources": unwatched})
    for call in ("DeleteRule", "DisableRule", "RemoveTargets"):
        assert f"EMRG455: no alert takes events:{call} of {findings}" in missed
    assert any("macie2:DisableMacie" in each for each in missed)
    del template["Resources"][findings]["Properties"]["Targets"]
    assert "EMRG456: no AWS::Events::Rule with a target takes its findings" in found(template)
