"""What Lake Formation, other accounts, image repositories and boundaries add to an execution role."""

from __future__ import annotations

import json
from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from construct_support import ACCOUNT, REGION, Synthesized, new_app, synthesize

from emrguard import ArgumentError, ExecutionRole, Tenant, WorkerImage

PARTNER = "444455556666"
LAKE = f"arn:aws:iam::{PARTNER}:role/Lake"
KEY = f"arn:aws:kms:{REGION}:{PARTNER}:key/00000000-0000-4000-8000-000000000000"
DIGEST = f"sha256:{'0a' * 32}"


def _build(stack: cdk.Stack) -> None:
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "platform/boundary")
    role = ExecutionRole(stack, "Role", tenant="flights", permissions_boundary=boundary)
    role.grant_lake_formation_full_table("flights", ["bookings"], write=True)
    role.grant_lake_formation_full_table("weather")
    role.grant_lake_formation_fine_grained("persons", "people", columns=["city"])
    role.grant_lake_formation_fine_grained("persons", "visits", data_filter="own-country")
    role.grant_foreign_role(LAKE, external_id="flights")
    role.grant_foreign_bucket_read("partner-data", "reference/", owner=PARTNER, key_arn=KEY)
    role.grant_foreign_bucket_read_write("partner-data", "results/", owner=PARTNER)
    for arn, text in role.statements_for_owners().items():
        cdk.CfnOutput(stack, "Bucket" if ":s3:" in arn else "Key", value=text, description=arn)
    repository = ecr.Repository(stack, "Images")
    image = WorkerImage.from_repository(repository, DIGEST)
    cdk.CfnOutput(stack, "Image", value=image.uri)


@pytest.fixture(scope="module")
def granted() -> Synthesized:
    """A role with all of them."""
    return synthesize(_build, region=REGION)


def _permissions(granted: Synthesized) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in granted.of("AWS::LakeFormation::PrincipalPermissions").values():
        assert each["Principal"] == {"DataLakePrincipalIdentifier": granted.arn("AWS::IAM::Role")}
        assert each["PermissionsWithGrantOption"] == []
        ((kind, resource),) = each["Resource"].items()
        resource.pop("CatalogId", resource.pop("TableCatalogId", None))
        found.setdefault(f"{kind} {json.dumps(resource, sort_keys=True)}", []).extend(each["Permissions"])
    return found


def test_lake_formation_gets_what_was_granted(granted: Synthesized) -> None:
    """Whole tables, some columns, or the cells of a filter; never with the right to hand them on."""
    assert _permissions(granted) == {
        'Database {"Name": "flights"}': ["DESCRIBE", "CREATE_TABLE"],
        'Database {"Name": "weather"}': ["DESCRIBE"],
        'Database {"Name": "persons"}': ["DESCRIBE"],
        'Table {"DatabaseName": "flights", "Name": "bookings"}': [
            "SELECT", "DESCRIBE", "INSERT", "DELETE", "ALTER", "DROP",
        ],
        'Table {"DatabaseName": "weather", "TableWildcard": {}}': ["SELECT", "DESCRIBE"],
        'TableWithColumns {"ColumnNames": ["city"], "DatabaseName": "persons", "Name": "people"}': ["SELECT"],
        'DataCellsFilter {"DatabaseName": "persons", "Name": "own-country", "TableName": "visits"}': ["SELECT"],
    }  # fmt: skip


def test_lake_formation_needs_no_right_in_s3(granted: Synthesized) -> None:
    """Lake Formation vends the credentials; in IAM the role may ask for them, and read the catalog."""
    who = granted.session("execution-role")
    assert granted.ask(who, "lakeformation:GetDataAccess", "*").allowed
    head = f"arn:aws:glue:{REGION}:{ACCOUNT}:table/"
    assert granted.ask(who, "glue:CreateTable", f"{head}flights/bookings").allowed
    assert granted.ask(who, "glue:GetTable", f"{head}persons/people").allowed
    assert not granted.ask(who, "glue:UpdateTable", f"{head}persons/people").allowed
    assert not granted.ask(who, "lakeformation:GrantPermissions", "*").allowed


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ({"sts:ExternalId": "flights"}, True),
        ({"sts:ExternalId": "payroll"}, False),
        ({}, False),
    ],
)
def test_one_role_of_another_account_can_be_assumed(
    granted: Synthesized, context: dict[str, str], allowed: bool
) -> None:
    """With the external id that was agreed on, and no other role."""
    who, abroad = granted.session("execution-role"), {"aws:ResourceAccount": PARTNER}
    assert granted.ask(who, "sts:AssumeRole", LAKE, {**abroad, **context}).allowed is allowed
    assert not granted.ask(who, "sts:AssumeRole", f"{LAKE}2", {**abroad, **context}).allowed
    assert not granted.ask(who, "sts:AssumeRole", LAKE, {**context, "aws:ResourceAccount": ACCOUNT}).allowed


