"""Tables, streams and topics as stores of data, in the assembly and outside of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sealed_tenants_support import allow, arn, grant, marked, policy, proof_of, two

from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove
from emrguard_policies.proof import Proof

_STORES: dict[str, dict[str, Any]] = {
    "table": {"Type": "AWS::DynamoDB::Table"},
    "global-table": {"Type": "AWS::DynamoDB::GlobalTable"},
    "stream": {"Type": "AWS::Kinesis::Stream"},
    "queue": {"Type": "AWS::SQS::Queue"},
    "notices": {"Type": "AWS::SNS::Topic"},
    "cluster": {"Type": "AWS::MSK::ServerlessCluster", "Properties": {"ClusterName": "events"}},
}
_TOPIC = {
    "Fn::Join": [
        "",
        [
            "arn:aws:kafka:",
            {"Ref": "AWS::Region"},
            ":",
            {"Ref": "AWS::AccountId"},
            ":topic/",
            {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::GetAtt": ["Store", "Arn"]}]}]},
            "/",
            {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Store", "Arn"]}]}]},
            "/departures",
        ],
    ]
}


def _with(store: dict[str, Any], *statements: Any) -> dict[str, Any]:
    return grant({**two(), "Store": store}, "payrollExec", *statements)


@pytest.mark.parametrize(
    ("store", "actions", "resource"),
    [
        ("table", "dynamodb:Scan", arn("Store")),
        ("table", "dynamodb:Query", arn("Store", "/index/by-day")),
        ("global-table", "dynamodb:PutItem", arn("Store")),
        ("stream", "kinesis:GetRecords", arn("Store")),
        ("queue", "sqs:ReceiveMessage", arn("Store")),
        ("notices", "sns:Subscribe", {"Ref": "Store"}),
        ("stream", "kinesis:SubscribeToShard", arn("Store", "/consumer/*")),
        ("cluster", "kafka-cluster:Connect", arn("Store")),
        ("cluster", "kafka-cluster:ReadData", _TOPIC),
    ],
)
def test_a_grant_on_another_tenants_store_breaks_the_seal(
    tmp_path: Path, store: str, actions: str, resource: Any
) -> None:
    """A table, stream or topic of flights that payroll's jobs may use is shown as a way between the two."""
    found = proof_of(_with(marked(_STORES[store], "flights", store), allow(actions, resource)), tmp_path)
    assert found.verdict == "violated"
    assert {(each.source, each.target, each.check) for each in found.counterexamples} == {
        ("payroll", "flights", "data")
    }
    assert proof_of(_with(marked(_STORES[store], "payroll", store), allow(actions, resource)), tmp_path).verdict == (
        "isolated"
    )


def test_the_tables_own_policy_may_let_another_tenant_in(tmp_path: Path) -> None:
    """A resource policy of a table is enough in one account, wherever in the table it stands."""
    statement = {"Effect": "Allow", "Principal": {"AWS": arn("payrollExec")}, "Action": "dynamodb:*", "Resource": "*"}
    holder = {"ResourcePolicy": {"PolicyDocument": policy(statement)}}
    for properties in (holder, {"StreamSpecification": holder}, {"Replicas": [{"Region": "eu-west-1", **holder}]}):
        table = marked({"Type": "AWS::DynamoDB::Table", "Properties": properties}, "flights", "table")
        found = proof_of({**two(), "Store": table}, tmp_path)
        assert [(each.source, each.target) for each in found.counterexamples][:1] == [("payroll", "flights")]


def test_a_stream_that_nobody_owns_and_two_tenants_read(tmp_path: Path) -> None:
    """A store without a mark is taken to be the only one's that reaches it; a mark with a reason shares it."""
    statement = allow("kinesis:GetRecords", arn("Store"))
    alone = _with(_STORES["stream"], statement)
    assert proof_of(alone, tmp_path).verdict == "isolated"
    both = grant(alone, "flightsExec", statement)
    assert {each.check for each in proof_of(both, tmp_path).counterexamples} == {"unowned"}
    both["Store"] = {**_STORES["stream"], "Metadata": {"emrguard": {"shared": "events of all", "part": "stream"}}}
    assert proof_of(both, tmp_path).verdict == "isolated"


_HEAD = "arn:aws:{}:eu-west-1:444455556666:"
_NAMED = [
    ("dynamodb:Scan", _HEAD.format("dynamodb") + "table/prices"),
    ("kinesis:PutRecord", _HEAD.format("kinesis") + "stream/events"),
    ("kafka-cluster:WriteData", _HEAD.format("kafka") + "topic/c/00000000-0000-4000-8000-000000000000-1/t"),
    ("secretsmanager:GetSecretValue", _HEAD.format("secretsmanager") + "secret:database-??????"),
    ("glue:GetTable", _HEAD.format("glue") + "table/reference/*"),
    ("s3:GetObject", "arn:aws:s3:::reference-data/*"),
    ("sqs:SendMessage", _HEAD.format("sqs") + "jobs"),
    ("sns:Publish", _HEAD.format("sns") + "news"),
    ("sts:AssumeRole", "arn:aws:iam::444455556666:role/Lake"),
]


def _proof(resources: dict[str, Any], tmp_path: Path, outside: list[dict[str, Any]]) -> Proof:
    path = tmp_path / "Declared.template.json"
    body = {"Resources": resources, "Metadata": {"emrguard": {"outside": outside}}}
    path.write_text(json.dumps(body), encoding="utf-8")
    return prove(load(path))


