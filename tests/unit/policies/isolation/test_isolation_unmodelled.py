"""Resources that the proof has no model of, and rights that stand elsewhere than in roles: none is overlooked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from isolation_support import Resources, below, proof_of
from nasty_support import (
    LAMBDA,
    READ_BETA,
    SHARED,
    allow,
    arn,
    changed,
    document,
    function,
    platform,
    resource,
    role,
    service_trust,
)

from emrguard_policies.proof import Proof

STATES = service_trust("states.amazonaws.com")
ALPHA = {"tenant": "alpha", "part": "other"}


def _with(tmp_path: Path, **extra: Any) -> Proof:
    return proof_of(tmp_path, {**platform(), **extra})


def _letting(action: str, principal: Any, **more: Any) -> dict[str, Any]:
    return document({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more})


NAMING: dict[str, Resources] = {
    "an instance of alpha's in beta's role": {
        "Profile": resource("AWS::IAM::InstanceProfile", {"Roles": [{"Ref": "BetaJob"}]}),
        "One": resource("AWS::EC2::Instance", {"IamInstanceProfile": {"Ref": "Profile"}}, **ALPHA)},
    "a Glue job of alpha's in beta's role": {"One": resource("AWS::Glue::Job", {"Role": arn("BetaJob")}, **ALPHA)},
    "a task of alpha's in beta's role": {
        "One": resource("AWS::ECS::TaskDefinition", {"TaskRoleArn": arn("BetaJob")}, **ALPHA)},
    "a location of alpha's on beta's bucket": {
        "One": resource("AWS::DataSync::LocationS3", {"S3BucketArn": arn("BetaData")}, **ALPHA)},
    "a work group of alpha's that writes to beta's bucket": {
        "One": resource("AWS::Athena::WorkGroup", {"OutputLocation": {"Fn::Sub": "s3://${BetaData}/x/"}}, **ALPHA)},
    "a type that nobody has heard of": {
        "One": resource("AWS::New::Thing", {"Some": [{"Key": arn("BetaKey")}]}, **ALPHA)},
    "something of nobody's between the two": {
        "One": resource("AWS::New::Thing", {"From": arn("AlphaData"), "To": {"Ref": "BetaData"}})},
    "a Glue optimizer of alpha's in beta's role": {
        "One": resource("AWS::Glue::TableOptimizer", {"Settings": {"RoleArn": arn("BetaJob")}}, **ALPHA)},
    "an access point on beta's bucket": {
        "One": resource("AWS::S3::AccessPoint", {"Bucket": {"Ref": "BetaData"}}, tenant="beta", part="other")},
    "a share of beta's bucket": {
        "One": resource("AWS::RAM::ResourceShare", {"ResourceArns": [arn("BetaData")]}, tenant="beta", part="other")},
    "a backup of beta's bucket": {
        "One": resource("AWS::Backup::BackupSelection", {"BackupSelection": {"Resources": [arn("BetaData")]}})},
    "all log groups sent elsewhere": {
        "One": resource("AWS::Logs::AccountPolicy", {"PolicyType": "SUBSCRIPTION_FILTER_POLICY"})},
    "logs shown to another account": {"One": resource("AWS::Oam::Link", {"ResourceTypes": ["AWS::Logs::LogGroup"]})},
    "access grants": {"One": resource("AWS::S3::AccessGrant", {"Permission": "READ"})},
}  # fmt: skip


@pytest.mark.parametrize("extra", NAMING.values(), ids=NAMING)
def test_a_resource_that_the_proof_has_no_model_of_leaves_it_undecided(tmp_path: Path, extra: Resources) -> None:
    """What nobody here knows may do anything with what it names: the answer is not "isolated", and says why."""
    proof = _with(tmp_path, **extra)
    assert proof.verdict == "undecided"
    assert {each.check for each in proof.counterexamples} == {"undecided"}
    assert all(each.principal.startswith("stack/One (AWS::") and each.mend for each in proof.counterexamples)
    assert set(proof.matrix["alpha"]["beta"].values()) == {"undecided"}


def test_a_name_written_out_is_found_as_a_reference_is(tmp_path: Path) -> None:
    """A literal bucket name, S3 address or ARN names a resource no less than `Ref` does."""
    base = changed(platform(), "BetaData", BucketName="beta-lake")
    for text in ("beta-lake", "s3://beta-lake/in/", "arn:aws:s3:::beta-lake/in/*", "arn:aws:s3:::beta-lake"):
        proof = proof_of(tmp_path, {**base, "One": resource("AWS::New::Thing", {"Where": text}, **ALPHA)})
        assert proof.verdict == "undecided", text


def test_what_stays_within_its_tenant_or_is_shared_on_purpose_is_no_matter(tmp_path: Path) -> None:
    """A tenant may use services that the proof does not know with what is its own; whose role acts is said."""
    within = {
        "Own": resource(
            "AWS::Glue::Job", {"Role": arn("AlphaJob"), "Temp": {"Fn::Sub": "s3://${AlphaData}/"}}, **ALPHA
        ),
        "Dashboard": resource("AWS::CloudWatch::Dashboard", {"Body": {"Fn::Sub": "${AlphaApp} ${BetaApp}"}}),
        "Purpose": resource("AWS::New::Thing", {"From": arn("AlphaData"), "To": arn("BetaData")}, **SHARED),
    }
    proof = _with(tmp_path, **within)
    assert proof.verdict == "isolated"
    said = "stack/Own (AWS::Glue::Job) acts in stack/AlphaJob of alpha: who may start or change it is not judged"
    assert said in proof.assumptions


# Principals of IAM Identity Center


def _permission_set(mark: Any = None, **properties: Any) -> dict[str, Any]:
    body = {"Name": "People", "InstanceArn": "arn:aws:sso:::instance/ssoins-1", **properties}
    return resource("AWS::SSO::PermissionSet", body, **(mark or {}))


@pytest.mark.parametrize(
    "properties",
    [
        {"InlinePolicy": document(allow("s3:GetObject", "*"), allow("kms:Decrypt", "*"))},
        {"ManagedPolicies": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"CustomerManagedPolicyReferences": [{"Name": "wide"}]},
    ],
    ids=["inline", "managed by AWS", "managed by the customer"],
)
def test_a_permission_set_is_a_principal(tmp_path: Path, properties: dict[str, Any]) -> None:
    """People who come from IAM Identity Center are asked like roles: they must not join two tenants."""
    wide = resource("AWS::IAM::ManagedPolicy", {
        "ManagedPolicyName": "wide", "PolicyDocument": document(allow("s3:*", "*")),
    })  # fmt: skip
    proof = _with(tmp_path, Set=_permission_set(**properties), Wide=wide)
    assert proof.verdict == "violated"
    assert {each.target for each in proof.counterexamples} == {"alpha", "beta"}
    assert all("AWSReservedSSO_People_" in each.principal for each in proof.counterexamples)


def test_a_permission_set_of_a_tenant_stays_in_it(tmp_path: Path) -> None:
    """A tenant's set may read the tenant's own data; boundaries count; an unknown policy leaves the proof undecided."""
    own = _permission_set(ALPHA, InlinePolicy=document(allow("s3:GetObject", below("AlphaData", "/*"))))
    assert _with(tmp_path, Set=own).verdict == "isolated"
    unknown = _permission_set(ALPHA, CustomerManagedPolicyReferences=[{"Name": "elsewhere"}])
    assert _with(tmp_path, Set=unknown).verdict == "undecided"
    wide = {"InlinePolicy": document(allow("s3:*", "*"))}
    limits = resource("AWS::IAM::ManagedPolicy", {
        "ManagedPolicyName": "limits", "PolicyDocument": document(allow("ec2:*", "*")),
    })  # fmt: skip
    reference = {"CustomerManagedPolicyReference": {"Name": "limits"}}
    limited = _permission_set(PermissionsBoundary=reference, **wide)
    assert _with(tmp_path, Set=limited, Limits=limits).verdict == "isolated"


# Policies of what starts something, keys in other Regions, values of secrets


def _reader(source: Resources, **mapping: Any) -> Resources:
    """A function of the platform that reads beta's data, started by `source`."""
    return {
        **source,
        "Worker": {**role(None, READ_BETA, trust=LAMBDA), "Metadata": {"emrguard": SHARED}},
        "Fn": function("Worker", **SHARED),
        "Map": resource("AWS::Lambda::EventSourceMapping", {"FunctionName": {"Ref": "Fn"}, **mapping}),
    }


