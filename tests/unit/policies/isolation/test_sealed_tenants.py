"""The proof of isolation on small tenants: it holds for true reasons, and each hole is found and named."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import sealed_tenants_support as support
from sealed_tenants_support import ROOT, SERVICE, allow, arn, grant, marked, policy, proof_of, role, tenant, trusts, two

from emrguard_policies.exceptions import InputError
from emrguard_policies.goals import KINDS
from emrguard_policies.proof import Proof


def _checks(proof: Proof) -> set[tuple[str, str | None, str | None]]:
    return {(each.check, each.source, each.target) for each in proof.counterexamples}


def test_sealed_tenants_are_isolated(tmp_path: Path) -> None:
    """Two sealed tenants: every kind is sealed in both directions, and the assumptions are printed."""
    proof = proof_of(two(), tmp_path)
    assert proof.verdict == "isolated", proof.counterexamples
    assert proof.tenants == ("flights", "payroll")
    assert proof.checked > 100
    assert proof.matrix["flights"]["payroll"] == dict.fromkeys(KINDS, "sealed")
    assert proof.matrix["flights"]["flights"] == dict.fromkeys(KINDS, "own")
    assert any("deployed as they are" in text for text in proof.assumptions)


@pytest.mark.parametrize(
    ("carrier", "statement", "kind", "action", "resource"),
    [
        ("Submit", allow("s3:PutBucketPolicy", "arn:aws:s3:::*"), "data", "s3:PutBucketPolicy", "arn:aws:s3:::"),
        ("Exec", allow("s3:List*"), "data", "s3:ListBucket", "arn:aws:s3:::"),
        ("Exec", allow("kms:*"), "keys", "kms:PutKeyPolicy", "arn:aws:kms:"),
        ("Exec", allow("logs:*", "arn:aws:logs:*:*:log-group:/aws/emr/*"), "logs", "logs:FilterLogEvents",
         ":log-group:/"),
        ("Exec", allow("logs:GetLogEvents", "arn:aws:logs:*:*:log-group:/aws/emr/p?yroll:*"), "logs",
         "logs:GetLogEvents", "/aws/emr/payroll:log-stream:"),
        ("Submit", allow("emr-serverless:Start*"), "applications", "emr-serverless:StartJobRun", "/applications/00"),
        ("Submit", allow("emr-serverless:CancelJobRun", "arn:*:emr-serverless:*:*:/applications/*/jobruns/*"),
         "applications", "emr-serverless:CancelJobRun", "/jobruns/"),
        ("Submit", allow("emr-serverless:GetSessionEndpoint"), "applications", "emr-serverless:GetSessionEndpoint",
         "/sessions/"),
        ("Submit", allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": SERVICE["Service"]}}),
         "roles", "iam:PassRole", ":role/"),
        ("Exec", allow("sts:AssumeRole"), "roles", "sts:AssumeRole", ":role/"),
        ("Exec", {"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::*"}, "keys", "kms:PutKeyPolicy",
         "arn:aws:kms:"),
    ],
)  # fmt: skip
def test_a_hole_is_found_and_named(
    tmp_path: Path, carrier: str, statement: dict[str, Any], kind: str, action: str, resource: str
) -> None:
    """Each way into another tenant gives a request with a concrete resource, the statement, and a mend."""
    proof = proof_of(grant(two(), f"flights{carrier}", statement), tmp_path)
    assert proof.verdict == "violated"
    assert proof.matrix["flights"]["payroll"][kind] == "open"
    assert set(proof.matrix["payroll"]["flights"].values()) == {"sealed"}
    found = [each for each in proof.counterexamples if each.check == kind and each.target == "payroll"]
    assert action in {each.action for each in found}
    assert any(resource in each.resource for each in found)
    for each in found:
        assert "*" not in each.resource
        assert each.source == "flights"
        assert any(f"flights{carrier} Policies[0]" in label for label in each.statements)
        assert f"flights{carrier}" in each.mend


def test_one_layer_left_is_a_violation_of_least_privilege(tmp_path: Path) -> None:
    """A role that only the other tenant's bucket policy still keeps out is reported, and the bucket is sealed."""
    proof = proof_of(grant(two(), "flightsExec", allow("s3:GetObject", "arn:aws:s3:::*/*")), tmp_path)
    assert proof.verdict == "violated"
    assert _checks(proof) == {("least-privilege", "flights", "payroll")}
    (example,) = proof.counterexamples
    assert example.action == "s3:GetObject"
    assert example.resource.startswith("arn:aws:s3:::")
    assert "payrolldata" in example.resource
    assert proof.matrix["flights"]["payroll"]["data"] == "sealed"


