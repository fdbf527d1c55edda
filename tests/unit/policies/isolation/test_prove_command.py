"""`emrguard prove`: texts and JSON for people and machines, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from sealed_tenants_support import allow, grant, tenant, two, written

from emrguard_policies.commands.prove import prove


def _run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(prove, list(arguments))
    return done.exit_code, done.output


def test_an_isolated_assembly_exits_with_0(tmp_path: Path) -> None:
    """The text names the tenants and prints the assumptions."""
    code, text = _run(str(written(two(), tmp_path)))
    assert code == 0
    assert text.startswith("The tenants flights, payroll are isolated: ")
    assert "Assumptions:\n  - " in text


def test_a_violation_is_explained(tmp_path: Path) -> None:
    """Who can do what to whom, because of which statement, and the mend; exit code 3."""
    code, text = _run(str(written(grant(two(), "flightsExec", allow("s3:List*")), tmp_path)))
    assert code == 3
    assert text.startswith("Not isolated: ")
    for words in (
        "flightsExec", "(flights)", "can do s3:ListBucket", "(payroll)", "Because of: Stack/flightsExec Policies[0]",
        "Mend: narrow Stack/flightsExec", "flights -> payroll: data",
    ):  # fmt: skip
        assert words in text


def test_the_json_has_the_documented_form(tmp_path: Path) -> None:
    """Version, verdict, assumptions, tenants, number of questions, counterexamples."""
    path = str(written(grant(two(), "flightsExec", allow("s3:List*")), tmp_path))
    code, text = _run(path, "--format", "json")
    proof: dict[str, Any] = json.loads(text)
    assert code == 3
    assert set(proof) == {"version", "verdict", "assumptions", "tenants", "checked", "counterexamples"}
    assert proof["version"] == 1
    assert proof["verdict"] == "violated"
    assert proof["tenants"] == ["flights", "payroll"]
    assert isinstance(proof["checked"], int)
    assert set(proof["counterexamples"][0]) == {
        "check", "principal", "action", "resource", "context", "via", "statements", "mend",
    }  # fmt: skip


def test_the_html_page_shows_matrix_and_paths(tmp_path: Path) -> None:
    """One self-contained page: the open pair in words, the path, the statement, the mend; names are escaped."""
    path = str(written(grant(two(), "flightsExec", allow("s3:List*")), tmp_path))
    code, page = _run(path, "--format", "html")
    assert code == 3
    for words in ("⚠ OPEN data", "✕ sealed keys", "flightsExec", "s3:ListBucket", "<dt>mend</dt>", "Assumptions"):
        assert words in page, words
    assert "http" not in page.replace("http-equiv", "")
    code, page = _run(str(written(two(), tmp_path)), "--format", "html")
    assert code == 0
    assert "OPEN data" not in page


def test_undecided_counts_as_failed(tmp_path: Path) -> None:
    """A policy that is not known gives exit code 3."""
    resources = two()
    resources["flightsExec"]["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/SomethingNew"]
    code, text = _run(str(written(resources, tmp_path)))
    assert code == 3
    assert text.startswith("Undecided, which counts as failed: ")


def test_tenants_can_be_given_in_a_file(tmp_path: Path) -> None:
    """A map of tenants in a file replaces the manifest; a broken one is an error that names the file."""
    path = written({**tenant("flights", marks=False), **tenant("payroll", marks=False)}, tmp_path)
    tenants = tmp_path / "tenants.json"
    tenants.write_text(json.dumps({"tenants": {"a": ["Stack/flights*"], "b": ["Stack/payroll*"]}}), encoding="utf-8")
    code, text = _run(str(path), "--tenants", str(tenants))
    assert code == 0
    assert "The tenants a, b are isolated" in text
    tenants.write_text("{", encoding="utf-8")
    done = CliRunner().invoke(prove, [str(path), "--tenants", str(tenants)])
    assert done.exit_code == 1
    assert "tenants.json" in str(done.exception)
