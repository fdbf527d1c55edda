"""Policies made to break or to stall a reader: a clear error or "undecided" in bounded time, never a pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emrguard_policies.commands.iam import iam
from emrguard_policies.exceptions import EmrGuardError
from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import PolicyError, parse

ACCOUNT = "111122223333"
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/x", ACCOUNT)
GOOD = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def _allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | more


_TEXTS = {
    "malformed": ('{"Statement": [', "not JSON"),
    "effect twice": (
        '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}', "stands twice"),
    "NaN": ('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": NaN}}', "no JSON number"),
    "unknown version": (json.dumps({**GOOD, "Version": "2012-10-18"}), "use 2012-10-17"),
    "no effect": ('{"Statement": {"Action": "*", "Resource": "*"}}', "use Allow or Deny"),
    "deep": ('{"Statement": ' + "[" * 200_000 + "]" * 200_000 + "}", "characters|not JSON"),
    "deep and short": ('{"Statement": ' + "[" * 50_000 + "]" * 50_000 + "}", "not JSON"),
    "10 MB": (json.dumps({"Statement": _allow(Resource=["arn:aws:s3:::a/" + "x" * 1_000] * 10_000)}), "32,768 at most"),
    "100,000 statements": (json.dumps({"Statement": [_allow()] * 100_000}), "32,768 at most"),
    "reserved character": (json.dumps({"Statement": _allow(Resource="arn:aws:s3:::\U00100000")}), "plane 16"),
    "key in two cases": (
        json.dumps({"Statement": _allow(Condition={"StringEquals": {"aws:username": "a", "AWS:UserName": "b"}})}),
        "twice, in different cases"),
}  # fmt: skip


@pytest.mark.parametrize("name", _TEXTS)
def test_text_that_is_no_policy_is_refused_by_api_and_command(name: str, tmp_path: Path) -> None:
    """The error names the policy and what is wrong with it; the command ends with 1 and the program's own error."""
    text, said = _TEXTS[name]
    with pytest.raises(PolicyError, match=said):
        parse(text, "broken")
    broken, good = tmp_path / "broken.json", tmp_path / "good.json"
    broken.write_text(text, encoding="utf-8")
    good.write_text(json.dumps(GOOD), encoding="utf-8")
    for pair in ((broken, good), (good, broken)):
        arguments = ["contains", "--candidate", str(pair[0]), "--reference", str(pair[1])]
        done = CliRunner().invoke(iam, arguments)
        assert done.exit_code == 1
        # What the program's entry point shows as one line.
        assert isinstance(done.exception, EmrGuardError)
        assert "broken.json" in str(done.exception)


def test_a_principal_of_the_wrong_type_is_refused() -> None:
    """Also an empty list, which in NotPrincipal would mean everyone."""
    wrong: list[Any] = [7, [], {"AWS": 7}, {"AWS": []}, {"AWS": [["x"]]}]
    for principal in wrong:
        for key in ("Principal", "NotPrincipal"):
            with pytest.raises(PolicyError):
                parse({"Statement": {**_allow(), key: principal}}, "p", "resource")


_HEAVY: dict[str, dict[str, Any]] = {
    "many wildcards": _allow(Resource="arn:aws:s3:::" + "*a" * 5_000),
    "wildcards in segments": _allow(Resource="arn:aws:" + "*a" * 1_000 + ":*:*:*"),
    "stars only": _allow(Resource="arn:aws:s3:::" + "*" * 100_000 + "b"),
    "one long pattern": _allow(Resource="arn:aws:s3:::" + "ab?" * 200_000),
    "question marks": _allow(Resource="arn:aws:s3:::*" + "?" * 5_000 + "*"),
    "many values": _allow(Condition={"StringLike": {"s3:prefix": [f"*{number}*x" for number in range(2_000)]}}),
    "many numbers": _allow(Condition={"NumericEquals": {"s3:max-keys": list(range(5_000))}}),
    "many networks": _allow(Condition={"NotIpAddress": {"aws:SourceIp": [f"10.{number // 256}.{number % 256}.0/24"
                                                                         for number in range(3_000)]}}),
    "many conditions": _allow(Condition={"StringLike": {f"aws:RequestTag/{number}": "*a*b*" for number in range(500)}}),
}  # fmt: skip


@pytest.mark.parametrize("name", _HEAVY)
def test_a_heavy_policy_is_not_contained_in_another_one(name: str) -> None:
    """Thousands of wildcards, values or conditions: a witness or "undecided", within the budget of steps."""
    heavy = parse({"Version": "2012-10-17", "Statement": _HEAVY[name]}, "heavy")
    other = _allow(Resource="arn:aws:s3:::" + "*b" * 300, Condition={"StringEquals": {"aws:username": "u"}})
    answer = contains(heavy, parse({"Statement": other}, "other"))
    assert not answer.holds
    contains(parse({"Statement": other}, "other"), heavy)
    decide(Request(USER, "s3:GetObject", "arn:aws:s3:::" + "a" * 1_000, {"s3:prefix": "x"}, ACCOUNT), Policies([heavy]))


def test_thousands_of_statements_are_compared_within_the_budget() -> None:
    """As many statements as a document may have, with overlapping Denies."""
    allows = [_allow(Resource=f"arn:aws:s3:::a/{number}*") for number in range(700)]
    denies = [_allow(Effect="Deny", Resource=f"arn:aws:s3:::*{number}/x*") for number in range(700)]
    many = parse({"Statement": [*allows, *denies]}, "many")
    assert contains(many, many).holds
    assert not contains(many, parse({"Statement": _allow(Action="kms:*")}, "other")).holds


def test_a_request_with_a_key_in_two_cases_is_refused(tmp_path: Path) -> None:
    """Nobody could say which value counts."""
    path = tmp_path / "request.json"
    request = {"principal": {"kind": "user", "arn": USER.arn}, "action": "s3:GetObject", "resource": "*",
               "context": {"aws:username": "a", "AWS:username": "b"}}  # fmt: skip
    path.write_text(json.dumps(request), encoding="utf-8")
    done = CliRunner().invoke(iam, ["decide", str(path)])
    assert done.exit_code == 1
    assert "twice" in str(done.exception)