def test_the_deny_of_a_conditional_bucket_policy_does_not_count(tmp_path: Path) -> None:
    """A bucket policy that a deployment may leave out protects nothing for certain."""
    resources = grant(two(), "flightsExec", allow("s3:GetObject", "arn:aws:s3:::*/*"))
    resources["payrollRules"]["Condition"] = "Maybe"
    proof = proof_of(resources, tmp_path)
    assert ("data", "flights", "payroll") in _checks(proof)
    assert any("under a condition" in text for text in proof.assumptions)


@pytest.mark.parametrize(
    ("name", "pattern", "reached"),
    [
        ("payroll-records", "payroll-*", True),
        ("payroll-records", "payroll-other-*", False),
        (None, "any-stack-payrolldata-abcdefghijkl", True),
        (None, "Any-Stack-*", False),
    ],
)
def test_a_pattern_that_could_hit_the_bucket_counts(
    tmp_path: Path, name: str | None, pattern: str, reached: bool
) -> None:
    """A literal name that has the shape of the other tenant's generated bucket name may be that bucket."""
    resources = two()
    if name:
        resources["payrollData"]["Properties"] = {"BucketName": name}
        resources["flightsData"]["Properties"] = {"BucketName": "flights-records"}
    assert proof_of(resources, tmp_path).verdict == "isolated"
    resources = grant(resources, "flightsExec", allow("s3:ListBucket", f"arn:aws:s3:::{pattern}"))
    assert (("data", "flights", "payroll") in _checks(proof_of(resources, tmp_path))) is reached


def _shared(listing: dict[str, Any]) -> dict[str, Any]:
    """CDK's `bucket.grant_read(role, "flights/*")` on a bucket of two tenants, with the given list right."""
    resources = two()
    resources["Lake"] = {
        "Type": "AWS::S3::Bucket",
        "Metadata": {"emrguard": {"shared": "one lake", "part": "data-bucket",
                                  "prefixes": {"flights": ["flights/"], "payroll": ["payroll/"]}}},
    }  # fmt: skip
    return grant(
        resources, "flightsExec", allow(["s3:GetObject*", "s3:GetBucket*"], arn("Lake", "/flights/*")), listing
    )


def test_a_grant_of_cdk_on_a_shared_bucket_lists_everybodys_keys(tmp_path: Path) -> None:
    """CDK grants s3:List* on the whole bucket, which shows the other tenant's keys; a prefix condition mends it."""
    proof = proof_of(_shared(allow("s3:List*", arn("Lake"))), tmp_path)
    assert _checks(proof) == {("data", "flights", "payroll")}
    assert proof.counterexamples[0].action == "s3:ListBucket"
    mended = allow("s3:ListBucket", arn("Lake"), Condition={"StringLike": {"s3:prefix": ["flights/*"]}})
    assert proof_of(_shared(mended), tmp_path).verdict == "isolated"


@pytest.mark.parametrize("prefix", ["*", "p*", "payroll", "", "payroll/2026/*", "??x"])
def test_a_list_condition_that_covers_the_other_prefix_is_a_hole(tmp_path: Path, prefix: str) -> None:
    """A list by a part of the other tenant's prefix, or below it, shows its keys."""
    listing = allow("s3:ListBucket", arn("Lake"), Condition={"StringLike": {"s3:prefix": prefix}})
    proof = proof_of(_shared(listing), tmp_path)
    assert (proof.verdict == "violated") is (prefix != "??x")


