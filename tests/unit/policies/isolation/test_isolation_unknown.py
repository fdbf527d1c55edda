"""What the proof cannot know counts as failed, and is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from isolation_support import Resources, allow, below, bucket, of_check, proof_of, resource, role

NESTED = resource("AWS::CloudFormation::Stack", {"TemplateURL": "https://example.com/nested.json"})


def two(**alpha: object) -> Resources:
    """A bucket of beta's and a role of alpha's."""
    return {"BetaData": bucket("beta"), "Alpha": role("alpha", **alpha)}  # type: ignore[arg-type]


@pytest.mark.parametrize("resources", [{"Child": NESTED}, {"Child": NESTED, **two()}])
def test_a_nested_stack_that_is_not_there_is_undecided(resources: Resources, tmp_path: Path) -> None:
    """Nobody vouches for a template that was not read, with and without tenants."""
    proof = proof_of(tmp_path, resources)
    (found,) = proof.counterexamples
    assert (proof.verdict, found.check) == ("undecided", "undecided")
    assert "nested stack Child" in found.why
    assert "synthesize again" in found.mend


def test_an_unknown_managed_policy_is_undecided(tmp_path: Path) -> None:
    """A policy of which only the name is known may allow everything: said once, with its name."""
    proof = proof_of(tmp_path, two(ManagedPolicyArns=["arn:aws:iam::aws:policy/Unheard"]))
    (found,) = proof.counterexamples
    assert (proof.verdict, found.check) == ("undecided", "undecided")
    assert "arn:aws:iam::aws:policy/Unheard" in found.mend
    assert any("policy arn:aws:iam::aws:policy/Unheard is not known" in text for text in proof.assumptions)


def test_a_malformed_policy_is_undecided(tmp_path: Path) -> None:
    """A policy that cannot be read is never taken to be harmless."""
    resources = two(Policies=[{"PolicyName": "x", "PolicyDocument": {"Statement": [{"Action": "s3:*"}]}}])
    assert proof_of(tmp_path, resources).verdict == "undecided"


@pytest.mark.parametrize("value", [{"Fn::ImportValue": "Elsewhere"}, {"Ref": "Given"}])
def test_imported_names_fail_closed(value: object, tmp_path: Path) -> None:
    """A resource that only the deployment knows may be the other one's."""
    resources = two()
    resources["Alpha"] = role("alpha", allow("s3:GetObject", value))
    proof = proof_of(tmp_path, resources)
    assert proof.verdict in ("violated", "undecided")
    assert {each.target for each in proof.counterexamples} == {"beta"}


def test_a_deny_of_an_imported_name_seals_nothing(tmp_path: Path) -> None:
    """A Deny counts only where it certainly applies."""
    wide = allow("s3:GetObject", below("BetaData", "/*"))
    for target, sealed in (({"Fn::ImportValue": "Elsewhere"}, False), (below("BetaData", "/*"), True)):
        resources = two()
        refuse = {"Effect": "Deny", "Action": "s3:*", "Resource": target}
        resources["Alpha"] = role("alpha", wide, refuse)
        assert bool(of_check(proof_of(tmp_path, resources), "data")) is not sealed


def test_a_boundary_outside_of_the_templates_limits_nothing(tmp_path: Path) -> None:
    """A permissions boundary that cannot be read is taken to limit nothing."""
    resources = two()
    wide = allow("s3:GetObject", "*")
    resources["Alpha"] = role("alpha", wide, PermissionsBoundary="arn:aws:iam::111122223333:policy/limit")
    proof = proof_of(tmp_path, resources)
    assert of_check(proof, "data")
    assert any("boundary" in text and "limit nothing" in text for text in proof.assumptions)


def test_a_policy_for_a_role_outside_is_judged_by_what_stands_here(tmp_path: Path) -> None:
    """A role that the templates only name gets its statements judged, and the output says what was not."""
    policy = {"Statement": [allow("s3:GetObject", [below("A", "/*"), below("B", "/*")])]}
    body = {"PolicyName": "p", "Roles": ["outside"], "PolicyDocument": policy}
    proof = proof_of(tmp_path, {"A": bucket("alpha"), "B": bucket("beta"), "P": resource("AWS::IAM::Policy", body)})
    assert {each.target for each in of_check(proof, "data")} == {"alpha", "beta"}
    assert any("role outside is not in the assembly" in text for text in proof.assumptions)
