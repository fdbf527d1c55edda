"""`emrguard audit`, `rules` and `explain` as a person and a pipeline use them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emrguard_policies.commands.audit import audit
from emrguard_policies.commands.rules import explain, rules
from emrguard_policies.rules.base import Violation
from emrguard_policies.rules.registry import all_rules, rule_of

WARNS = """Resources:
  A:
    Type: AWS::EMRServerless::Application
    Properties: {InteractiveConfiguration: {StudioEnabled: true}}
"""
ACKNOWLEDGED = WARNS + "    Metadata:\n      cdk_nag:\n        rules_to_suppress: [{id: EMRG601, reason: lab}]\n"
UNREAD = "Resources:\n  A:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: 'https://x/y.json'}\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with one finding of severity warning for the rule EMRG601."""
    file = tmp_path / "t.yaml"
    file.write_text(WARNS, encoding="utf-8")
    return file


def call(*arguments: object) -> Result:
    """Run `emrguard audit`."""
    return CliRunner().invoke(audit, [str(argument) for argument in arguments])


def test_findings_exit_with_three(template: Path) -> None:
    """A pipeline stops at findings."""
    assert call(template, "--select", "EMRG601").exit_code == 3


@pytest.mark.parametrize(("fail_on", "expected"), [("error", 0), ("warning", 3), ("info", 3), ("never", 0)])
def test_fail_on_sets_the_least_severity(fail_on: str, expected: int, template: Path) -> None:
    """Which findings stop a pipeline is the team's choice."""
    assert call(template, "--select", "EMRG601", "--fail-on", fail_on).exit_code == expected


def test_an_acknowledged_finding_does_not_fail(template: Path) -> None:
    """What was accepted with a reason lets the pipeline pass and is still shown."""
    template.write_text(ACKNOWLEDGED, encoding="utf-8")
    result = call(template, "--select", "EMRG601")
    assert result.exit_code == 0
    assert "because lab" in result.output
    assert result.output.splitlines()[-1] == "clean (1 acknowledged)"


def test_what_could_not_be_read_exits_with_one(template: Path) -> None:
    """A nested stack that nobody looked at is not clean."""
    template.write_text(UNREAD, encoding="utf-8")
    result = call(template)
    assert result.exit_code == 1
    assert "not read" in result.output


def test_one_bad_path_does_not_hide_the_others(template: Path, tmp_path: Path) -> None:
    """Of several paths, those that can be read are judged; the other one is told, and is not taken for clean."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [", encoding="utf-8")
    found = call(template, broken, "--select", "EMRG601", "--format", "json")
    body = json.loads(found.output)
    assert found.exit_code == 3
    assert [finding["rule"] for finding in body["findings"]] == ["EMRG601"]
    assert len(body["errors"]) == 1
    assert body["errors"][0].startswith(f"{broken}: not YAML: ")
    assert call(template, broken, "--select", "EMRG601", "--fail-on", "never").exit_code == 1


def test_a_crash_of_a_rule_passes_nothing(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even who fails on nothing hears that a rule gave up: what it would have found is not known."""

    def broken(_context: object) -> list[Violation]:
        raise KeyError("nothing")

    crashing = replace(rule_of("EMRG601"), check=broken)
    monkeypatch.setattr("emrguard_policies.audit.all_rules", lambda: (crashing,))
    template.write_text(ACKNOWLEDGED, encoding="utf-8")
    assert call(template).exit_code == 3
    result = call(template, "--fail-on", "never")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "findings: 1 fatal"


def test_an_unknown_id_is_wrong_usage(template: Path) -> None:
    """A mistyped id does not select nothing silently."""
    assert call(template, "--select", "EMRG999").exit_code == 2
    assert call(template, "--ignore", "X").exit_code == 2
    assert call(template, "--select", "EMRG601", "--ignore", "EMRG601").exit_code == 2


def test_ids_may_be_separated_by_commas(template: Path) -> None:
    """`--select A,B` and `--select A --select B` are the same."""
    both = [call(template, "--select", "EMRG601,EMRG501"), call(template, "--select", "EMRG601", "--select", "EMRG501")]
    assert both[0].output == both[1].output
    assert "EMRG501" in both[0].output


def test_the_text_names_construct_property_value_and_mend(template: Path) -> None:
    """A person reads what is where, what was found, and what to do."""
    output = call(template, "--select", "EMRG601").output
    assert output.splitlines()[0] == f"t/A  {template}:2"
    for part in ("EMRG601", "InteractiveConfiguration.StudioEnabled", "StudioEnabled is true", "mend  Turn"):
        assert part in output
    assert output.splitlines()[-1] == "findings: 1 warning"
    assert "\x1b" not in output


