"""The manifest in the templates, and what is true of every resource of a tenant."""

from __future__ import annotations

from typing import get_args

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from construct_support import Synthesized, synthesize

from emrguard import (
    ApplicationKey,
    DataBucket,
    ExecutionRole,
    IsolatedNetwork,
    JobLogs,
    SparkApplication,
    SubmitterRole,
    Tenant,
)
from emrguard._manifest import Part


def test_every_resource_is_marked(tenant: Synthesized) -> None:
    """Proof and audit know the owner and the part of each resource, the policies of roles included."""
    parts = set(get_args(Part))
    for name in tenant.resources:
        mark = tenant.mark(name)
        assert mark.get("tenant") == "flights", name
        assert mark.get("part") in parts, name


def test_policies_that_come_later_are_marked(tenant: Synthesized) -> None:
    """A grant of the app's own after the tenant is made belongs to the tenant, too, also when CDK splits the policy."""

    def build(stack: cdk.Stack) -> None:
        team = Tenant(stack, "Tenant", name="flights")
        for number in range(150):
            topic = f"arn:aws:sqs:eu-west-1:111122223333:a-long-name-of-a-queue-that-fills-the-policy-{number}"
            sqs.Queue.from_queue_arn(stack, f"Q{number}", topic).grant_send_messages(team.execution_role)

    found = synthesize(build)
    role = found.one("AWS::IAM::Role", "execution-role")["_id"]
    policies = [
        name
        for name, resource in found.resources.items()
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        and {"Ref": role} in resource["Properties"]["Roles"]
    ]
    assert len(policies) > 1
    assert {found.mark(name).get("part") for name in policies} == {"execution-role"}
    assert {found.mark(name).get("tenant") for name in policies} == {"flights"}


def test_costs_can_be_told_apart(tenant: Synthesized) -> None:
    """The application, the buckets and the network carry the tenant's tag."""
    tag = {"Key": "emrguard:tenant", "Value": "flights"}
    for type_name in ("AWS::EMRServerless::Application", "AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"):
        for properties in tenant.of(type_name).values():
            assert tag in properties["Tags"]


def test_parts_that_are_put_together_by_hand_carry_the_tag_too() -> None:
    """Costs, budgets and the personas' rights go by the tag, whether `Tenant` composed the parts or somebody else."""

    def build(stack: cdk.Stack) -> None:
        key = ApplicationKey(stack, "Key", tenant="flights")
        data = DataBucket(stack, "Data", tenant="flights", key=key)
        logs = JobLogs(stack, "Logs", tenant="flights", key=key)
        network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
        SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key)
        ExecutionRole(stack, "ExecutionRole", tenant="flights")
        SubmitterRole(stack, "SubmitterRole", tenant="flights")

    found = synthesize(build)
    tagged = ("Application", "Bucket", "Key", "LogGroup", "Role", "SecurityGroup", "Subnet", "VPC", "VPCEndpoint")
    for name, resource in found.resources.items():
        if resource["Type"].rpartition(":")[2] in tagged:
            assert {"Key": "emrguard:tenant", "Value": "flights"} in resource["Properties"]["Tags"], name


def test_the_outputs_have_plain_names(tenant: Synthesized) -> None:
    """Scripts read them by these names."""
    assert set(tenant.template["Outputs"]) == {
        "ApplicationId",
        "ExecutionRoleArn",
        "SubmitterRoleArn",
        "DataBucketName",
        "LogBucketName",
        "KeyArn",
        "LogGroupName",
    }


def test_buckets_are_private_and_keep_versions(tenant: Synthesized) -> None:
    """No public access in any form, no ACLs, encrypted by default with the tenant's key, old versions kept."""
    for bucket in tenant.of("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": tenant.arn("AWS::KMS::Key"),
        }


def test_the_key_rotates_and_log_groups_use_it(tenant: Synthesized) -> None:
    """One key for all that is at rest; logs are kept for a year."""
    assert tenant.one("AWS::KMS::Key")["EnableKeyRotation"] is True
    assert tenant.one("AWS::KMS::Alias")["AliasName"] == "alias/emrguard/flights"
    groups = tenant.of("AWS::Logs::LogGroup").values()
    names = {group["LogGroupName"] for group in groups}
    assert {"/aws/emr-serverless/flights", "/aws/vpc/flow-logs/flights"} <= names
    assert {name.rpartition("-")[0] for name in names} >= {"/aws/lambda/emrguard-flights"}
    assert {(group["KmsKeyId"], group["RetentionInDays"]) for group in groups} == {(tenant.arn("AWS::KMS::Key"), 365)}


def test_source_arn_is_opt_in() -> None:
    """Whoever knows that EMR Serverless sends aws:SourceArn can demand it in the trust policy."""
    found = synthesize(lambda stack: ExecutionRole(stack, "Role", tenant="flights", require_source_arn=True))
    (statement,) = found.one("AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":/applications/*")
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_submitters_can_be_named() -> None:
    """A platform narrows who may submit; MFA stays."""
    people = iam.ArnPrincipal("arn:aws:iam::111122223333:role/DataEngineers")
    found = synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", submitters=people))
    (statement,) = found.one("AWS::IAM::Role", "submitter-role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/DataEngineers"}
    assert statement["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
