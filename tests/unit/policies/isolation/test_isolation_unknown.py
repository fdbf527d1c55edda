"""What the proof cannot know counts as failed, and is named."""

from __future__ import annotations

import json
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
    of_check,
    proof_of,
    resource,
    role,
    service_trust,
)

from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove

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
    assert any("policy the other policies of" in text for text in proof.assumptions)
    assert any("role outside is not in the assembly" in text for text in proof.assumptions)


IAM = allow("iam:PutRolePolicy", "*")


def _custom(*statements: dict[str, object]) -> Resources:
    """A custom resource, its function and its role."""
    return {
        "Maker": resource("Custom::Maker", {"ServiceToken": arn("Fn")}),
        "Fn": resource("AWS::Lambda::Function", {"Role": arn("Acts")}),
        "Acts": role(None, *statements, trust=service_trust("lambda.amazonaws.com", source=False)),
    }


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (_custom(IAM), "its provider may do iam:PutRolePolicy"),
        ({"Maker": resource("Custom::Maker", {"ServiceToken": "arn:aws:lambda:us-east-1:111122223333:function:x"})},
         "its provider is not in the assembly"),
        (_custom(allow("s3:ListAllMyBuckets", "*")), None),
    ],
)  # fmt: skip
def test_a_custom_resource_that_may_change_rights_is_undecided(
    extra: Resources, why: str | None, tmp_path: Path
) -> None:
    """What such a resource changes stands in no template: said by name; a harmless provider is no question."""
    proof = proof_of(tmp_path, {**two(), **extra})
    assert proof.verdict == ("undecided" if why else "isolated")
    assert (why is None) or any(why in text and "custom resource" in text for text in proof.assumptions)


@pytest.mark.parametrize(
    "body",
    [
        {"Transform": "AWS::Serverless-2016-10-31"},
        {"Transform": ["AWS::LanguageExtensions", "Ours"]},
        {"Resources": {"Set": {"Type": "AWS::CloudFormation::StackSet"}}},
        {"Resources": {"M": {"Type": "Ours::Roles::Wide::MODULE"}}},
        {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}}}},
    ],
)
def test_what_cloudformation_would_still_expand_is_undecided(body: dict[str, object], tmp_path: Path) -> None:
    """A macro, module or stack set can make any role: the template does not say what is deployed."""
    file = tmp_path / "stack.template.json"
    resources = {**two(), **body.get("Resources", {})}  # type: ignore[dict-item]
    file.write_text(json.dumps({**body, "Resources": resources}), encoding="utf-8")
    proof = prove(load(file))
    assert proof.verdict == "undecided"
    assert proof.counterexamples[-1].principal == "any principal of a template that was not read"


@pytest.mark.parametrize("action", ["sts:AssumeRole", "iam:PassRole"])
@pytest.mark.parametrize(
    "role_arn", ["arn:aws:iam::111122223333:role/cdk-deploy", "*", {"Fn::ImportValue": "Elsewhere"}]
)
def test_the_way_into_a_role_that_is_not_here_is_undecided(action: str, role_arn: object, tmp_path: Path) -> None:
    """A role outside may do anything, the roles that deploy included; said with the role that is meant."""
    resources = two()
    resources["Alpha"] = role("alpha", allow(action, role_arn))
    proof = proof_of(tmp_path, resources)
    assert proof.verdict == "undecided"
    assert any("role outside of the assembly" in text for text in proof.assumptions)


def test_passing_a_role_that_is_here_is_no_question(tmp_path: Path) -> None:
    """Only roles that are not in the assembly are unknown."""
    resources = {**two(), "Named": role("alpha", RoleName="alpha-job")}
    own = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/alpha-job"}
    resources["Alpha"] = role("alpha", allow("iam:PassRole", [arn("Named"), own]))
    assert proof_of(tmp_path, resources).verdict == "isolated"


def test_a_function_of_the_tenants_in_an_imported_role_is_undecided(tmp_path: Path) -> None:
    """What runs for a tenant in a role that is not in the templates may do anything."""
    body = {"Role": "arn:aws:iam::111122223333:role/imported"}
    resources = {**two(), "Fn": resource("AWS::Lambda::Function", body, tenant="alpha")}
    proof = proof_of(tmp_path, resources)
    assert proof.verdict == "undecided"
    assert any("role/imported is taken to be able to do everything" in text for text in proof.assumptions)


def test_a_role_with_a_shortened_name_is_not_taken_for_one_outside(tmp_path: Path) -> None:
    """Of a generated name that is too long nobody knows the rest; passing another role in full is no doubt then."""
    account = aws_trust({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"})
    passing = allow(
        "iam:PassRole", arn("RunnerOfAllTheJobs"), Condition={"StringEquals": {"iam:PassedToService": SERVICE}}
    )
    resources = {
        "RunnerOfAllTheJobs": role("alpha"),
        "Submitter": role("alpha", passing, trust=account, part="submitter-role"),
        "L" * 60: role("alpha"),
        "Beta": role("beta"),
        "Data": bucket("beta"),
    }
    directory = tmp_path / "cdk.out"
    directory.mkdir()
    (directory / "Flights.template.json").write_text(json.dumps({"Resources": resources}))
    properties = {"templateFile": "Flights.template.json"}
    artifact = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region"}
    manifest = {"version": "48.0.0", "artifacts": {"Flights": {**artifact, "properties": properties}}}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    assert prove(load(directory)).verdict == "isolated"