def test_a_foreign_bucket_is_that_of_its_owner(granted: Synthesized) -> None:
    """Prefix by prefix; a stranger who makes a bucket of the same name later gets nothing."""
    who, bucket = granted.session("execution-role"), "arn:aws:s3:::partner-data"
    for owner, allowed in ((PARTNER, True), ("999999999999", False)):
        of = {"aws:ResourceAccount": owner}
        assert granted.ask(who, "s3:GetObject", f"{bucket}/reference/a", of).allowed is allowed
        assert granted.ask(who, "s3:PutObject", f"{bucket}/results/a", of).allowed is allowed
        assert granted.ask(who, "s3:ListBucket", bucket, {**of, "s3:prefix": "reference/"}).allowed is allowed
    of = {"aws:ResourceAccount": PARTNER}
    assert not granted.ask(who, "s3:PutObject", f"{bucket}/reference/a", of).allowed
    assert not granted.ask(who, "s3:GetObject", f"{bucket}/elsewhere", of).allowed
    assert not granted.ask(who, "s3:ListBucket", bucket, of).allowed
    assert granted.ask(who, "kms:Decrypt", KEY, {**of, "kms:ViaService": f"s3.{REGION}.amazonaws.com"}).allowed
    assert not granted.ask(who, "kms:Decrypt", KEY, of).allowed


def test_a_foreign_key_is_used_through_s3_as_its_partition_names_it() -> None:
    """In China the names of services end otherwise; with the wrong one no object could be decrypted."""

    def build(stack: cdk.Stack) -> None:
        role = ExecutionRole(stack, "Role", tenant="flights")
        key = KEY.replace("arn:aws:", "arn:aws-cn:").replace(REGION, "cn-north-1")
        role.grant_foreign_bucket_read("partner-data", "reference/", owner=PARTNER, key_arn=key)

    policies = synthesize(build, region="cn-north-1").of("AWS::IAM::Policy").values()
    assert "s3.cn-north-1.amazonaws.com.cn" in json.dumps(list(policies))


def test_the_owner_is_told_what_to_allow(granted: Synthesized) -> None:
    """Statements for the bucket's and the key's policy, which name the role and no more than was granted."""
    outputs = granted.template["Outputs"]
    bucket, key = (json.loads(granted.resolve(outputs[name]["Value"])) for name in ("Bucket", "Key"))
    assert [each["Principal"] for each in (*bucket, *key)] == [{"AWS": granted.arn("AWS::IAM::Role")}] * 5
    place = "arn:aws:s3:::partner-data"
    assert {each["Resource"] for each in bucket} == {place, f"{place}/reference/*", f"{place}/results/*"}
    assert [each["Action"] for each in key] == ["kms:Decrypt"]


