"""The worked counterexample of docs/proof.md, run: CDK's own grant, what the proof says, and the mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove
from emrguard_policies.proof_text import proof_text

DOCUMENT = Path(__file__).parents[4] / "docs" / "proof.md"


def _lake(directory: Path, grant: Any) -> cdk.cx_api.CloudAssembly:
    app = cdk.App(outdir=str(directory), post_cli_context={"aws:cdk:enable-path-metadata": True})
    stack = cdk.Stack(app, "Lake")
    bucket = s3.Bucket(stack, "Shared")
    parts = {"alpha": ["alpha/"], "beta": ["beta/"]}
    _mark(bucket, {"shared": "one lake", "prefixes": parts})
    for name in parts:
        account = {"StringEquals": {"aws:SourceAccount": stack.account}}
        service = iam.ServicePrincipal("emr-serverless.amazonaws.com", conditions=account)
        role = iam.Role(stack, f"{name.capitalize()}Job", assumed_by=service)
        _mark(role, {"tenant": name, "part": "execution-role"})
        grant(bucket, role, name)
    return app.synth()


def _mark(construct: Any, mark: dict[str, Any]) -> None:
    construct.node.default_child.add_metadata("emrguard", mark)


def _cdks(bucket: s3.Bucket, role: iam.Role, name: str) -> None:
    bucket.grant_read(role, f"{name}/*")


def _mended(bucket: s3.Bucket, role: iam.Role, name: str) -> None:
    only = {"StringLike": {"s3:prefix": [f"{name}/*"]}}
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(f"{name}/*")]))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn], conditions=only))


def test_the_document_shows_what_the_proof_says(tmp_path: Path) -> None:
    """CDK's grant_read lists everybody's keys; the text in the document is the one that the command prints."""
    proof = prove(load(_lake(tmp_path / "out", _cdks).directory))
    said = proof_text(proof).partition("\n2. ")[0].strip()
    shown = re.search(r"```\n(Not isolated.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    assert shown[1].strip() == said


def test_the_mend_of_the_document_isolates(tmp_path: Path) -> None:
    """With a condition on the prefix the lists are apart, and the tenants isolated."""
    assert prove(load(_lake(tmp_path / "out", _mended).directory)).verdict == "isolated"
