"""What depends on the deployment: conditions, partitions, several stacks, plain YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from isolation_support import Resources, allow, arn, below, bucket, deny, document, of_check, resource, role
from nasty_support import granted, platform

from emrguard_policies.assembly import load
from emrguard_policies.exceptions import InputError
from emrguard_policies.isolation import prove
from emrguard_policies.proof import Proof

PARAMETERS = {"Stage": {"Type": "String"}}
CONDITIONS = {"Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}


def _conditional(resources: Resources, path: Path) -> Proof:
    file = path / "stack.template.json"
    body = {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Resources": resources}
    file.write_text(json.dumps(body), encoding="utf-8")
    return prove(load(file))


def either(yes: Any, no: Any) -> dict[str, Any]:
    """An Fn::If that only a parameter decides."""
    return {"Fn::If": ["Prod", yes, no]}


NOTHING = {"Ref": "AWS::NoValue"}
OWN, OTHER = below("AlphaData", "/*"), below("BetaData", "/*")


def _two(*statements: Any, **more: Any) -> Resources:
    return {"AlphaData": bucket("alpha"), "BetaData": bucket("beta"), "Alpha": role("alpha", *statements, **more)}


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([allow("s3:GetObject", either(OWN, below("AlphaData", "/x/*")))], "isolated"),
        ([allow("s3:GetObject", either(OWN, OTHER))], "violated"),
        ([allow(either("s3:GetObject", "sts:GetCallerIdentity"), OTHER)], "violated"),
        ([either(allow("s3:GetObject", OTHER), NOTHING)], "violated"),
        ([either(allow("s3:GetObject", OWN), NOTHING)], "isolated"),
        ([allow("s3:*", OTHER), deny("s3:*", either(OTHER, OTHER))], "isolated"),
        ([allow("s3:*", OTHER), deny("s3:*", either(OTHER, OWN))], "violated"),
        ([allow("s3:*", OTHER), either(deny("s3:*", OTHER), NOTHING)], "violated"),
    ],
)
def test_both_branches_count(statements: list[Any], verdict: str, tmp_path: Path) -> None:
    """An Allow of either branch may apply; a Deny counts only if it stands in both."""
    assert _conditional(_two(*statements), tmp_path).verdict == verdict


def test_conditional_policies_and_attachments_count(tmp_path: Path) -> None:
    """A managed policy or an inline policy that only one deployment has gives its rights, and none of its limits."""
    wide = {"PolicyName": "wide", "PolicyDocument": document(allow("s3:GetObject", OTHER))}
    proof = _conditional(_two(Policies=[either(wide, NOTHING)]), tmp_path)
    assert of_check(proof, "data")
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    assert of_check(_conditional(_two(ManagedPolicyArns=[either(managed, NOTHING)]), tmp_path), "data")
    refuse = resource("AWS::IAM::ManagedPolicy", {"PolicyDocument": document(deny("s3:*", OTHER))})
    for attached, verdict in (({"Ref": "No"}, "isolated"), (either({"Ref": "No"}, NOTHING), "violated")):
        resources = {**_two(allow("s3:GetObject", OTHER), ManagedPolicyArns=[attached]), "No": refuse}
        assert _conditional(resources, tmp_path).verdict == verdict


def test_a_conditional_bucket_policy_seals_only_in_both_forms(tmp_path: Path) -> None:
    """A bucket policy with two forms seals by the Denies that both have."""
    only = {"ArnNotEquals": {"aws:PrincipalArn": arn("Beta")}}
    sealed = document(deny("s3:*", OTHER, Principal="*", Condition=only))
    for other, found in ((document(deny("s3:*", OTHER, Principal="*", Condition=only)), False), (document(), True)):
        resources = _two(allow("s3:GetObject", OTHER))
        resources["Beta"] = role("beta")
        body = {"Bucket": {"Ref": "BetaData"}, "PolicyDocument": either(sealed, other)}
        resources["Rules"] = resource("AWS::S3::BucketPolicy", body, tenant="beta")
        assert bool(of_check(_conditional(resources, tmp_path), "data")) is found


def _deployed(resources: Resources, region: str, path: Path) -> Proof:
    (path / "One.template.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    artifact = {
        "type": "aws:cloudformation:stack", "environment": f"aws://111122223333/{region}",
        "properties": {"templateFile": "One.template.json"},
    }  # fmt: skip
    (path / "manifest.json").write_text(json.dumps({"artifacts": {"One": artifact}}), encoding="utf-8")
    return prove(load(path))


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_every_partition_is_judged_alike(region: str, partition: str, tmp_path: Path) -> None:
    """In China and GovCloud the same platform is isolated, and the same ways are found, by that partition's ARNs."""
    proof = _deployed(platform(), region, tmp_path)
    assert proof.verdict == "isolated", [each.as_json() for each in proof.counterexamples]
    for statement, check in (
        (allow("s3:GetObject", {"Fn::Sub": "arn:${AWS::Partition}:s3:::${BetaData}/*"}), "data"),
        (allow("iam:PutRolePolicy", f"arn:{partition}:iam::111122223333:role/*"), "escalation"),
        (allow("glue:GetTable", f"arn:{partition}:glue:{region}:111122223333:*"), "catalog"),
        (allow("lambda:GetFunction", f"arn:{partition}:lambda:{region}:111122223333:*"), None),
    ):
        proof = _deployed(granted(platform(), "AlphaJob", statement), region, tmp_path)
        assert proof.verdict == ("violated" if check else "isolated")
        assert check is None or of_check(proof, check)[0].principal.startswith(f"arn:{partition}:iam::")
    other = "aws" if partition != "aws" else "aws-cn"
    foreign = allow("s3:GetObject", {"Fn::Sub": f"arn:{other}:s3:::${{BetaData}}/*"})
    assert _deployed(granted(platform(), "AlphaJob", foreign), region, tmp_path).verdict == "isolated"


