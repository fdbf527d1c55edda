"""Two tenants with every grant stay clean under all rules, and sealed from each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_msk as msk
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks
from combinations.judge import judge
from construct_support import ACCOUNT, REGION, new_app
from granted_tenants_support import GRANTS, LAKE, Granted

from emrguard import ArgumentError, Platform, Tenant, TenantSettings
from emrguard_policies.assembly import Assembly, load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove
from emrguard_policies.nag import EmrGuardChecks
from emrguard_policies.proof import Proof
from emrguard_policies.resolution import Resolver


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    """Both tenants, judged by AwsSolutions and the own rules at synth."""
    granted = Granted()
    database = f"arn:aws:glue:{REGION}:{ACCOUNT}:database/reference"
    granted.platform.share_outside(database, because="reference data that all tenants read")
    cdk.Validations.of(granted.app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
    return load(granted.app.synth().directory)


def test_no_rule_has_anything_to_say(assembly: Assembly) -> None:
    """AwsSolutions and the rules, at synth and in the audit: nothing but hints that hold for every tenant."""
    report = json.loads((assembly.path / "validation-report.json").read_text(encoding="utf-8"))
    reported = {
        violation["ruleName"]: violation.get("severity")
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    }
    assert {name for name, severity in reported.items() if severity != "info"} == set()
    assert {finding.severity for finding in audit(assembly).findings} <= {"info"}


def test_tenants_with_every_grant_are_isolated(assembly: Assembly) -> None:
    """Catalog, lake, table, secret, stream, topic, metrics and what is of other accounts: each tenant has its own."""
    proof = prove(assembly)
    assert proof.verdict == "isolated", proof.counterexamples
    assert [text for text in proof.assumptions if f"{LAKE}-flights" in text]
    assert [text for text in proof.assumptions if "reference data that all tenants read" in text]


def test_every_service_has_a_way_through_the_network(assembly: Assembly) -> None:
    """A grant opens the endpoint of its service, for this role and these resources; no job waits for a timeout."""
    (template,) = (each for each in assembly.templates if each.name == "flights")
    services: dict[str, Any] = {}
    for resource in template.resources.values():
        if resource.type == "AWS::EC2::VPCEndpoint":
            name = Resolver(assembly).resolve(template, resource.properties["ServiceName"])
            services[name.rpartition(".")[2]] = resource.properties["PolicyDocument"]
    assert set(services) == {
        "s3", "logs", "kms", "sts", "glue", "lakeformation", "secretsmanager", "dynamodb", "kinesis-streams",
        "monitoring",
    }  # fmt: skip
    (metrics,) = services["monitoring"]["Statement"]
    assert metrics["Condition"]["StringEquals"]["cloudwatch:namespace"] == "Jobs/flights"
    (assuming,) = [each for each in services["sts"]["Statement"] if each["Action"] == "sts:AssumeRole"]
    assert assuming["Resource"] == f"{LAKE}-flights"
    assert "payroll" not in json.dumps(services)


@pytest.mark.parametrize("region", [None, "cn-north-1"])
def test_grants_are_clean_wherever_the_stack_goes(tmp_path: Path, region: str | None) -> None:
    """In a stack for any account and Region, where even the partner's account may be the own one, and in China."""

    def build(app: cdk.App) -> None:
        env = cdk.Environment(account=ACCOUNT, region=region) if region else None
        tenants = []
        for name in ("flights", "payroll"):
            stack, listed = cdk.Stack(app, name, env=env), "pl-0123456789abcdef0"
            tenants.append(Tenant(stack, "Tenant", name=name, s3_prefix_list_id=listed, dynamodb_prefix_list_id=listed))
            for give in GRANTS.values():
                give(tenants[-1])
        Platform(cdk.Stack(app, "Shared", env=env), "Platform", tenants=tenants)

    hints = ("EMRG122", "EMRG515")
    found = judge(build, tmp_path, region, lints=False)
    assert [each for each in found if not any(hint in each for hint in hints)] == []


