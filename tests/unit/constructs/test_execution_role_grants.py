"""What an execution role may do after each grant, and what it may still not, decided by its policies."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from construct_support import ACCOUNT, REGION, Synthesized, acknowledged, new_app, synthesize

from emrguard import ArgumentError, ExecutionRole
from emrguard_policies.guardrails import permissions_boundary


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


CLUSTER = _arn("kafka", "cluster/events/00000000-0000-4000-8000-000000000000-s1")
SECRET = _arn("secretsmanager", "secret:database-AbCdEf")


def _build(stack: cdk.Stack) -> ExecutionRole:
    role = ExecutionRole(stack, "Role", tenant="flights")
    key = kms.Key(stack, "Key", policy=None)
    role.grant_glue_read("reference", ["airports", "airlines"])
    role.grant_glue_read("weather")
    role.grant_glue_read_write("flights")
    role.grant_secret_read(
        secretsmanager.Secret.from_secret_attributes(stack, "Secret", secret_complete_arn=SECRET, encryption_key=key)
    )
    role.grant_secret_read(secretsmanager.Secret.from_secret_name_v2(stack, "Named", "token"))
    role.grant_dynamodb_read(dynamodb.Table.from_table_name(stack, "Prices", "prices"), ["by-day"])
    role.grant_dynamodb_read_write(
        dynamodb.TableV2.from_table_attributes(
            stack, "Seats", table_arn=_arn("dynamodb", "table/seats"), encryption_key=key
        )
    )
    for name, consumer in (("departures", None), ("arrivals", "flights")):
        stream = kinesis.Stream.from_stream_attributes(
            stack, name, stream_arn=_arn("kinesis", f"stream/{name}"), encryption_key=key
        )
        role.grant_kinesis_read(stream, consumer)
    role.grant_kinesis_write(kinesis.Stream.from_stream_arn(stack, "Alerts", _arn("kinesis", "stream/alerts")))
    role.grant_kafka_read(CLUSTER, ["gates"])
    role.grant_kafka_write(CLUSTER, ["delays"])
    role.grant_put_metrics("Flights/Jobs")
    return role


@pytest.fixture(scope="module")
def granted() -> Synthesized:
    """A role with every grant."""
    return synthesize(_build, region=REGION)


def _below(kind: str, name: str) -> str:
    return f"{CLUSTER.replace(':cluster/', f':{kind}/')}/{name}"


_TABLE, _STREAM = _arn("dynamodb", "table/"), _arn("kinesis", "stream/")
_GLUE = _arn("glue", "")
_MAY = [
    *[("glue:GetTable", f"{_GLUE}{what}") for what in ("catalog", "database/reference", "table/reference/airports")],
    *[("glue:GetDatabase", f"{_GLUE}database/{name}") for name in ("reference", "weather", "default", "global_temp")],
    ("glue:GetPartitions", f"{_GLUE}table/weather/hourly"),
    ("glue:GetTables", f"{_GLUE}table/weather/hourly"),
    ("glue:GetUserDefinedFunctions", f"{_GLUE}userDefinedFunction/weather/f"),
    ("glue:CreateTable", f"{_GLUE}table/flights/bookings"),
    ("glue:BatchCreatePartition", f"{_GLUE}table/flights/bookings"),
    ("secretsmanager:GetSecretValue", SECRET),
    ("secretsmanager:GetSecretValue", _arn("secretsmanager", "secret:token-XyZ123")),
    ("dynamodb:Scan", f"{_TABLE}prices"),
    ("dynamodb:Query", f"{_TABLE}prices/index/by-day"),
    ("dynamodb:BatchWriteItem", f"{_TABLE}seats"),
    ("kinesis:GetRecords", f"{_STREAM}departures"),
    ("kinesis:RegisterStreamConsumer", f"{_STREAM}arrivals"),
    ("kinesis:SubscribeToShard", f"{_STREAM}arrivals/consumer/flights:1700000000"),
    ("kinesis:PutRecords", f"{_STREAM}alerts"),
    ("kafka-cluster:Connect", CLUSTER),
    ("kafka-cluster:ReadData", _below("topic", "gates")),
    ("kafka-cluster:WriteData", _below("topic", "delays")),
    ("kafka-cluster:AlterGroup", _below("group", "spark-kafka-source-4711")),
    ("kafka-cluster:WriteDataIdempotently", CLUSTER),
]
_MAY_NOT = [
    ("glue:GetTable", f"{_GLUE}table/reference/prices"),
    ("glue:GetTables", f"{_GLUE}database/reference"),
    ("glue:UpdateTable", f"{_GLUE}table/reference/airports"),
    ("glue:GetTable", f"{_GLUE}table/default/anything"),
    ("glue:GetTable", f"{_GLUE}table/weather_of_others/hourly"),
    ("glue:GetDatabases", f"{_GLUE}catalog"),
    ("glue:DeleteDatabase", f"{_GLUE}database/flights"),
    ("glue:CreateDatabase", f"{_GLUE}catalog"),
    ("secretsmanager:GetSecretValue", _arn("secretsmanager", "secret:database2-AbCdEf")),
    ("secretsmanager:GetSecretValue", _arn("secretsmanager", "secret:token-of-others-XyZ123")),
    ("secretsmanager:PutSecretValue", SECRET),
    ("dynamodb:PutItem", f"{_TABLE}prices"),
    ("dynamodb:Query", f"{_TABLE}prices/index/by-price"),
    ("dynamodb:Scan", f"{_TABLE}prices2"),
    ("dynamodb:DeleteTable", f"{_TABLE}seats"),
    ("kinesis:PutRecord", f"{_STREAM}departures"),
    ("kinesis:RegisterStreamConsumer", f"{_STREAM}departures"),
    ("kinesis:GetRecords", f"{_STREAM}alerts"),
    ("kinesis:SubscribeToShard", f"{_STREAM}arrivals/consumer/others:1700000000"),
    ("kafka-cluster:WriteData", _below("topic", "gates")),
    ("kafka-cluster:ReadData", _below("topic", "delays")),
    ("kafka-cluster:AlterGroup", _below("group", "payroll")),
    ("kafka-cluster:AlterCluster", CLUSTER),
]


@pytest.mark.parametrize(("action", "resource"), _MAY)
def test_a_grant_is_enough(granted: Synthesized, action: str, resource: str) -> None:
    """Jobs read and write what was granted."""
    decision = granted.ask(granted.session("execution-role"), action, resource)
    assert decision.allowed, decision.why


@pytest.mark.parametrize(("action", "resource"), _MAY_NOT)
def test_a_grant_is_no_more(granted: Synthesized, action: str, resource: str) -> None:
    """No name widens to another one that begins alike, reading is not writing, and nothing is administered."""
    assert not granted.ask(granted.session("execution-role"), action, resource).allowed


@pytest.mark.parametrize(
    ("service", "actions"),
    [
        ("secretsmanager", ("kms:Decrypt",)),
        ("dynamodb", ("kms:Decrypt", "kms:GenerateDataKey")),
        ("kinesis", ("kms:Decrypt",)),
    ],
)
def test_the_key_is_used_through_its_service(granted: Synthesized, service: str, actions: tuple[str, ...]) -> None:
    """A grant on what a key encrypts brings the use of the key, through that service of that Region alone."""
    who, key = granted.session("execution-role"), granted.arn("AWS::KMS::Key")
    for action in actions:
        assert granted.ask(who, action, key, {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}).allowed
        assert not granted.ask(who, action, key, {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}).allowed
        assert not granted.ask(who, action, key).allowed


def test_metrics_go_into_one_namespace(granted: Synthesized) -> None:
    """PutMetricData knows no resource: without the condition jobs could overwrite the metrics of another tenant."""
    who = granted.session("execution-role")
    assert granted.ask(who, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Flights/Jobs"}).allowed
    for context in ({"cloudwatch:namespace": "Payroll/Jobs"}, {"cloudwatch:namespace": "AWS/EMRServerless"}, {}):
        assert not granted.ask(who, "cloudwatch:PutMetricData", "*", context).allowed


def test_nothing_but_metrics_is_on_every_resource(granted: Synthesized) -> None:
    """No grant has the resource `*`, or a whole catalog, table list or stream list."""
    _, policies = granted.session("execution-role")
    wide = [
        statement.actions
        for policy in policies
        for statement in policy.statements
        if any(
            item == "*" or item.endswith((":table/*", ":database/*", ":stream/*")) for item in statement.resources or ()
        )
    ]
    assert wide == [("cloudwatch:PutMetricData",)]


def test_each_wildcard_says_why() -> None:
    """AwsSolutions reports each resource with a wildcard; the reason stands where the grant was made."""
    reasons = acknowledged(_build(cdk.Stack(new_app(), "Stack")))
    assert len(reasons) == 8
    assert all(len(reason) > 20 for reason in reasons.values())


def test_the_platforms_boundary_takes_no_grant_away(granted: Synthesized) -> None:
    """`emrguard policies boundary` leaves every action that a grant may give."""
    limit = [action for each in permissions_boundary().document["Statement"] for action in each["Action"]]
    _, policies = granted.session("execution-role")
    actions = {action for policy in policies for statement in policy.statements for action in statement.actions or ()}
    assert [each for each in actions if not any(fnmatch.fnmatchcase(each.lower(), one.lower()) for one in limit)] == []


def _stores(role: ExecutionRole) -> Mapping[str, Any]:
    table = dynamodb.Table.from_table_name(role, "Table", "prices")
    stream = kinesis.Stream.from_stream_arn(role, "Stream", _arn("kinesis", "stream/alerts"))
    return {"table": table, "stream": stream}


_Call = Callable[[ExecutionRole, Mapping[str, Any]], object]


@pytest.mark.parametrize(
    ("call", "argument", "found"),
    [
        (lambda role, _: role.grant_glue_read("*"), "database", "'*'"),
        (lambda role, _: role.grant_glue_read("Flights"), "database", "'Flights'"),
        (lambda role, _: role.grant_glue_read("flights", ["book*"]), "tables", "'book*'"),
        (lambda role, _: role.grant_glue_read("flights", []), "tables", "[]"),
        (lambda role, _: role.grant_glue_read("flights", "bookings"), "tables", "'bookings'"),
        (lambda role, _: role.grant_glue_read_write("flights", ["a", "a"]), "tables", "['a', 'a']"),
        (lambda role, have: role.grant_dynamodb_read(have["table"], ["*"]), "indexes", "'*'"),
        (lambda role, have: role.grant_dynamodb_read_write(have["table"], "by-day"), "indexes", "'by-day'"),
        (lambda role, have: role.grant_kinesis_read(have["stream"], "*"), "consumer", "'*'"),
        (lambda role, _: role.grant_kafka_read("arn:aws:kafka:*:*:cluster/*", ["a"]), "cluster_arn", "cluster/*"),
        (lambda role, _: role.grant_kafka_read(CLUSTER, ["*"]), "topics", "'*'"),
        (lambda role, _: role.grant_kafka_write(CLUSTER, []), "topics", "[]"),
        (lambda role, _: role.grant_kafka_read(CLUSTER, ["a"], "*"), "group_prefix", "'*'"),
        (lambda role, _: role.grant_put_metrics("AWS/EMRServerless"), "namespace", "'AWS/EMRServerless'"),
        (lambda role, _: role.grant_put_metrics("*"), "namespace", "'*'"),
    ],
)
def test_a_wrong_argument_is_said_at_once(call: _Call, argument: str, found: str) -> None:
    """A wildcard, or a name that the service does not take, fails where it is written, with value and mend."""
    role = ExecutionRole(cdk.Stack(new_app(), "Stack"), "Role", tenant="flights")
    with pytest.raises(ArgumentError) as error:
        call(role, _stores(role))
    assert f"Stack/Role: {argument} is " in str(error.value)
    assert found in str(error.value)
    assert "write" in str(error.value)


def test_a_key_of_another_stack_makes_no_circle() -> None:
    """The role's stack needs the key's; the key's policy, which leaves the use to the account, stays as it is."""
    app = new_app()
    key = kms.Key(cdk.Stack(app, "Keys"), "Key")
    stack = cdk.Stack(app, "Flights")
    secret = secretsmanager.Secret(stack, "Secret", encryption_key=key)
    ExecutionRole(stack, "Role", tenant="flights").grant_secret_read(secret)
    app.synth()
