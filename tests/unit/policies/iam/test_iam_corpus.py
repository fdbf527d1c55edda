"""Requests, policies and decisions that come from elsewhere: the iam-rs corpus."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import PolicyKind, parse

CORPUS = os.environ.get("EMRGUARD_CORPUS")
pytestmark = pytest.mark.skipif(not CORPUS, reason="EMRGUARD_CORPUS is not set: the corpus is not part of the project")
ROOT = Path(CORPUS or ".") / "iam" / "iam-rs"


def test_the_decisions_of_iam_rs() -> None:
    """Each request of the corpus is decided as its authors expect."""
    files = sorted((ROOT / "requests").glob("*.json"))
    assert files
    for path in files:
        case = json.loads(path.read_text(encoding="utf-8"))
        arn = case["request"]["Principal"]["AWS"]
        account = arn.split(":")[4]
        request = Request(
            Principal("user", arn, account),
            case["request"]["Action"],
            case["request"]["Resource"],
            case["request"].get("Context", {}),
            account,
        )
        decision = decide(request, Policies(identity=[parse(case["policy"], path.name)]))
        assert decision.allowed is (case["result"] == "Allow"), path.name


def test_the_policies_of_iam_rs_are_read() -> None:
    """Every policy of the corpus parses, as identity policy or, with principals, as resource policy."""
    files = sorted((ROOT / "policies").glob("*.json"))
    assert len(files) > 50
    for path in files:
        text = path.read_text(encoding="utf-8")
        kind: PolicyKind = "resource" if '"Principal"' in text or '"NotPrincipal"' in text else "identity"
        assert parse(text, path.name, kind).statements, path.name