def test_emr_serverless_pulls_the_image_for_this_account(granted: Synthesized) -> None:
    """The service pulls, not the role; for applications of the account, and it cannot push."""
    (repository,) = granted.of("AWS::ECR::Repository").values()
    (statement,) = repository["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "emr-serverless.amazonaws.com"}
    assert statement["Action"] == ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/*"},
    }
    assert DIGEST in json.dumps(granted.template["Outputs"]["Image"])
    assert not granted.ask(
        granted.session("execution-role"), "ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x"
    ).allowed


def test_a_role_of_its_own_may_have_a_boundary(granted: Synthesized) -> None:
    """The platform's limit on what jobs can ever do."""
    role = granted.one("AWS::IAM::Role", "execution-role")
    assert role["PermissionsBoundary"] == f"arn:aws:iam::{ACCOUNT}:policy/platform/boundary"


def test_requests_of_the_foreign_role_can_be_let_through_the_network() -> None:
    """What a job does as the role of the other account passes the endpoint of S3 only if that role is named."""

    def build(stack: cdk.Stack) -> None:
        tenant = Tenant(stack, "Tenant", name="flights")
        tenant.execution_role.grant_foreign_role(LAKE)
        lake = iam.Role.from_role_arn(stack, "Lake", LAKE)
        tenant.network.allow_service(lake, "s3", ["s3:GetObject"], ["arn:aws:s3:::partner-data/*"])

    found = synthesize(build, region=REGION)
    policies = json.dumps([each["PolicyDocument"] for each in found.of("AWS::EC2::VPCEndpoint").values()])
    assert f'"aws:PrincipalAccount": "{PARTNER}"' in policies
    assert f'"aws:PrincipalArn": "{LAKE}"' in policies


def test_what_no_grant_can_let_through_is_a_warning() -> None:
    """Brokers, the locations of a lake, and what is done as a foreign role: said at synth, not by a timeout."""
    stack = cdk.Stack(new_app(), "Stack")
    role = Tenant(stack, "Tenant", name="flights").execution_role
    cluster = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/00000000-0000-4000-8000-000000000000-1"
    role.grant_kafka_read(cluster, ["gates"])
    role.grant_lake_formation_full_table("weather")
    role.grant_foreign_role(LAKE)
    warnings = " ".join(str(each.data) for each in role.node.metadata if each.type == "aws:cdk:warning")
    for id in ("no-way-to-kafka", "lake-location-in-network", "foreign-role-in-network"):
        assert f"emrguard:{id}" in warnings
    by_hand = ExecutionRole(stack, "Role", tenant="flights")
    by_hand.grant_foreign_role(LAKE)
    assert not [each for each in by_hand.node.metadata if each.type == "aws:cdk:warning"]


def test_a_network_is_that_of_the_tenant() -> None:
    """The endpoints of another tenant's network would be opened for jobs that never run there."""
    stack = cdk.Stack(new_app(), "Stack")
    network = Tenant(stack, "Tenant", name="payroll").network
    with pytest.raises(ArgumentError, match="network is 'that of payroll'"):
        ExecutionRole(stack, "Role", tenant="flights", network=network)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda role: role.grant_foreign_role("arn:aws:iam::*:role/Lake"), "role_arn"),
        (lambda role: role.grant_foreign_role(f"arn:aws:iam::{ACCOUNT}:role/Lake"), "role_arn"),
        (lambda role: role.grant_foreign_role(cdk.Fn.import_value("Lake")), "role_arn"),
        (lambda role: role.grant_foreign_role(LAKE, external_id="*"), "external_id"),
        (lambda role: role.grant_foreign_bucket_read("partner-*", "a/", owner=PARTNER), "bucket_name"),
        (lambda role: role.grant_foreign_bucket_read("partner", "", owner=PARTNER), "prefix"),
        (lambda role: role.grant_foreign_bucket_read("partner", "a/", owner=ACCOUNT), "owner"),
        (lambda role: role.grant_foreign_bucket_read("partner", "a/", owner="me"), "owner"),
        (lambda role: role.grant_foreign_bucket_read("partner", "a/", owner=PARTNER, key_arn="alias/x"), "key_arn"),
        (lambda role: role.grant_lake_formation_full_table("*"), "database"),
        (lambda role: role.grant_lake_formation_full_table(cdk.Fn.import_value("Database")), "database"),
        (lambda role: role.grant_lake_formation_fine_grained("a", "b"), "columns"),
        (lambda role: role.grant_lake_formation_fine_grained("a", "b", columns=["c"], data_filter="d"), "columns"),
        (lambda role: WorkerImage.from_repository(ecr.Repository(role, "R"), "latest"), "digest"),
    ],
)
def test_what_reaches_too_far_is_said_at_once(call: Callable[[ExecutionRole], object], argument: str) -> None:
    """Wildcards, the own account and what nobody can name fail in the line that has them."""
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    with pytest.raises(ArgumentError, match=f"{argument} is "):
        call(ExecutionRole(stack, "Role", tenant="flights"))
