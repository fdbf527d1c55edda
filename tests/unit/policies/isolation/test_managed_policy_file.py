"""The AWS-managed policies that the proof knows offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from isolation_support import allow, below, bucket, of_check, proof_of, role, service_trust
from managed_policies_support import FILE, carried_by_moto

from emrguard_policies.iam.model import parse
from emrguard_policies.managed_policies import aws_managed, known_paths


def test_the_file_is_what_moto_carries() -> None:
    """The texts are AWS's, not ours: a newer moto with newer texts makes this fail until the file is written anew."""
    assert json.loads(FILE.read_text(encoding="utf-8")) == carried_by_moto()


def test_every_known_policy_is_read() -> None:
    """Each can be parsed, in every partition, with that partition's ARNs."""
    for path in known_paths():
        for partition in ("aws", "aws-cn", "aws-us-gov"):
            known = aws_managed(f"arn:{partition}:iam::aws:policy{path}")
            assert known is not None
            parse(known.document, path)
            assert partition == "aws" or '"arn:aws:' not in json.dumps(known.document)
    assert aws_managed("arn:aws:iam::aws:policy/Unheard") is None
    assert aws_managed("arn:aws:iam::111122223333:policy/ReadOnlyAccess") is None


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("AmazonS3ReadOnlyAccess", "data"),
        ("AdministratorAccess", "escalation"),
        ("service-role/AWSLambdaBasicExecutionRole", None),
    ],
)
def test_a_known_policy_is_judged_by_its_text(name: str, check: str | None, tmp_path: Path) -> None:
    """ReadOnly reads the other tenant's bucket; the basic policy of functions does not, and is no open question."""
    resources = {
        "BetaData": bucket("beta"),
        "Alpha": role(
            "alpha",
            trust=service_trust("lambda.amazonaws.com", source=False),
            part="function-role",
            ManagedPolicyArns=[{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"}],
        ),
    }
    proof = proof_of(tmp_path, resources)
    assert proof.verdict == ("violated" if check else "isolated")
    assert check is None or of_check(proof, check)
    assert any(f"policy/{name} of AWS's is taken to say what its version v" in text for text in proof.assumptions)


def test_a_known_policy_limits_as_a_boundary(tmp_path: Path) -> None:
    """A boundary of AWS's that is known here limits: read-only lets nothing be written."""
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    write = allow("s3:PutObject", below("BetaData", "/*"))
    resources = {"BetaData": bucket("beta"), "Alpha": role("alpha", write, PermissionsBoundary=boundary)}
    assert proof_of(tmp_path, resources).verdict == "isolated"
    resources["Alpha"] = role("alpha", write)
    assert proof_of(tmp_path, resources).verdict == "violated"