def test_a_chain_of_roles_is_followed(tmp_path: Path) -> None:
    """What a tenant can do in a role that it can become counts, with the way there; circles end."""
    resources = grant(two(), "flightsExec", allow("sts:AssumeRole", arn("First")))
    resources["First"] = role(trusts({"AWS": arn("flightsExec")}), allow("sts:AssumeRole", "*"))
    resources["Second"] = role(
        trusts({"AWS": arn("First")}),
        allow("emr-serverless:StartJobRun", arn("payrollApp")),
        allow("sts:AssumeRole", "*"),
    )
    resources["First"]["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(trusts({"AWS": arn("Second")}))
    del resources["payrollSubmit"]
    proof = proof_of(resources, tmp_path)
    (example,) = [each for each in proof.counterexamples if each.check == "applications"]
    assert (example.source, example.target, example.action) == ("flights", "payroll", "emr-serverless:StartJobRun")
    assert len(example.via) == 2
    assert "First" in example.via[0]
    assert "Second" in example.via[1]


def test_a_key_that_delegates_to_the_account_is_open_to_identity_policies(tmp_path: Path) -> None:
    """`kms:*` for the account root makes an identity policy enough; without it only the key policy decides."""
    resources = grant(two(), "flightsExec", allow("kms:Decrypt", "arn:aws:kms:*:*:key/*"))
    sealed = proof_of(resources, tmp_path)
    assert _checks(sealed) == {("least-privilege", "flights", "payroll")}
    statements = resources["payrollKey"]["Properties"]["KeyPolicy"]["Statement"]
    statements[0]["Action"] = "kms:*"
    opened = proof_of(resources, tmp_path)
    assert ("keys", "flights", "payroll") in _checks(opened)
    (example,) = [each for each in opened.counterexamples if each.check == "keys"]
    assert any("(key policy), statement Admin" in label for label in example.statements)


def test_a_resource_policy_alone_can_open_a_bucket(tmp_path: Path) -> None:
    """A bucket policy that names another tenant's role is enough in one account."""
    resources = two()
    resources["payrollRules"]["Properties"]["PolicyDocument"] = policy(
        {"Effect": "Allow", "Principal": {"AWS": arn("flightsSubmit")}, "Action": "s3:Get*", "Sid": "Friends",
         "Resource": arn("payrollData", "/reports/*")},
    )  # fmt: skip
    (example,) = proof_of(resources, tmp_path).counterexamples
    assert (example.check, example.source, example.target) == ("data", "flights", "payroll")
    assert "/reports/" in example.resource
    assert example.statements == ("Stack/payrollRules, statement Friends",)


def test_a_boundary_seals(tmp_path: Path) -> None:
    """A permissions boundary that is in the templates limits what a wide policy gives."""
    resources = grant(two(), "flightsExec", allow("s3:List*"))
    resources["Limit"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": policy(
            allow("s3:*", [arn("flightsData"), arn("flightsData", "/*")]), allow(["kms:*", "logs:*"]),
        )},
    }  # fmt: skip
    resources["flightsExec"]["Properties"]["PermissionsBoundary"] = {"Ref": "Limit"}
    assert proof_of(resources, tmp_path).verdict == "isolated"


@pytest.mark.parametrize("side", ["role", "policy"])
def test_managed_policies_of_the_assembly_count(tmp_path: Path, side: str) -> None:
    """A customer managed policy counts, whichever side attaches it."""
    resources = two()
    resources["Wide"] = {
        "Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy(allow("s3:List*"))},
    }  # fmt: skip
    if side == "role":
        resources["flightsExec"]["Properties"]["ManagedPolicyArns"] = [{"Ref": "Wide"}]
    else:
        resources["Wide"]["Properties"]["Roles"] = [{"Ref": "flightsExec"}]
    proof = proof_of(resources, tmp_path)
    assert ("data", "flights", "payroll") in _checks(proof)
    assert {each.statements for each in proof.counterexamples} == {("Stack/Wide, statement #0",)}


@pytest.mark.parametrize(
    "spoil",
    [
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/SomethingNew"]},
        {"ManagedPolicyArns": [{"Ref": "Parameter"}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Ref": "Parameter"}}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Statement": [{"Effect": "Allow"}]}}]},
    ],
)
def test_a_policy_that_is_not_known_leaves_the_question_open(tmp_path: Path, spoil: dict[str, Any]) -> None:
    """What cannot be read never proves anything: undecided, said once, with the policy's name in the assumptions."""
    resources = two()
    resources["flightsExec"]["Properties"] |= spoil
    proof = proof_of(resources, tmp_path)
    assert proof.verdict == "undecided"
    assert [each.check for each in proof.counterexamples] == ["undecided"]
    assert any("is not known" in text for text in proof.assumptions)
    assert proof.matrix["flights"]["payroll"]["data"] == "open"


def test_an_unreadable_policy_does_not_hide_a_certain_hole(tmp_path: Path) -> None:
    """Beside an unknown policy, a hole that is certain is still a violation."""
    resources = grant(two(), "flightsExec", allow("s3:List*"))
    resources["flightsExec"]["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/SomethingNew"]
    proof = proof_of(resources, tmp_path)
    assert proof.verdict == "violated"
    assert ("data", "flights", "payroll") in _checks(proof)


