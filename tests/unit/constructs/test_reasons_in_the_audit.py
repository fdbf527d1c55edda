"""Whoever reads the audit sees each less safe choice: every argument that takes a reason brings it into the report."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_glue as glue
from construct_support import new_app

import emrguard
from emrguard import (
    ApplicationKey,
    AuditTrail,
    DataBucket,
    ExecutionRole,
    ExistingEndpoint,
    ExistingVpc,
    HiveApplication,
    ImportedApplication,
    ImportedBucket,
    ImportedKey,
    ImportedLogs,
    ImportedNetwork,
    InitialCapacity,
    Interactive,
    IsolatedNetwork,
    JobLogs,
    Lifecycle,
    MacieJob,
    Monitoring,
    Platform,
    PlatformAdminRole,
    ReleaseLabel,
    Tenant,
    ViewerRole,
    WorkerImage,
    WorkerSize,
)
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/jobs:1"


def build(stack: cdk.Stack) -> None:
    """One application of each engine, and a trail, with all that needs a reason; the reasons name their arguments."""
    flights = Tenant(
        stack,
        "Flights",
        name="flights",
        release_label=ReleaseLabel.of("emr-7.99.0", unknown_because="for unknown_because"),
        never_stop_because="for never_stop_because",
        keep_warm_because="for keep_warm_because",
        lifecycle=Lifecycle(no_function_because="for no_function_because"),
        initial_capacity={"DRIVER": InitialCapacity(workers=1, size=WorkerSize(cpu=4, memory=16))},
        image=WorkerImage(uri=IMAGE, mutable_tag_because="for mutable_tag_because"),
        monitoring=Monitoring(
            no_managed_logs_because="for no_managed_logs_because", no_cloudwatch_because="for no_cloudwatch_because"
        ),
        interactive=Interactive(
            studio_because="for studio_because",
            livy_because="for livy_because",
            sessions_because="for sessions_because",
        ),
    )
    key = ApplicationKey(stack, "Key", tenant="queries")
    data = DataBucket(
        stack,
        "Data",
        tenant="queries",
        key=key,
        expire_after=cdk.Duration.days(7),
        expire_because="for expire_because",
    )
    logs = JobLogs(
        stack,
        "Logs",
        tenant="queries",
        key=key,
        expire_after=cdk.Duration.days(30),
        retention_because="for retention_because",
    )
    HiveApplication(
        stack,
        "Queries",
        tenant="queries",
        network=IsolatedNetwork(stack, "Network", tenant="queries", key=key, data=data, logs=logs),
        data=data,
        logs=logs,
        key=key,
        plaintext_between_workers_because="for plaintext_between_workers_because",
        idle_timeout=cdk.Duration.hours(2),
        long_idle_because="for long_idle_because",
    )
    Tenant(
        stack,
        "Dev",
        name="dev",
        availability_zones=["eu-west-1a"],
        one_zone_because="for one_zone_because",
    )
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0a",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        isolated_subnet_ids=["subnet-0a", "subnet-0b"],
    )
    payroll = Tenant(
        stack,
        "Payroll",
        name="payroll",
        vpc=ExistingVpc(
            vpc=vpc,
            because="for ExistingVpc because",
            flow_logs_because="for flow_logs_because",
            endpoints={"s3": ExistingEndpoint(because="for ExistingEndpoint because")},
        ),
    )
    both = [flights, payroll]
    arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/everything"
    platform = Platform(
        stack,
        "Platform",
        tenants=both,
        organization_trail=(arn, "for OrganizationTrail because"),
        monthly_budgets={"flights": 1},
        no_budget_because="for no_budget_because",
        macie="existing",
        macie_job=MacieJob(no_job_because="for no_job_because"),
    )
    platform.share(
        glue.CfnDatabase(stack, "Catalog", catalog_id="111122223333", database_input={"name": "shared"}),
        "catalog",
        because="for Platform.share because",
    )
    platform.share_outside("arn:aws:s3:::reference-data", because="for Platform.share_outside because")
    ImportedApplication(
        stack,
        "Imported",
        application_arn="arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1abcd2efgh345",
        application_name="imported",
        because="for ImportedApplication because",
    )
    imports(stack)
    PlatformAdminRole(stack, "Admin", tenants=both, because="for PlatformAdminRole because")
    ViewerRole(stack, "Viewer", tenants=both, because="for ViewerRole because")
    AuditTrail(
        stack, "Trail", buckets=[flights.data, flights.logs.bucket], no_object_lock_because="for no_object_lock_because"
    )


def imports(stack: cdk.Stack) -> None:
    """What exists already, by the class and by the static method."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    ImportedKey(stack, "Key1", key_arn=arn, because="for ImportedKey because")
    key = ApplicationKey.from_key_arn(stack, "Key2", arn, because="for ApplicationKey.from_key_arn because")
    ImportedBucket(stack, "Bucket1", bucket_name="lake", because="for ImportedBucket because")
    bucket = DataBucket.from_bucket_name(
        stack, "Bucket2", "lake", because="for DataBucket.from_bucket_name because", key=key
    )
    ImportedLogs(stack, "Logs1", bucket=bucket, log_group_name="jobs", because="for ImportedLogs because")
    logs = JobLogs.from_bucket(stack, "Logs2", bucket, log_group_name="jobs", because="for JobLogs.from_bucket because")
    network: dict[str, Any] = {
        "tenant": "flights",
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "security_group_id": "sg-0123456789abcdef0",
        "key": key,
        "data": bucket,
        "logs": logs,
    }
    ImportedNetwork(stack, "Network1", because="for ImportedNetwork because", **network)
    why = "for IsolatedNetwork.from_network_attributes because"
    IsolatedNetwork.from_network_attributes(stack, "Network2", because=why, **network)
    why = "for ExecutionRole.from_role_arn because"
    ExecutionRole.from_role_arn(stack, "Jobs", "arn:aws:iam::111122223333:role/Jobs", tenant="flights", because=why)


def takers() -> Iterator[tuple[str, str]]:
    """Every public callable of the constructs with each argument of its that takes a reason."""
    for name in emrguard.__all__:
        public = getattr(emrguard, name)
        named: dict[str, Any] = {name: public.__init__ if inspect.isclass(public) else public}
        if inspect.isclass(public):
            named |= {f"{name}.{key}": getattr(public, key) for key in vars(public) if not key.startswith("_")}
        for where, each in named.items():
            if callable(each):
                for argument in inspect.signature(each).parameters:
                    if argument.endswith("because"):
                        yield where, argument


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the audit lists as accepted: argument by reason."""
    directory = tmp_path_factory.mktemp("reasons")
    app = new_app(directory)
    build(cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1")))
    app.synth()
    return {risk.reason: risk.argument for risk in audit(load(Path(directory)), select=["EMRG502"]).accepted}


@pytest.mark.parametrize(("where", "argument"), sorted(takers()))
def test_a_reason_is_in_the_audit(where: str, argument: str, reasons: dict[str, str]) -> None:
    """Whoever accepts a risk with an argument finds argument and reason among the accepted risks."""
    written = f"for {where} because" if argument == "because" else f"for {argument}"
    assert written in reasons
    assert reasons[written].rpartition(".")[2] in (argument, "release_label", "shared")