@pytest.fixture(scope="module")
def crossed() -> Proof:
    """The same, but payroll's jobs may use flights' stores, and nobody says why both read `reference`."""
    granted = Granted()
    table, stream, cluster = (granted.stores["flights"][kind] for kind in ("table", "stream", "topics"))
    assert isinstance(table, dynamodb.Table)
    assert isinstance(stream, kinesis.Stream)
    assert isinstance(cluster, msk.CfnServerlessCluster)
    role = granted.tenants[1].execution_role
    role.grant_dynamodb_read(table)
    role.grant_kinesis_write(stream)
    role.grant_kafka_read(cluster.attr_arn, ["departures"])
    return prove(load(granted.app.synth().directory))


@pytest.mark.parametrize("store", ["dynamodb", "kinesis", "kafka-cluster"])
def test_a_grant_on_another_tenants_store_is_reported(crossed: Proof, store: str) -> None:
    """What flights owns, payroll's jobs must not use: the proof names both, and the statement."""
    found = [each for each in crossed.counterexamples if each.action.startswith(f"{store}:")]
    assert {(each.check, each.source, each.target) for each in found} == {("data", "payroll", "flights")}
    assert all("payroll/TenantExecutionRole" in each.statements[0] for each in found)


def test_a_database_outside_of_the_app_that_two_tenants_name_is_reported(crossed: Proof) -> None:
    """A database that stands in no template belongs to nobody; without a reason nobody shares it."""
    (found,) = [each for each in crossed.counterexamples if each.check == "unowned"]
    assert "table/reference/" in found.why


@pytest.mark.parametrize("arn", ["reference", "arn:aws:glue:eu-west-1:111122223333:table/*"])
def test_what_is_shared_is_named(arn: str) -> None:
    """A wildcard would share what nobody has thought of."""
    stack = cdk.Stack(new_app(), "Stack")
    platform = Platform(stack, "Platform", tenants=[Tenant(stack, "Tenant", name="flights")])
    with pytest.raises(ArgumentError, match="arn is "):
        platform.share_outside(arn, because="reference data that all tenants read")


def test_a_boundary_covers_every_role_of_a_tenant() -> None:
    """Also those of flow logs and of what is added later; EMRG316 finds none without."""
    app = new_app()
    stack = cdk.Stack(app, "Stack")
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "platform/boundary")
    tenant = Tenant(stack, "Tenant", name="flights", permissions_boundary=boundary)
    iam.Role(tenant, "Later", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    assembly = load(Path(app.synth().directory))
    roles = list(assembly.resources("AWS::IAM::Role"))
    assert len(roles) >= 4
    assert all("boundary" in str(each.properties["PermissionsBoundary"]) for each in roles)
    assert "EMRG316" not in {finding.rule for finding in audit(assembly).findings}


def test_tenants_of_a_file_may_have_a_boundary() -> None:
    """One line under `defaults` bounds the roles of every tenant, by the name of the platform's policy."""
    settings = TenantSettings.model_validate({"name": "flights", "permissions_boundary": "platform/boundary"})
    template = Template.from_stack(cdk.Stack.of(settings.build(new_app()))).to_json()
    roles = [each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
    assert len(roles) >= 3
    assert all("policy/platform/boundary" in str(each["Properties"]["PermissionsBoundary"]) for each in roles)


def test_a_right_without_a_way_through_the_network_is_a_warning() -> None:
    """A grant of CDK's own opens no endpoint: EMRG209 says which one the jobs would wait for."""
    app = new_app()
    stack = cdk.Stack(app, "Stack")
    tenant = Tenant(stack, "Tenant", name="flights")
    dynamodb.Table.from_table_name(stack, "Prices", "prices").grant_read_data(tenant.execution_role)
    found = audit(load(Path(app.synth().directory)), select=["EMRG209"]).findings
    assert [finding.message for finding in found] == ["no endpoint for dynamodb"]