TRIGGERS: dict[str, Resources] = {
    "a queue's policy": _reader(
        {"Queue": resource("AWS::SQS::Queue", {}), "Let": resource("AWS::SQS::QueuePolicy", {
            "Queues": [{"Ref": "Queue"}], "PolicyDocument": _letting("sqs:SendMessage", {"AWS": arn("AlphaSubmit")})})},
        EventSourceArn=arn("Queue")),
    "a stream's policy": _reader(
        {"Stream": resource("AWS::Kinesis::Stream", {}), "Let": resource("AWS::Kinesis::ResourcePolicy", {
            "ResourceArn": arn("Stream"),
            "ResourcePolicy": _letting("kinesis:PutRecord", {"AWS": arn("AlphaSubmit")})})},
        EventSourceArn=arn("Stream")),
    "a table's policy": _reader(
        {"Table": resource("AWS::DynamoDB::Table", {
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "ResourcePolicy": {"PolicyDocument": _letting("dynamodb:PutItem", {"AWS": arn("AlphaSubmit")})}},
            **SHARED)},
        EventSourceArn={"Fn::GetAtt": ["Table", "StreamArn"]}),
    "a cluster's policy": _reader(
        {"Kafka": resource("AWS::MSK::Cluster", {}, **SHARED), "Let": resource("AWS::MSK::ClusterPolicy", {
            "ClusterArn": {"Ref": "Kafka"},
            "Policy": _letting("kafka-cluster:*", {"AWS": arn("AlphaSubmit")})})},
        EventSourceArn={"Ref": "Kafka"}),
    "a bus's policy": {
        "Runs": {**role(None, READ_BETA, trust=STATES), "Metadata": {"emrguard": SHARED}},
        "Flow": resource("AWS::StepFunctions::StateMachine", {"RoleArn": arn("Runs")}, **SHARED),
        "Rule": resource("AWS::Events::Rule", {
            "EventPattern": {"source": ["alpha"]}, "Targets": [{"Id": "one", "Arn": {"Ref": "Flow"}}]}, **SHARED),
        "Let": resource("AWS::Events::EventBusPolicy", {"StatementId": "all", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": arn("AlphaSubmit")}, "Action": "events:PutEvents",
            "Resource": "*"}})},
}  # fmt: skip