@pytest.mark.parametrize(("action", "resource"), _NAMED, ids=[action for action, _ in _NAMED])
def test_two_tenants_that_name_the_same_store_outside_of_the_templates(
    tmp_path: Path, action: str, resource: str
) -> None:
    """One tenant alone is taken to be meant; two share it, which needs a declaration with a reason."""
    statement = allow(
        action, resource, Condition={"StringNotEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
    )
    alone = grant(two(), "payrollExec", statement)
    assert proof_of(alone, tmp_path).verdict == "isolated"
    both = grant(alone, "flightsExec", statement)
    found = proof_of(both, tmp_path)
    assert found.verdict == "undecided"
    assert {each.check for each in found.counterexamples} == {"unowned"}
    assert "which is not in the assembly" in found.counterexamples[0].why
    declared = resource.removesuffix("/*").replace(":table/reference", ":database/reference")
    shared = _proof(both, tmp_path, [{"arn": declared, "shared": "reference data of all"}])
    assert shared.verdict == "isolated"
    assert any("reference data of all" in text for text in shared.assumptions)


def test_a_declaration_is_of_one_store(tmp_path: Path) -> None:
    """A wildcard in a declaration, one without a reason, and one of a name that merely begins alike share nothing."""
    statement = allow("dynamodb:Scan", "arn:aws:dynamodb:eu-west-1:444455556666:table/prices")
    both = grant(grant(two(), "payrollExec", statement), "flightsExec", statement)
    head = "arn:aws:dynamodb:eu-west-1:444455556666:table/"
    for entry in (
        {"arn": f"{head}*", "shared": "all"},
        {"arn": f"{head}prices"},
        {"arn": f"{head}price", "shared": "x"},
    ):
        assert _proof(both, tmp_path, [entry]).verdict == "undecided"


def test_a_role_that_may_be_of_the_own_account_stays_undecided(tmp_path: Path) -> None:
    """A stack for any account may be deployed where the role lives; only the condition says that it is not there."""
    statement = allow("sts:AssumeRole", "arn:aws:iam::444455556666:role/Lake")
    assert proof_of(grant(two(), "payrollExec", statement), tmp_path).verdict == "undecided"


def test_a_wildcard_over_roles_of_other_accounts_is_not_named(tmp_path: Path) -> None:
    """`role/*` of another account, or a role of any account, is nobody's in particular."""
    for resource in ("arn:aws:iam::*:role/Lake", "arn:aws:iam::*:role/*"):
        statement = allow(
            "sts:AssumeRole",
            resource,
            Condition={"StringNotEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}},
        )
        assert proof_of(grant(two(), "payrollExec", statement), tmp_path).verdict != "isolated"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kinesis:GetRecords", "stream/*"),
        ("kinesis:SubscribeToShard", "stream/*/consumer/*"),
        ("kafka-cluster:ReadData", "topic/*"),
        ("kafka-cluster:AlterGroup", "group/*"),
        ("kafka-cluster:Connect", "cluster/*"),
    ],
)
def test_a_wildcard_over_streams_and_topics_is_reported(tmp_path: Path, action: str, resource: str) -> None:
    """A job role that may use every stream or topic of the account reaches what another tenant makes tomorrow."""
    service = "kinesis" if action.startswith("kinesis") else "kafka"
    place = {"Fn::Sub": f"arn:aws:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"}
    found = proof_of(grant(two(), "payrollExec", allow(action, place)), tmp_path)
    assert {each.check for each in found.counterexamples} == {"least-privilege"}


def _lake(permissions: list[str], resource: dict[str, Any]) -> dict[str, Any]:
    """A grant of Lake Formation to each tenant's execution role."""
    return {
        f"{name}Lake": {
            "Type": "AWS::LakeFormation::PrincipalPermissions",
            "Properties": {
                "Principal": {"DataLakePrincipalIdentifier": arn(f"{name}Exec")},
                "Resource": resource,
                "Permissions": permissions,
                "PermissionsWithGrantOption": [],
            },
        }
        for name in ("flights", "payroll")
    }


def test_a_lake_that_two_tenants_are_let_into(tmp_path: Path) -> None:
    """Rights on tables come from Lake Formation as well as from IAM; the description of a database tells names only."""
    on_tables = {"Table": {"CatalogId": "444455556666", "DatabaseName": "reference", "TableWildcard": {}}}
    both = {**two(), **_lake(["SELECT", "INSERT"], on_tables)}
    found = proof_of(both, tmp_path)
    assert {each.check for each in found.counterexamples} == {"unowned"}
    database = {"Fn::Sub": "arn:aws:glue:${AWS::Region}:444455556666:database/reference"}
    assert _proof(both, tmp_path, [{"arn": database, "shared": "reference data of all"}]).verdict == "isolated"

    described = {**two(), **_lake(["DESCRIBE"], {"Database": {"CatalogId": "444455556666", "Name": "default"}})}
    assert proof_of(described, tmp_path).verdict == "isolated"

    catalog = {"Type": "AWS::Glue::Database", "Properties": {"CatalogId": "x", "DatabaseInput": {"Name": "reference"}}}
    own = {"Table": {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseName": "reference", "TableWildcard": {}}}
    unmarked = {**two(), **_lake(["SELECT"], own), "Catalog": catalog}
    assert {each.check for each in proof_of(unmarked, tmp_path).counterexamples} == {"unowned"}
    shared = {**catalog, "Metadata": {"emrguard": {"shared": "reference data of all", "part": "catalog"}}}
    assert proof_of({**unmarked, "Catalog": shared}, tmp_path).verdict == "isolated"