@pytest.mark.parametrize(
    ("trust", "check"),
    [
        (trusts(SERVICE), "confused-deputy"),
        (trusts(SERVICE, StringEquals={"aws:SourceAccount": "123456789012"}), "confused-deputy"),
        (trusts(SERVICE, StringLike={"aws:SourceAccount": "*"}), "confused-deputy"),
        (trusts({"AWS": "*"}), "trust"),
        (trusts(ROOT), "trust"),
        (trusts({"AWS": "arn:aws:iam::123456789012:role/elsewhere"}), "trust"),
        (trusts({"Service": "lambda.amazonaws.com"}), "trust"),
        (trusts({"Federated": "cognito-identity.amazonaws.com"}), "trust"),
    ],
)
def test_a_role_that_runs_jobs_trusts_the_service_for_its_account_alone(
    tmp_path: Path, trust: dict[str, Any], check: str
) -> None:
    """Anyone else who may become an execution role is named."""
    resources = two()
    resources["flightsExec"]["Properties"]["AssumeRolePolicyDocument"] = policy(trust)
    proof = proof_of(resources, tmp_path)
    assert proof.verdict == "violated"
    assert (check, None, "flights") in _checks(proof)


def test_a_source_arn_of_the_account_is_protection_enough(tmp_path: Path) -> None:
    """aws:SourceArn with the account in it keeps other accounts out as well."""
    resources = two()
    source = {"Fn::Sub": "arn:aws:emr-serverless:${AWS::Region}:${AWS::AccountId}:/applications/*"}
    resources["flightsExec"]["Properties"]["AssumeRolePolicyDocument"] = policy(
        trusts(SERVICE, ArnLike={"aws:SourceArn": source})
    )
    assert proof_of(resources, tmp_path).verdict == "isolated"


@pytest.mark.parametrize(
    "action", ["iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:CreateAccessKey", "iam:*"]
)
def test_rights_to_give_oneself_rights_are_an_escalation(tmp_path: Path, action: str) -> None:
    """A tenant's principal that can change policies or make users can get out of any seal."""
    proof = proof_of(grant(two(), "flightsSubmit", allow(action)), tmp_path)
    assert ("escalation", "flights", None) in _checks(proof)


def _with_trail(resources: dict[str, Any]) -> dict[str, Any]:
    shared = {"emrguard": {"shared": "one trail for all", "part": "trail"}}
    return {
        **resources,
        "Trail": {"Type": "AWS::CloudTrail::Trail", "Metadata": shared,
                  "Properties": {"S3BucketName": {"Ref": "Record"}, "IsLogging": True, "KMSKeyId": arn("RecordKey")}},
        "Record": {"Type": "AWS::S3::Bucket", "Metadata": shared},
        "RecordKey": {"Type": "AWS::KMS::Key", "Metadata": shared, "Properties": {"KeyPolicy": policy(
            {"Effect": "Allow", "Principal": ROOT, "Action": "kms:*", "Resource": "*"})}},
    }  # fmt: skip


@pytest.mark.parametrize(
    "action",
    ["cloudtrail:StopLogging", "cloudtrail:PutEventSelectors", "s3:DeleteObject", "s3:PutBucketPolicy",
     "s3:PutLifecycleConfiguration", "kms:ScheduleKeyDeletion", "kms:DisableKey"],
)  # fmt: skip
def test_no_tenant_may_stop_or_alter_the_record(tmp_path: Path, action: str) -> None:
    """Stopping the trail, deleting its files or its key is a violation from any tenant."""
    assert proof_of(_with_trail(two()), tmp_path).verdict == "isolated"
    proof = proof_of(_with_trail(grant(two(), "flightsSubmit", allow(action))), tmp_path)
    found = [each for each in proof.counterexamples if each.check == "audit"]
    assert action in {each.action for each in found}


def test_a_principal_of_nobody_that_reaches_two_tenants_is_a_bridge(tmp_path: Path) -> None:
    """An unmarked role in both tenants' data is reported; marked as shared, with a reason, it is an assumption."""
    resources = two()
    resources["Copier"] = role(trusts({"Service": "lambda.amazonaws.com"}), allow("s3:List*"))
    proof = proof_of(resources, tmp_path)
    assert _checks(proof) == {("data", None, "flights"), ("data", None, "payroll")}
    resources["Copier"]["Metadata"] = {"emrguard": {"shared": "copies between the tenants", "part": "copier"}}
    proof = proof_of(resources, tmp_path)
    assert proof.verdict == "isolated"
    assert any("copies between the tenants" in text for text in proof.assumptions)


