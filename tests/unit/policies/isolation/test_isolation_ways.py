"""The ways an attacker in tenant alpha would try to get at tenant beta: each must be found, with its hops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from isolation_support import Resources, proof_of
from nasty_support import (
    LAMBDA,
    READ_BETA,
    RUN_JOB,
    SHARED,
    allow,
    arn,
    aws_trust,
    below,
    changed,
    document,
    function,
    granted,
    machine,
    platform,
    resource,
    role,
    service_trust,
)

Way = tuple[Resources, str, str | None, str, tuple[str, ...]]
"""The template, and of the counterexample: check, target, action, what its `via` names, in this order."""


def _on(extra: Resources, *statements: Any, to: str = "AlphaSubmit") -> Resources:
    return {**granted(platform(), to, *statements), **extra}


def _permission(principal: Any, **more: Any) -> dict[str, Any]:
    body = {"FunctionName": {"Ref": "Fn"}, "Action": "lambda:InvokeFunction", "Principal": principal, **more}
    return resource("AWS::Lambda::Permission", body)


def _worker(*, trust: Any = LAMBDA, marked: bool = True) -> dict[str, Any]:
    """A role of the platform that starts beta's jobs and reads beta's data."""
    made = role(None, RUN_JOB, READ_BETA, trust=trust)
    return {**made, "Metadata": {"emrguard": SHARED}} if marked else made


FN = {"Worker": _worker(), "Fn": function("Worker", **SHARED)}
STATES = service_trust("states.amazonaws.com")
MACHINE = {"Worker": _worker(trust=STATES), "Flow": machine("Worker", **SHARED)}
EVENTS, SCHEDULER = service_trust("events.amazonaws.com"), service_trust("scheduler.amazonaws.com")
PIPES = service_trust("pipes.amazonaws.com")


def _rule(target: Any, **more: Any) -> dict[str, Any]:
    body = {"Targets": [{"Id": "one", "Arn": target, **more}], "EventPattern": {"source": ["alpha.jobs"]}}
    return resource("AWS::Events::Rule", body, **SHARED)


BUS = {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}

WAYS: dict[str, Way] = {
    # Functions
    "invokes a function that reads beta's data": (
        _on(FN, allow("lambda:InvokeFunction", arn("Fn"))), "data", "beta", "s3:GetObject", ("Fn", "Worker")),
    "replaces the code of such a function": (
        _on(FN, allow("lambda:UpdateFunctionCode", "*")), "applications", "beta", "emr-serverless:StartJobRun",
        ("Fn", "Worker")),
    "is let in by the function's own policy": (
        {**platform(), **FN, "Let": _permission(arn("AlphaSubmit"))}, "data", "beta", "s3:GetObject",
        ("Fn", "Worker")),
    "calls the function's public URL": (
        {**platform(), **FN, "Let": _permission("*", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")},
        "data", "beta", "s3:GetObject", ("Fn", "Worker")),
    "is read by a function through a queue": (
        _on({**FN, "Queue": resource("AWS::SQS::Queue", {}),
             "Map": resource("AWS::Lambda::EventSourceMapping",
                             {"FunctionName": {"Ref": "Fn"}, "EventSourceArn": arn("Queue")})},
            allow("sqs:SendMessage", arn("Queue"))), "data", "beta", "s3:GetObject", ("Fn", "Worker")),
    "publishes what a function reads": (
        _on({**FN, "Topic": resource("AWS::SNS::Topic", {}),
             "Sub": resource("AWS::SNS::Subscription", {"Protocol": "lambda", "Endpoint": arn("Fn"),
                                                        "TopicArn": {"Ref": "Topic"}})},
            allow("sns:Publish", {"Ref": "Topic"})), "data", "beta", "s3:GetObject", ("Fn", "Worker")),
    "invokes beta's own function": (
        _on({"Fn": function("BetaJob", tenant="beta")}, allow("lambda:InvokeFunction", arn("Fn"))), "services", "beta",
        "lambda:InvokeFunction", ()),
    "runs its own function in beta's role": (
        {**changed(platform(), "BetaJob", AssumeRolePolicyDocument=LAMBDA), "Fn": function("BetaJob", tenant="alpha")},
        "roles", "beta", "sts:AssumeRole", ()),
    "runs its own function in a role of nobody's": (
        {**platform(), "Worker": _worker(marked=False), "Fn": function("Worker", tenant="alpha")}, "data", "beta",
        "s3:GetObject", ("Worker",)),
    # State machines, rules, schedules, pipes
    "starts a state machine that starts beta's jobs": (
        _on(MACHINE, allow("states:StartExecution", {"Ref": "Flow"})), "applications", "beta",
        "emr-serverless:StartJobRun", ("Flow", "Worker")),
    "rewrites such a state machine": (
        _on(MACHINE, allow("states:UpdateStateMachine", {"Ref": "Flow"})), "data", "beta", "s3:GetObject",
        ("Flow", "Worker")),
    "redrives an execution": (
        _on(MACHINE, allow("states:RedriveExecution", "*")), "data", "beta", "s3:GetObject", ("Flow", "Worker")),
    "sends an event to a rule that starts a state machine": (
        _on({**MACHINE, "Starter": role(None, allow("states:StartExecution", {"Ref": "Flow"}), trust=EVENTS),
             "Rule": _rule({"Ref": "Flow"}, RoleArn=arn("Starter"))}, allow("events:PutEvents", BUS)),
        "data", "beta", "s3:GetObject", ("Rule", "Flow", "Worker")),
    "sends an event to a rule that invokes a function": (
        _on({**FN, "Rule": _rule(arn("Fn"))}, allow("events:PutEvents", "*")), "data", "beta", "s3:GetObject",
        ("Rule", "Fn", "Worker")),
    "changes a schedule that starts a state machine": (
        _on({**MACHINE, "Starter": role(None, allow("states:StartExecution", {"Ref": "Flow"}), trust=SCHEDULER),
             "Nightly": resource("AWS::Scheduler::Schedule",
                                 {"Target": {"Arn": {"Ref": "Flow"}, "RoleArn": arn("Starter")}}, **SHARED)},
            allow("scheduler:UpdateSchedule", "*")), "data", "beta", "s3:GetObject", ("Nightly", "Flow", "Worker")),
    "feeds a pipe": (
        _on({"Worker": _worker(trust=PIPES), "Queue": resource("AWS::SQS::Queue", {}),
             "Pipe": resource("AWS::Pipes::Pipe", {"RoleArn": arn("Worker"), "Source": arn("Queue"),
                                                   "Target": arn("BetaApp")}, **SHARED)},
            allow("sqs:SendMessage", arn("Queue"))), "data", "beta", "s3:GetObject", ("Pipe", "Worker")),
    "goes through a role, a function and a state machine": (
        _on({**MACHINE, "Entry": role(None, allow("lambda:InvokeFunction", arn("Fn")),
                                      trust=aws_trust(arn("AlphaJob"))),
             "Caller": role(None, allow("states:StartExecution", {"Ref": "Flow"}), trust=LAMBDA),
             "Fn": function("Caller", **SHARED)}), "data", "beta", "s3:GetObject",
        ("Entry", "Fn", "Caller", "Flow", "Worker")),
    # Roles
    "passes a role of nobody's to a new function": (
        _on({"Worker": _worker()}, allow("iam:PassRole", arn("Worker")), allow("lambda:CreateFunction", "*")),
        "data", "beta", "s3:GetObject", ("lambda.amazonaws.com", "Worker")),
    "passes a role of nobody's to its own job": (
        _on({"Worker": _worker(trust=service_trust())}, allow("iam:PassRole", arn("Worker"))), "data", "beta",
        "s3:GetObject", ("emr-serverless.amazonaws.com", "Worker")),
    "passes a role to a service that nobody thought of": (
        _on({"Worker": _worker(trust=service_trust("batch.amazonaws.com"))}, allow("iam:PassRole", "*")), "data",
        "beta", "s3:GetObject", ("batch.amazonaws.com", "Worker")),
    "passes beta's role": (
        _on({}, allow("iam:PassRole", arn("BetaJob"))), "roles", "beta", "iam:PassRole", ()),
    "becomes a role that may change any role": (
        _on({"Admin": role(None, allow("iam:AttachRolePolicy", "*"), trust=aws_trust(arn("AlphaJob")))}),
        "escalation", None, "iam:AttachRolePolicy", ("Admin",)),
    "goes round in a circle of roles": (
        _on({"One": role(None, trust=aws_trust(arn("AlphaJob"), arn("Two"))),
             "Two": role(None, READ_BETA, trust=aws_trust(arn("One")))}), "data", "beta", "s3:GetObject",
        ("One", "Two")),
    # Applications and sessions
    "starts a session on beta's application": (
        _on({}, allow("emr-serverless:StartSession", arn("BetaApp"))), "applications", "beta",
        "emr-serverless:StartSession", ()),
    "takes the endpoint of beta's session": (
        _on({}, allow("emr-serverless:GetSessionEndpoint", "*")), "applications", "beta",
        "emr-serverless:GetSessionEndpoint", ()),
    "opens the Spark UI of beta's job": (
        _on({}, allow("emr-serverless:GetDashboardForJobRun", below("BetaApp", "/jobruns/*"))), "applications",
        "beta", "emr-serverless:GetDashboardForJobRun", ()),
    # Data, keys, secrets, logs
    "reads an old version": (
        _on({}, allow("s3:GetObjectVersion", below("BetaData", "/*"))), "data", "beta", "s3:GetObjectVersion", ()),
    "finishes a multipart upload": (
        _on({}, allow("s3:ListMultipartUploadParts", "*")), "data", "beta", "s3:ListMultipartUploadParts", ()),
    "replaces the bucket policy": (
        _on({}, allow("s3:PutBucketPolicy", arn("BetaData"))), "data", "beta", "s3:PutBucketPolicy", ()),
    "has the bucket replicated": (
        _on({}, allow("s3:PutReplicationConfiguration", "*")), "data", "beta", "s3:PutReplicationConfiguration", ()),
    "is let in by an access point": (
        {**platform(), "Rules": resource("AWS::S3::BucketPolicy", {
            "Bucket": {"Ref": "BetaData"}, "PolicyDocument": document(allow(
                "s3:*", [arn("BetaData"), below("BetaData", "/*")], Principal="*",
                Condition={"StringEquals": {"s3:DataAccessPointAccount": {"Ref": "AWS::AccountId"}}}))})},
        "data", "beta", "s3:GetObject", ()),
    "makes a grant on beta's key": (
        {**changed(platform(), "BetaKey", KeyPolicy=document(
            {"Effect": "Allow", "Principal": {"AWS": arn("AlphaJob")}, "Action": "kms:CreateGrant",
             "Resource": "*"}))}, "keys", "beta", "kms:CreateGrant", ()),
    "uses beta's key, which the account may use": (
        granted(changed(platform(), "BetaKey", KeyPolicy=document(
            {"Effect": "Allow", "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
             "Action": "kms:*", "Resource": "*"})), "AlphaJob", allow("kms:Decrypt", "*")), "keys", "beta",
        "kms:Decrypt", ()),
    "is named by the secret's own policy": (
        {**platform(), "Open": resource("AWS::SecretsManager::ResourcePolicy", {
            "SecretId": {"Ref": "BetaSecret"},
            "ResourcePolicy": document(allow("secretsmanager:GetSecretValue", "*",
                                             Principal={"AWS": arn("AlphaJob")}))})}, "secrets", "beta",
        "secretsmanager:GetSecretValue", ()),
    "reads beta's logs": (
        _on({}, allow("logs:GetLogEvents", "*")), "logs", "beta", "logs:GetLogEvents", ()),
    "subscribes to beta's logs": (
        _on({}, allow("logs:PutSubscriptionFilter", "*")), "logs", "beta", "logs:PutSubscriptionFilter", ()),
    # Catalog and images
    "reads beta's tables": (
        _on({}, allow("glue:GetTable", "*")), "catalog", "beta", "glue:GetTable", ()),
    "drops beta's database": (
        _on({}, allow("glue:DeleteDatabase", "*")), "catalog", "beta", "glue:DeleteDatabase", ()),
    "pushes the image that beta runs": (
        _on({}, allow(["ecr:PutImage", "ecr:UploadLayerPart"], "*")), "images", "beta", "ecr:PutImage", ()),
    "is let push by the repository's policy": (
        changed(platform(), "BetaImages", RepositoryPolicyText=document(
            {"Effect": "Allow", "Principal": {"AWS": arn("AlphaSubmit")}, "Action": "ecr:PutImage"})),
        "images", "beta", "ecr:PutImage", ()),
    "pushes the shared image that beta runs": (
        _on({"Base": resource("AWS::ECR::Repository", {"RepositoryName": "base"}, **SHARED),
             "BetaApp": resource("AWS::EMRServerless::Application", {
                 "Name": "beta", "Type": "SPARK",
                 "ImageConfiguration": {"ImageUri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/base:1"}},
                 tenant="beta", part="application")}, allow("ecr:PutImage", arn("Base"))), "images", "beta",
        "ecr:PutImage", ()),
    # The record
    "silences the alarm": (
        _on({}, allow("cloudwatch:DisableAlarmActions", "*")), "audit", None, "cloudwatch:DisableAlarmActions", ()),
    "removes the alarm's topic": (
        _on({}, allow("sns:DeleteTopic", {"Ref": "Alerts"})), "audit", None, "sns:DeleteTopic", ()),
    "turns the detector off": (
        _on({}, allow("guardduty:UpdateDetector", "*")), "audit", None, "guardduty:UpdateDetector", ()),
    "deletes its own logs": (
        _on({}, allow("logs:DeleteLogStream", below("AlphaGroup", "")), to="AlphaJob"), "audit", "alpha",
        "logs:DeleteLogStream", ()),
    "deletes its own log files": (
        _on({}, allow("s3:DeleteObject", below("AlphaLogs", "/*")), to="AlphaJob"), "audit", "alpha",
        "s3:DeleteObject", ()),
    "lets its own logs expire": (
        _on({}, allow("s3:PutLifecycleConfiguration", arn("AlphaLogs"))), "audit", "alpha",
        "s3:PutLifecycleConfiguration", ()),
    "disables the trail's key": (
        _on({}, allow("kms:DisableKey", arn("RecordKey"))), "audit", None, "kms:DisableKey", ()),
    # What the template itself hands over
    "has beta's bucket replicated by the template": (
        changed(platform(), "BetaData", ReplicationConfiguration={
            "Role": arn("BetaJob"), "Rules": [{"Status": "Enabled", "Destination": {"Bucket": arn("AlphaData")}}]}),
        "data", "beta", "s3:ReplicateObject", ()),
    "gets the inventory of beta's bucket": (
        changed(platform(), "BetaData", InventoryConfigurations=[{"Destination": {"BucketArn": arn("AlphaLogs")}}]),
        "data", "beta", "s3:PutInventoryConfiguration", ()),
    "is told of beta's objects": (
        {**changed(platform(), "BetaData", NotificationConfiguration={
            "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": arn("Fn")}]}),
         "Fn": function("AlphaJob", tenant="alpha")}, "data", "beta", "s3:PutBucketNotification", ()),
    "gets beta's log events": (
        {**platform(), "Fn": function("AlphaJob", tenant="alpha"),
         "Filter": resource("AWS::Logs::SubscriptionFilter", {
             "LogGroupName": {"Ref": "BetaGroup"}, "DestinationArn": arn("Fn"), "FilterPattern": ""})},
        "logs", "beta", "logs:PutSubscriptionFilter", ()),
    "gets the log files of beta's jobs": (
        changed(platform(), "BetaApp", MonitoringConfiguration={"S3MonitoringConfiguration": {
            "LogUri": {"Fn::Join": ["", ["s3://", {"Ref": "AlphaLogs"}, "/logs/"]]}}}),
        "logs", "beta", "emr-serverless:StartJobRun", ()),
    "has a public list of beta's bucket": (
        changed(platform(), "BetaData", AccessControl="PublicRead"), "data", "beta", "s3:ListBucket", ()),
    "is granted beta's tables by Lake Formation": (
        {**platform(), "Grant": resource("AWS::LakeFormation::PrincipalPermissions", {
            "Principal": {"DataLakePrincipalIdentifier": arn("AlphaJob")}, "Permissions": ["SELECT"],
            "PermissionsWithGrantOption": [],
            "Resource": {"Table": {"DatabaseName": "beta_lake", "TableWildcard": {}}}})},
        "catalog", "beta", "lakeformation:SELECT", ()),
    "is granted beta's place in the lake": (
        {**platform(), "Grant": resource("AWS::LakeFormation::Permissions", {
            "DataLakePrincipal": {"DataLakePrincipalIdentifier": arn("AlphaJob")},
            "Permissions": ["DATA_LOCATION_ACCESS"],
            "Resource": {"DataLocationResource": {"S3Resource": arn("BetaData")}}})},
        "catalog", "beta", "lakeformation:DATA_LOCATION_ACCESS", ()),
    "administers the lake": (
        {**platform(), "Lake": resource("AWS::LakeFormation::DataLakeSettings", {
            "Admins": [{"DataLakePrincipalIdentifier": arn("AlphaJob")}]})},
        "escalation", None, "lakeformation:PutDataLakeSettings", ()),
    # Other accounts
    "comes from another account": (
        {**platform(), "Rules": resource("AWS::S3::BucketPolicy", {
            "Bucket": {"Ref": "BetaData"}, "PolicyDocument": document(allow(
                "s3:GetObject", below("BetaData", "/*"),
                Principal={"AWS": "arn:aws:iam::444455556666:root"}))})},
        "data", "beta", "s3:GetObject", ()),
    # Its own guard
    "opens its own bucket to others": (
        _on({}, allow("s3:PutBucketPolicy", arn("AlphaData")), to="AlphaJob"), "least-privilege", "alpha",
        "s3:PutBucketPolicy", ()),
    "changes its own role": (
        _on({}, allow("iam:UpdateAssumeRolePolicy", arn("AlphaJob")), to="AlphaJob"), "least-privilege", "alpha",
        "iam:UpdateAssumeRolePolicy", ()),
    "changes the tag that the policies trust": (
        _on({}, allow("s3:GetObject", "*", Condition={"StringEquals": {"aws:ResourceTag/team": "alpha"}}),
            allow("s3:PutBucketTagging", arn("AlphaData")), to="AlphaJob"), "escalation", "alpha",
        "s3:PutBucketTagging", ()),
}  # fmt: skip


def test_the_platform_itself_is_isolated(tmp_path: Path) -> None:
    """Without any of the ways the same tenants are isolated, so that each way is what opens them."""
    proof = proof_of(tmp_path, platform())
    assert proof.verdict == "isolated", [each.as_json() for each in proof.counterexamples]


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_the_other_tenant_is_found(way: str, tmp_path: Path) -> None:
    """Violated, with the action, whom it hits, every hop on the way, a statement and a mend."""
    resources, check, target, action, via = WAYS[way]
    proof = proof_of(tmp_path, resources)
    assert proof.verdict == "violated"
    found = [
        each for each in proof.counterexamples if (each.check, each.target, each.action) == (check, target, action)
    ]
    assert found, [each.as_json() for each in proof.counterexamples]
    if via:
        ways = [each.via for each in found]
        assert any(len(names) == len(via) and all(map(str.__contains__, names, via)) for names in ways), ways
    assert all(each.mend for each in found)