def test_json_has_the_documented_fields(template: Path) -> None:
    """A program reads every field that is documented, and the version of the format."""
    body = json.loads(call(template, "--select", "EMRG601", "--format", "json").output)
    assert set(body) == {"version", "findings", "errors", "summary"}
    assert body["version"] == 1
    assert body["errors"] == []
    summary = body["summary"]
    assert summary == {
        "fatal": 0, "error": 0, "warning": 1, "info": 0, "acknowledged": 0, "known": 0, "total": 1,
        "accepted_risks": [],
    }  # fmt: skip
    (finding,) = body["findings"]
    assert set(finding) == {
        "rule", "severity", "title", "message", "template", "logical_id", "property", "construct_path", "line",
        "acknowledged", "fingerprint", "mend",
    }  # fmt: skip
    assert finding["acknowledged"] is None


def test_json_gives_the_reason_of_an_acknowledgment(template: Path) -> None:
    """A program can list what was accepted and why."""
    template.write_text(ACKNOWLEDGED, encoding="utf-8")
    body = json.loads(call(template, "--select", "EMRG601", "--format", "json").output)
    assert body["findings"][0]["acknowledged"] == {"reason": "lab"}


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_output_goes_to_a_file(form: str, template: Path, tmp_path: Path) -> None:
    """A report can be kept as a file; the exit code stays the same."""
    file = tmp_path / "report"
    result = call(template, "--select", "EMRG601", "--format", form, "--output", file)
    assert (result.exit_code, result.output) == (3, "")
    assert "EMRG601" in file.read_text(encoding="utf-8")


def test_several_paths_make_one_report(template: Path, tmp_path: Path) -> None:
    """A repository with several apps is audited at once."""
    other = tmp_path / "other.yaml"
    other.write_text(WARNS, encoding="utf-8")
    body = json.loads(call(template, other, "--select", "EMRG601", "--format", "json").output)
    assert [finding["construct_path"] for finding in body["findings"]] == ["t/A", "other/A"]


def test_the_command_needs_neither_cdk_nor_the_local_cloud(template: Path) -> None:
    """In a pipeline the audit starts without CDK, jsii, boto3 and moto: it needs files only."""
    code = (
        "import sys\n"
        "from emrguard_policies.cli import run\n"
        "try:\n    run()\n"
        "except SystemExit:\n    pass\n"
        "print(sorted(name for name in ('aws_cdk', 'cdk_nag', 'jsii', 'moto', 'boto3') if name in sys.modules))"
    )
    arguments = [sys.executable, "-c", code, "audit", str(template), "--fail-on", "never"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_an_unreadable_path_is_one_line_on_stderr(tmp_path: Path) -> None:
    """A mistyped path gives a message and exit code 1, no traceback."""
    code = "from emrguard_policies.cli import main; main()"
    arguments = [sys.executable, "-c", code, "audit", str(tmp_path / "nowhere")]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"error: {tmp_path / 'nowhere'}: no such file or directory\n"


def test_rules_are_listed() -> None:
    """A person sees every rule with its severity; a program gets the same as JSON."""
    lines = CliRunner().invoke(rules, []).output.splitlines()
    assert [line.split()[0] for line in lines] == [rule.id for rule in all_rules()]
    body = json.loads(CliRunner().invoke(rules, ["--format", "json"]).output)
    assert [item["id"] for item in body] == [rule.id for rule in all_rules()]


def test_a_rule_is_explained() -> None:
    """`explain` shows why the rule exists, what to do, and a bad and a good template."""
    output = CliRunner().invoke(explain, ["emrg201"]).output
    for part in ("# EMRG201", "## Mend", "## Bad", "## Good", "https://docs.aws.amazon.com/"):
        assert part in output
    assert CliRunner().invoke(explain, ["EMRG999"]).exit_code == 2


def test_an_example_is_printed_whole(tmp_path: Path) -> None:
    """Who wants to see a finding audits the example with all that it is laid over."""
    file = tmp_path / "whole.yaml"
    file.write_text(CliRunner().invoke(explain, ["EMRG505", "--whole", "bad"]).output, encoding="utf-8")
    found = CliRunner().invoke(audit, [str(file), "--format", "json"])
    assert [each["rule"] for each in json.loads(found.output)["findings"]] == ["EMRG505"]
    refused = CliRunner().invoke(explain, ["EMRG505", "--whole", "worst"])
    assert refused.exit_code == 2
    assert "EMRG505 has no example 'worst'; it has bad, good, undecidable" in refused.output
