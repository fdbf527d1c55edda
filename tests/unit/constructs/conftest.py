"""One tenant with all defaults and one trail over it, synthesized once."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

if not shutil.which("node"):
    # jsii starts Node when aws_cdk is imported; the virtual environment has one.
    os.environ.setdefault("JSII_NODE", str(Path(sys.executable).with_name("node")))

import aws_cdk as cdk
from construct_support import Synthesized, synthesize

from emrguard import AuditTrail, Tenant


@pytest.fixture(scope="session")
def tenant() -> Synthesized:
    """A stack with the tenant `flights`."""
    return synthesize(lambda stack: Tenant(stack, "Tenant", name="flights").add_outputs())


@pytest.fixture(scope="session")
def trail() -> Synthesized:
    """A stack with a tenant and a trail over its buckets."""

    def build(stack: cdk.Stack) -> None:
        team = Tenant(stack, "Tenant", name="flights")
        AuditTrail(stack, "AuditTrail", buckets=[team.data, team.logs.bucket]).add_outputs()

    return synthesize(build)
