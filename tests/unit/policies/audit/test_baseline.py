"""A team with old findings fails on new ones only: `--write-baseline` and `--baseline`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emrguard_policies import baseline
from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.commands.audit import audit
from emrguard_policies.exceptions import InputError

OLD = """Resources:
  A:
    Type: AWS::EMRServerless::Application
    Properties: {InteractiveConfiguration: {StudioEnabled: true}}
"""
NEW = OLD.replace("StudioEnabled: true", "StudioEnabled: true, LivyEndpointEnabled: true")
FINDING = Finding("EMRG601", "warning", "t", "m", "t.yaml", "A", "p", "t/A", 2, None, "f", "mend")


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A template with one finding of the interactive rules, in the working directory."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "t.yaml"
    file.write_text(OLD, encoding="utf-8")
    return file


def call(*arguments: str) -> Result:
    """Run `emrguard audit` for the interactive rules."""
    return CliRunner().invoke(audit, ["t.yaml", "--select", "EMRG601,EMRG602", *arguments])


def test_old_findings_do_not_fail_and_new_ones_do(template: Path) -> None:
    """Writing a baseline passes; later only what is not in it is shown and fails."""
    written = call("--write-baseline", "known.json")
    assert written.exit_code == 0
    assert written.output == "clean (1 known)\n"
    assert call("--baseline", "known.json").exit_code == 0
    template.write_text("# moved down\n" + NEW, encoding="utf-8")
    result = call("--baseline", "known.json")
    assert result.exit_code == 3
    assert "EMRG602" in result.output
    assert "EMRG601" not in result.output
    assert result.output.splitlines()[-1] == "findings: 1 warning (1 known)"


def test_machines_read_how_many_are_known(template: Path) -> None:
    """A dashboard can show the debt that is left."""
    call("--write-baseline", "known.json")
    summary = json.loads(call("--baseline", "known.json", "--format", "json").output)["summary"]
    assert (summary["known"], summary["total"]) == (1, 0)


def test_a_baseline_hides_no_more_than_it_was_written_for() -> None:
    """A second finding at the same place is new."""
    known = Counter(["f"])
    twice = AuditReport((FINDING, replace(FINDING, message="other")), ())
    (report,) = baseline.apply([twice], known)
    assert [finding.message for finding in report.findings] == ["other"]
    assert report.known == 1


def test_a_crash_and_an_accepted_finding_are_no_debt(tmp_path: Path) -> None:
    """A crash of a rule cannot be put into a baseline; what is acknowledged need not be."""
    file = str(tmp_path / "b.json")
    findings = (replace(FINDING, severity="fatal"), replace(FINDING, acknowledged="lab"))
    assert baseline.write(file, [AuditReport(findings, ())]) == 0
    (report,) = baseline.apply([AuditReport(findings, ())], Counter(["f", "f"]))
    assert report.findings == findings


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{}]}'])
def test_a_file_that_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    """A damaged baseline stops the audit in words: it hides nothing, and it does not count as empty."""
    file = tmp_path / "b.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.json: "):
        baseline.read(str(file))


def test_a_baseline_that_is_missing_is_refused(template: Path) -> None:
    """A mistyped name is told."""
    assert isinstance(call("--baseline", "nowhere.json").exception, InputError)
