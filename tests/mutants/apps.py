"""The apps whose templates are mutated: the demo, and the constructs with what the demo leaves at its default."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

if not shutil.which("node"):
    # jsii starts Node when aws_cdk is imported; the virtual environment has one.
    os.environ.setdefault("JSII_NODE", str(Path(sys.executable).with_name("node")))

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_secretsmanager as secretsmanager
from mutants import small_apps

from emrguard import (
    AuditTrail,
    Capacity,
    InitialCapacity,
    Interactive,
    JobStateMachine,
    SparkJob,
    Tenant,
    WorkerImage,
    WorkerSize,
)

ROOT = Path(__file__).parents[2]
_STREAM = "arn:aws:kinesis:eu-west-1:111122223333:stream/gates"
_CLUSTER = "arn:aws:kafka:eu-west-1:111122223333:cluster/gates/0f2b1c3d-4e5f-6071-8293-a4b5c6d7e8f9-1"
_DIGEST = f"@sha256:{'0123456789abcdef' * 4}"


def demo(output: Path) -> None:
    """`app.py`: stacks for any account and Region, references from stack to stack."""
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(output), "CDK_CONTEXT_JSON": json.dumps(_settings()),
             "AWS_EC2_METADATA_DISABLED": "true", "CDK_VALIDATION": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"app.py failed:\n{done.stdout}{done.stderr}")


def pair(output: Path) -> None:
    """Two tenants and the trail in one stack of a known account and Region, with images and waiting workers."""
    app = cdk.App(context=_settings(), outdir=str(output), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Pair", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    images = {
        worker: WorkerImage(uri=f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/{worker.lower()}{_DIGEST}")
        for worker in ("Driver", "Executor")
    }
    flights = Tenant(stack, "Flights", name="flights", worker_images=images)
    payroll = Tenant(
        stack,
        "Payroll",
        name="payroll",
        maximum_capacity=Capacity(cpu=32, memory=128, disk=640),
        initial_capacity={"EXECUTOR": InitialCapacity(workers=2, size=WorkerSize(cpu=4, memory=16))},
    )
    buckets = [bucket for tenant in (flights, payroll) for bucket in (tenant.data, tenant.logs.bucket)]
    AuditTrail(stack, "AuditTrail", buckets=buckets)
    app.synth()


def interactive(output: Path) -> None:
    """One tenant with every way to run code by hand, each for a reason."""
    app = cdk.App(context=_settings(), outdir=str(output), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Notebooks")
    reason = "analysts try out queries on samples"
    Tenant(
        stack,
        "Tenant",
        name="flights",
        interactive=Interactive(studio_because=reason, livy_because=reason, sessions_because=reason),
    )
    app.synth()


def sources(output: Path) -> None:
    """An application of each engine with a fixed job and rights on what is no bucket, beside another tenant."""
    app = cdk.App(context=_settings(), outdir=str(output), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Sources", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    tenant = Tenant(stack, "Tenant", name="flights")
    Tenant(stack, "Payroll", name="payroll")
    hive = tenant.add_hive_application("queries", plaintext_between_workers_because="data that anybody may see")
    role = tenant.execution_role
    role.grant_glue_read("reference", ["airports"])
    role.grant_glue_read_write("flights")
    token = secretsmanager.CfnSecret(stack, "Token", kms_key_id=tenant.key.key_arn, generate_secret_string={})
    role.grant_secret_read(
        secretsmanager.Secret.from_secret_attributes(
            stack, "TokenToRead", secret_complete_arn=token.ref, encryption_key=tenant.key.key
        )
    )
    role.grant_dynamodb_read(dynamodb.Table.from_table_name(stack, "Prices", "prices"), ["by-day"])
    role.grant_dynamodb_read_write(dynamodb.Table.from_table_name(stack, "Seats", "seats"))
    role.grant_kinesis_read(kinesis.Stream.from_stream_arn(stack, "Gates", _STREAM), "jobs")
    role.grant_kafka_read(_CLUSTER, ["gates"])
    role.grant_put_metrics("Flights/Jobs")
    hive.execution_role.grant_glue_read("weather")
    JobStateMachine(
        stack,
        "Nightly",
        tenant=tenant,
        application="flights",
        jobs=[SparkJob(name="delays", entry_point=f"s3://{tenant.data.bucket_name}/jobs/delays.py")],
    )
    app.synth()


def _small(build: Callable[[cdk.Stack], None]) -> Callable[[Path], None]:
    def write(output: Path) -> None:
        app = cdk.App(context=_settings(), outdir=str(output), builtin_cloud_formation_validation=False)
        build(cdk.Stack(app, build.__name__.capitalize()))
        app.synth()

    return write


_SMALL = (
    small_apps.abroad,
    small_apps.streams,
    small_apps.people,
    small_apps.vpc,
    small_apps.organization,
    small_apps.options,
    small_apps.without,
    small_apps.imported,
)
APPS: dict[str, Callable[[Path], None]] = {
    **{build.__name__: _small(build) for build in _SMALL},
    "interactive": interactive,
    "sources": sources,
    "pair": pair,
    "demo": demo,
}
"""Apps by name; each writes a cloud assembly. Small ones first: what several have is judged in the first of them."""


def _settings() -> dict[str, object]:
    settings: dict[str, object] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return settings | {"aws:cdk:enable-path-metadata": True}
