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

from emrguard import AuditTrail, Capacity, InitialCapacity, Interactive, Tenant, WorkerImage, WorkerSize

ROOT = Path(__file__).parents[2]
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
        name="notebooks",
        interactive=Interactive(studio_because=reason, livy_because=reason, sessions_because=reason),
    )
    app.synth()


APPS: dict[str, Callable[[Path], None]] = {"demo": demo, "pair": pair, "interactive": interactive}
"""Apps by name; each writes a cloud assembly."""


def _settings() -> dict[str, object]:
    settings: dict[str, object] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return settings | {"aws:cdk:enable-path-metadata": True}