def test_plain_yaml_is_judged(tmp_path: Path) -> None:
    """A YAML template with short forms is read like JSON."""
    file = tmp_path / "lake.yaml"
    file.write_text(
        """
Resources:
  BetaData: {Type: AWS::S3::Bucket, Metadata: {emrguard: {tenant: beta}}}
  Alpha:
    Type: AWS::IAM::Role
    Metadata: {emrguard: {tenant: alpha, part: submitter-role}}
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ec2.amazonaws.com}}]
      Policies:
        - PolicyName: p
          PolicyDocument:
            Statement: [{Effect: Allow, Action: s3:GetObject, Resource: !Sub "${BetaData.Arn}/*"}]
""",
        encoding="utf-8",
    )
    (found,) = of_check(prove(load(file)), "data")
    assert found.action == "s3:GetObject"


def test_a_template_that_refers_to_itself_is_an_error(tmp_path: Path) -> None:
    """A circle of references is named, not followed for ever."""
    resources = _two()
    for one, other in (("One", "Two"), ("Two", "One")):
        resources[one] = role("alpha", RoleName={"Ref": other})
    with pytest.raises(InputError, match="circular reference"):
        _conditional(resources, tmp_path)


@pytest.mark.parametrize("pattern", ["*a" * 60 + "*b", "arn:aws:s3:::" + "?*" * 200, "*" * 500 + "x"])
def test_pathological_patterns_never_pass(pattern: str, tmp_path: Path) -> None:
    """A pattern made to take for ever is decided or undecided in bounded time; where it matches it is a hole."""
    proof = _conditional(_two(allow("s3:*", pattern)), tmp_path)
    matches = "b" not in pattern[-1] and "x" not in pattern[-1]
    assert not matches or proof.verdict in ("violated", "undecided")
    wide = _conditional(_two(allow("s3:*", OTHER), deny("s3:*", pattern)), tmp_path)
    assert wide.verdict in ("violated", "undecided") or matches


@pytest.mark.parametrize("count", [100, 20_000])
def test_a_huge_policy_never_passes(count: int, tmp_path: Path) -> None:
    """A policy of many statements is judged; one that no account could have is undecided, in bounded time."""
    statements = [allow("s3:GetObject", f"arn:aws:s3:::elsewhere-{number}/*") for number in range(count)]
    proof = _conditional(_two(*statements, allow("s3:GetObject", OTHER)), tmp_path)
    if count == 100:
        assert len(of_check(proof, "data")) == 1
    else:
        assert proof.verdict == "undecided"