@pytest.mark.parametrize("extra", TRIGGERS.values(), ids=TRIGGERS)
def test_who_may_trigger_is_also_up_to_the_policy_of_the_source(tmp_path: Path, extra: Resources) -> None:
    """In one account the policy of a queue, stream or bus is enough to send, without any identity policy."""
    proof = _with(tmp_path, **extra)
    assert ("alpha", "beta", "data") in {(each.source, each.target, each.check) for each in proof.counterexamples}


@pytest.mark.parametrize("mark", [{}, ALPHA, {"tenant": "beta", "part": "key"}], ids=["nobody's", "alpha's", "beta's"])
def test_a_replica_key_decrypts_what_its_primary_key_encrypts(tmp_path: Path, mark: dict[str, Any]) -> None:
    """A replica is its primary's, whoever's mark it bears, and its own policy must not let another tenant in."""
    body = {"PrimaryKeyArn": arn("BetaKey"), "KeyPolicy": _letting("kms:Decrypt", {"AWS": arn("AlphaJob")})}
    proof = _with(tmp_path, Replica=resource("AWS::KMS::ReplicaKey", body, **mark))
    assert ("alpha", "beta", "kms:Decrypt") in {
        (each.source, each.target, each.action) for each in proof.counterexamples
    }


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "BetaSecret"}, ":SecretString:password::}}"]]},
        {"Fn::Sub": "{{resolve:secretsmanager:${BetaSecret}}}"},
        "{{resolve:secretsmanager:beta-password:SecretString:password}}",
    ],
    ids=["join", "sub", "name"],
)
def test_a_template_that_takes_the_value_of_a_secret_hands_it_over(tmp_path: Path, value: Any) -> None:
    """CloudFormation reads a dynamic reference with the rights of who deploys: no policy of the tenants' is asked."""
    base = changed(platform(), "BetaSecret", Name="beta-password")
    taking = {**function("AlphaJob", **ALPHA)}
    taking["Properties"] = {**taking["Properties"], "Environment": {"Variables": {"PASSWORD": value}}}
    proof = proof_of(tmp_path, {**base, "Fn": taking})
    found = [each for each in proof.counterexamples if each.check == "secrets"]
    assert [(each.source, each.target, each.action) for each in found] == [
        ("alpha", "beta", "secretsmanager:GetSecretValue")
    ]


def test_a_template_that_hands_out_an_access_key_is_found(tmp_path: Path) -> None:
    """The secret part of beta's user's key in alpha's parameter makes alpha that user."""
    extra = {
        "User": resource("AWS::IAM::User", {}, tenant="beta", part="user"),
        "Key": resource("AWS::IAM::AccessKey", {"UserName": {"Ref": "User"}}),
        "One": resource("AWS::SecretsManager::Secret", {"SecretString": {"Fn::GetAtt": ["Key", "SecretAccessKey"]}},
                        **ALPHA),
    }  # fmt: skip
    found = [each for each in _with(tmp_path, **extra).counterexamples if each.check == "secrets"]
    assert [(each.source, each.target, each.resource) for each in found] == [("alpha", "beta", "stack/User")]