def test_a_bucket_of_nobody_that_two_tenants_reach_is_undecided(tmp_path: Path) -> None:
    """Nobody can say whether a common bucket without an owner breaks the seal; the answer asks whose it is."""
    resources = two()
    resources["Common"] = {"Type": "AWS::S3::Bucket"}
    for name in ("flightsExec", "payrollExec"):
        resources = grant(resources, name, allow("s3:PutObject", arn("Common", "/*")))
    proof = proof_of(resources, tmp_path)
    assert proof.verdict == "undecided"
    assert [each.check for each in proof.counterexamples] == ["unowned"]
    assert "Common" in proof.counterexamples[0].mend


def test_a_user_gets_the_policies_of_its_groups(tmp_path: Path) -> None:
    """A group's policy reaches the tenants through its members."""
    resources = two()
    resources["Team"] = {
        "Type": "AWS::IAM::Group",
        "Properties": {
            "Policies": [{"PolicyName": "P", "PolicyDocument": policy(allow("s3:List*", arn("payrollData")))}],
        },
    }  # fmt: skip
    resources["Ann"] = marked(
        {"Type": "AWS::IAM::User", "Properties": {"Groups": [{"Ref": "Team"}]}}, "flights", "submitter-role"
    )
    (example,) = proof_of(resources, tmp_path).counterexamples
    assert ":user/" in example.principal
    assert example.check == "data"


# Where the tenants come from


def test_without_marks_each_application_is_a_tenant(tmp_path: Path) -> None:
    """A foreign template: tenants are inferred from the applications and what runs their jobs, and that is said."""
    resources = {**tenant("flights", marks=False), **tenant("payroll", marks=False)}
    proof = proof_of(resources, tmp_path)
    assert proof.tenants == ("flights", "payroll")
    assert proof.verdict == "isolated", proof.counterexamples
    assert any("taken to be one" in text for text in proof.assumptions)
    opened = proof_of(grant(resources, "flightsExec", allow("iam:PassRole")), tmp_path)
    assert ("roles", "flights", "payroll") in _checks(opened)


def test_nothing_to_prove_is_said(tmp_path: Path) -> None:
    """A template without tenants is isolated, with no question asked and a sentence that says so."""
    proof = proof_of({"B": {"Type": "AWS::S3::Bucket"}}, tmp_path)
    assert (proof.verdict, proof.checked, proof.tenants) == ("isolated", 0, ())
    assert any("nothing to prove" in text for text in proof.assumptions)


def test_a_given_map_overrides_the_templates(tmp_path: Path) -> None:
    """The map says who owns what; a wrong one is refused with the element that is wrong."""
    resources = {**tenant("flights", marks=False), **tenant("payroll", marks=False)}
    given = {"tenants": {"a": ["Stack/flights*"], "b": ["Stack/payroll*"]}}
    proof = proof_of(grant(resources, "flightsExec", allow("s3:List*")), tmp_path, given)
    assert ("data", "a", "b") in _checks(proof)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"tenant": {}}, "tenant"), ({"tenants": {"a": "Stack/*"}}, "tenants.a"),
        ({"tenants": {"a": ["Nowhere/*"]}}, "Nowhere"), ({"tenants": {"a": ["*"], "b": ["*"]}}, "both"),
    ]  # fmt: skip
    for wrong, named in cases:
        with pytest.raises(InputError, match=named):
            proof_of(resources, tmp_path, wrong)


def test_forty_tenants_take_little_time(tmp_path: Path) -> None:
    """All pairs of forty tenants are proved in seconds, and a hole among them is found."""
    resources: dict[str, Any] = {}
    for number in range(40):
        resources |= tenant(f"team{number:02d}")
    begin = time.perf_counter()
    assert proof_of(resources, tmp_path).verdict == "isolated"
    proof = proof_of(grant(resources, "team07Submit", allow("iam:PassRole", arn("team31Exec"))), tmp_path)
    assert _checks(proof) == {("roles", "team07", "team31")}
    assert time.perf_counter() - begin < 20


def test_the_witnesses_are_allowed_by_the_concrete_engine(tmp_path: Path) -> None:
    """A counterexample is a request that can be tried: the same policies allow it when it is decided concretely."""
    from emrguard_policies.iam.decide import Policies, Principal, Request, decide
    from emrguard_policies.iam.model import parse

    statement = support.allow("emr-serverless:*", "arn:aws:emr-serverless:*:*:/applications/*")
    proof = proof_of(grant(two(), "flightsSubmit", statement), tmp_path)
    assert proof.counterexamples
    for each in proof.counterexamples:
        account = each.principal.split(":")[4]
        principal = Principal("role-session", each.principal, account, each.principal)
        request = Request(principal, each.action, each.resource, each.context, account)
        assert decide(request, Policies(identity=[parse(policy(statement), "p")])).allowed
