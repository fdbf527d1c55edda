"""Who may become whose role: directly, over other roles, or by a service that acts for a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest
from isolation_support import (
    SERVICE,
    Resources,
    allow,
    arn,
    aws_trust,
    below,
    bucket,
    document,
    of_check,
    proof_of,
    resource,
    role,
    service_trust,
)


def test_the_service_with_the_source_account_is_isolated(tmp_path: Path) -> None:
    """The trust policy that AWS recommends passes."""
    assert proof_of(tmp_path, {"Alpha": role("alpha"), "Beta": role("beta")}).verdict == "isolated"


def test_trust_without_the_source_account_is_a_confused_deputy(tmp_path: Path) -> None:
    """The service could become the role for another account's job; the mend names the condition."""
    proof = proof_of(tmp_path, {"Alpha": role("alpha", trust=service_trust(source=False))})
    (found,) = of_check(proof, "confused-deputy")
    assert (found.principal, found.target) == (SERVICE, "alpha")
    assert "aws:SourceAccount" in found.mend


def test_trust_to_any_service_is_found(tmp_path: Path) -> None:
    """`Service: *` and another service may not run as an execution role."""
    for service in ("*", "ec2.amazonaws.com"):
        trust = document(*service_trust()["Statement"], *service_trust(service)["Statement"])
        proof = proof_of(tmp_path, {"Alpha": role("alpha", trust=trust)})
        assert (proof.verdict, [each.principal for each in of_check(proof, "trust")]) == ("violated", [service])


def test_trust_to_anybody_and_to_another_account_is_found(tmp_path: Path) -> None:
    """A role that a stranger can become is not its tenant's alone."""
    for principal in ("*", "arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/admin"):
        proof = proof_of(tmp_path, {"Alpha": role("alpha", trust=aws_trust(principal))})
        assert (proof.verdict, bool(of_check(proof, "trust"))) == ("violated", True), principal


def test_a_submitter_for_a_named_role_outside_is_said_in_the_assumptions(tmp_path: Path) -> None:
    """A team's sign-in role that is not in the templates is trusted, and the output says so."""
    outside = "arn:aws:iam::444455556666:role/sign-in"
    proof = proof_of(tmp_path, {"Alpha": role("alpha", trust=aws_trust(outside), part="submitter-role")})
    assert proof.verdict == "isolated"
    assert any(outside in text and "act for alpha" in text for text in proof.assumptions)


def test_a_role_of_another_tenant_may_not_be_assumed(tmp_path: Path) -> None:
    """Beta's role trusts alpha's: alpha can do what beta can."""
    resources = {"Alpha": role("alpha"), "Beta": role("beta", trust=aws_trust(arn("Alpha")), part="submitter-role")}
    found = of_check(proof_of(tmp_path, resources), "roles")
    assert [(each.source, each.target, each.action) for each in found] == [("alpha", "beta", "sts:AssumeRole")]


def chain(*, closed: bool) -> Resources:
    """Alpha becomes First, First becomes Second, and Second reads beta's bucket."""
    read = allow("s3:GetObject", below("BetaData", "/*"))
    return {
        "BetaData": bucket("beta"),
        "Alpha": role("alpha"),
        "First": role(None, trust=aws_trust(arn("Alpha"))),
        "Second": role(None, read, trust=service_trust("lambda.amazonaws.com") if closed else aws_trust(arn("First"))),
    }


def test_a_chain_of_roles_is_followed(tmp_path: Path) -> None:
    """The way is printed role by role, with the statement of each step."""
    proof = proof_of(tmp_path, chain(closed=False))
    (found,) = of_check(proof, "data")
    assert [name.split("/")[-1].split("-")[1] for name in found.via] == ["First", "Second"]
    assert "Alpha" in found.principal
    assert len(found.statements) == 3
    assert "becomes" in found.why


def test_a_chain_that_is_cut_is_isolated(tmp_path: Path) -> None:
    """The same roles without the second trust lead nowhere."""
    assert proof_of(tmp_path, chain(closed=True)).verdict == "isolated"


@pytest.mark.parametrize("service", ["states", "scheduler", "events", "pipes"])
def test_every_service_that_acts_for_others_needs_the_source(service: str, tmp_path: Path) -> None:
    """A shared role that starts jobs for a tenant must not be had by another account's state machine or schedule."""
    run = allow("emr-serverless:StartJobRun", arn("App"))
    application = resource("AWS::EMRServerless::Application", {"Name": "beta"}, tenant="beta")
    for source in (True, False):
        trust = service_trust(f"{service}.amazonaws.com", source=source)
        proof = proof_of(tmp_path, {"App": application, "Starter": role(None, run, trust=trust)})
        found = [(each.principal, each.target) for each in of_check(proof, "confused-deputy")]
        assert found == ([] if source else [(f"{service}.amazonaws.com", "beta")])


def test_a_stranger_may_not_become_a_shared_role_that_reaches_a_tenant(tmp_path: Path) -> None:
    """A role of nobody's that anybody may assume is a way into the tenant that it reads."""
    read = allow("s3:GetObject", below("BetaData", "/*"))
    resources = {"BetaData": bucket("beta"), "Reader": role(None, read, trust=aws_trust("*"))}
    assert [each.target for each in of_check(proof_of(tmp_path, resources), "trust")] == ["beta"]
