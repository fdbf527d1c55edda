"""Does a policy grant nothing beyond another one?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import iam_symbolic_support as support
import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from emrguard_policies.commands.iam import iam
from emrguard_policies.iam.containment import Containment, contains
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import PolicyKind, parse

CORPUS = os.environ.get("EMRGUARD_CORPUS")
# Cases of the corpus whose label is not what their text says, each with the reason.
MISLABELLED = {
    "allowlist-federated-access-saml.md: Candidate policy 1: PASS - allows only the allowlisted SAML provider":
        "the reference allows a provider of the placeholder account '<ACCOUNT ID>', the candidate one of 111111111111",
}  # fmt: skip


def _contains(candidate: dict[str, Any], reference: dict[str, Any], kind: PolicyKind = "identity") -> Containment:
    return contains(parse(candidate, "candidate", kind), parse(reference, "reference", kind))


def _allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **more}}


@pytest.mark.parametrize(
    ("candidate", "reference", "holds"),
    [
        (_allow("s3:GetObject", "arn:aws:s3:::a/x/*"), _allow("s3:Get*", "arn:aws:s3:::a/*"), True),
        (_allow("s3:Get*", "arn:aws:s3:::a/*"), _allow("s3:GetObject", "arn:aws:s3:::a/*"), False),
        (_allow("s3:GetObject", "*"), _allow("s3:GetObject", "arn:*:*:*:*:*"), False),
        (
            _allow("s3:Get*", "arn:aws:s3:::a/*", Condition={"NumericLessThan": {"s3:max-keys": 10}}),
            _allow("s3:Get*", "arn:aws:s3:::a/*", Condition={"NumericLessThan": {"s3:max-keys": 20}}),
            True,
        ),
        (
            _allow("s3:*", "*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            _allow("s3:*", "*", Condition={"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}),
            False,
        ),
        (_allow("s3:*", "arn:aws:s3:::a/${aws:username}/*"), _allow("s3:*", "arn:aws:s3:::a/*"), True),
        (_allow("s3:*", "arn:aws:s3:::a/${aws:username}/*"), _allow("s3:*", "arn:aws:s3:::a/${aws:username}/*"), True),
        (_allow("s3:*", "arn:aws:s3:::a/${aws:username}/*"), _allow("s3:*", "arn:aws:s3:::a/bob/*"), False),
    ],
)
def test_what_goes_beyond_has_a_witness(candidate: dict[str, Any], reference: dict[str, Any], holds: bool) -> None:
    """The answer is right, and a "no" comes with a concrete request."""
    answer = _contains(candidate, reference)
    assert answer.undecided is None
    assert answer.holds is holds
    assert (answer.witness is None) is holds
    if answer.witness:
        assert "*" not in answer.witness["action"]


@settings(max_examples=200, deadline=None)
@given(support.policies(), support.policies())
def test_every_witness_is_allowed_by_one_and_not_by_the_other(
    candidate: dict[str, Any], reference: dict[str, Any]
) -> None:
    """A witness is judged by the concrete engine, too; a policy always contains itself or nobody can say."""
    answer = _contains(candidate, reference)
    if answer.witness is not None:
        principal = Principal("user", "arn:aws:iam::111122223333:user/x", "111122223333")
        witness = answer.witness
        request = Request(principal, witness["action"], witness["resource"], witness["context"], "111122223333")
        assert decide(request, Policies(identity=[parse(candidate, "candidate")])).allowed
        assert not decide(request, Policies(identity=[parse(reference, "reference")])).allowed
    itself = _contains(candidate, candidate)
    assert itself.holds or itself.undecided


@pytest.mark.skipif(not CORPUS, reason="EMRGUARD_CORPUS is not set: the corpus is not part of the project")
def test_the_cases_of_access_analyzer() -> None:
    """AWS's own labelled cases, all of them, but for labels that contradict their text."""
    path = Path(CORPUS or "") / "iam" / "aws-policy-containment.json"
    cases = json.loads(path.read_text(encoding="utf-8"))
    wrong = set()
    for case in cases:
        answer = _contains(case["candidate"], case["reference"], case["kind"])
        found = "PASS" if answer.holds else "UNDECIDED" if answer.undecided else "FAIL"
        if found != case["expect"]:
            wrong.add(f"{Path(case['file']).name}: {case['name']}")
    assert wrong == set(MISLABELLED)
    assert len(cases) > 100


def _run(tmp_path: Path, *documents: dict[str, Any], more: tuple[str, ...] = ()) -> tuple[int, Any]:
    paths = []
    for index, document in enumerate(documents):
        paths.append(tmp_path / f"{index}.json")
        paths[-1].write_text(json.dumps(document), encoding="utf-8")
    arguments = ["contains", "--candidate", str(paths[0]), "--reference", str(paths[1]), *more]
    done = CliRunner().invoke(iam, arguments)
    return done.exit_code, json.loads(done.output) if done.output.startswith("{") else done


def test_the_command_answers_with_json_and_an_exit_code(tmp_path: Path) -> None:
    """0 it holds, 3 it does not, 1 undecided."""
    narrow, wide = _allow("s3:GetObject", "arn:aws:s3:::a/x"), _allow("s3:*", "arn:aws:s3:::a/*")
    assert _run(tmp_path, narrow, wide) == (0, {"holds": True, "witness": None, "undecided": None})
    code, answer = _run(tmp_path, wide, narrow)
    assert code == 3
    assert answer["holds"] is False
    assert answer["witness"]["resource"].startswith("arn:aws:s3:::a/")
    unreadable = _allow("s3:*", "*", Condition={"NumericLessThan": {"s3:max-keys": "many"}})
    code, answer = _run(tmp_path, unreadable, narrow)
    assert code == 1
    assert answer["undecided"]


def test_the_command_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    """A broken policy names its file."""
    code, done = _run(tmp_path, {"Statement": {"Effect": "Maybe"}}, _allow("*", "*"))
    assert code == 1
    assert "0.json" in str(done.exception)


def test_a_request_in_a_file_is_decided(tmp_path: Path) -> None:
    """`emrguard iam decide` prints the decision and the statements that made it."""
    path = tmp_path / "request.json"
    request = {
        "principal": {"kind": "user", "arn": "arn:aws:iam::111122223333:user/u"},
        "action": "s3:GetObject", "resource": "arn:aws:s3:::a/x", "context": {"aws:SecureTransport": True},
        "identity": [{"name": "mine", "document": _allow("s3:*", "*")}],
    }  # fmt: skip
    path.write_text(json.dumps(request), encoding="utf-8")
    done = CliRunner().invoke(iam, ["decide", str(path)])
    assert done.exit_code == 0
    answer = json.loads(done.output)
    assert answer["decision"] == "allow"
    assert answer["statements"] == [{"policy": "mine", "sid": None, "index": 0}]
    path.write_text(json.dumps({**request, "action": "kms:Decrypt"}), encoding="utf-8")
    assert CliRunner().invoke(iam, ["decide", str(path)]).exit_code == 3
