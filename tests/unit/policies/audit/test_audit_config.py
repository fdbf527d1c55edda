"""Settings in `emrguard.toml` and `pyproject.toml`: which file counts, what it may say, what is told about mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emrguard_policies.commands.audit import audit
from emrguard_policies.exceptions import InputError

TEMPLATE = """Resources:
  A:
    Type: AWS::EMRServerless::Application
    Properties: {InteractiveConfiguration: {StudioEnabled: true, LivyEndpointEnabled: true}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a template that has one finding each of EMRG601 and EMRG602; the work is done in a subfolder."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "infra")
    return tmp_path


def write(file: Path, text: str) -> Path:
    """Write a settings file."""
    file.write_text(text, encoding="utf-8")
    return file


def call(*arguments: str) -> Result:
    """Run `emrguard audit`."""
    return CliRunner().invoke(audit, ["t.yaml", *arguments])


def rules(result: Result) -> set[str]:
    """Which of the two rules a report has."""
    return {rule for rule in ("EMRG601", "EMRG602") if rule in result.output}


def test_the_settings_are_found_from_a_subfolder(project: Path) -> None:
    """A team writes its choices once, at the root of its repository."""
    write(project / "pyproject.toml", '[tool.emrguard]\nselect = ["EMRG601"]\nfail-on = "error"\nformat = "github"\n')
    result = call()
    assert rules(result) == {"EMRG601"}
    assert result.exit_code == 0
    assert result.output.startswith("::warning ")


def test_the_command_line_is_stronger_than_a_file(project: Path) -> None:
    """Whoever types an option means it."""
    write(project / "emrguard.toml", 'select = ["EMRG601"]\nfail-on = "never"\n')
    result = call("--select", "EMRG602", "--fail-on", "warning")
    assert (rules(result), result.exit_code) == ({"EMRG602"}, 3)


def test_a_named_file_is_stronger_than_one_that_is_found(project: Path) -> None:
    """`--config` replaces what lies about; nothing is merged."""
    write(project / "emrguard.toml", 'select = ["EMRG601"]\nfail-on = "never"\n')
    named = write(project / "nightly.toml", 'select = ["EMRG602"]\n')
    result = call("--config", str(named))
    assert (rules(result), result.exit_code) == ({"EMRG602"}, 3)


def test_our_own_file_is_stronger_than_pyproject_beside_it_and_the_nearest_wins(project: Path) -> None:
    """One file counts: in a folder emrguard.toml, and a folder's own before its parent's."""
    write(project / "pyproject.toml", '[tool.emrguard]\nselect = ["EMRG602"]\n')
    write(project / "emrguard.toml", 'select = ["EMRG601"]\n')
    assert rules(call()) == {"EMRG601"}
    write(project / "infra" / "pyproject.toml", '[tool.emrguard]\nselect = ["EMRG602"]\n')
    assert rules(call()) == {"EMRG602"}


def test_a_pyproject_without_our_table_is_passed_over(project: Path) -> None:
    """A package in a monorepo need not repeat the settings of the root."""
    write(project / "emrguard.toml", 'ignore = ["EMRG601"]\nselect = ["EMRG601", "EMRG602"]\n')
    write(project / "infra" / "pyproject.toml", "[tool.other]\nx = 1\n")
    assert rules(call()) == {"EMRG602"}


def test_a_baseline_is_relative_to_its_file(project: Path) -> None:
    """The baseline of a repository is found from every folder in it."""
    call("--select", "EMRG601", "--write-baseline", str(project / "known.json"))
    write(project / "emrguard.toml", 'baseline = "known.json"\nselect = ["EMRG601"]\n')
    result = call()
    assert result.exit_code == 0
    assert result.output == "clean (1 known)\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail_on = 'error'", 'unknown key fail_on = "error"; did you mean fail-on?'),
        ("colour = 3", "unknown key colour = 3; known are baseline, fail-on, format, ignore, select"),
        ("select = 'EMRG601'", 'select is "EMRG601"; use a list of rule ids, such as ["EMRG101"]'),
        ("ignore = ['EMRG999']", "ignore is [\"EMRG999\"]: no rule 'EMRG999'; 'emrguard rules' lists all"),
        ("fail-on = 'info '", 'fail-on is "info "; use one of error, warning, info, never'),
        ("format = ['json']", 'format is ["json"]; use one of text, json, sarif, junit, html, github'),
        ("baseline = 1", "baseline is 1; use the path of a file, as text"),
        ("select = [", "not TOML: "),
    ],
)
def test_a_mistake_is_one_line_that_names_key_value_and_mend(text: str, said: str, project: Path) -> None:
    """A typing error in the settings never switches rules off silently."""
    file = write(project / "emrguard.toml", text)
    error = call().exception
    assert isinstance(error, InputError)
    assert str(error).startswith(f"{file}: {said}")
    assert "\n" not in str(error)


def test_a_named_pyproject_needs_our_table(project: Path) -> None:
    """`--config pyproject.toml` without settings in it is a mistake, and so is a file that is not there."""
    file = write(project / "pyproject.toml", "[tool]\nemrguard = 3\n")
    assert "tool.emrguard is 3; use a table" in str(call("--config", str(file)).exception)
    write(file, "")
    assert "has no table [tool.emrguard]" in str(call("--config", str(file)).exception)
    assert "No such file" in str(call("--config", "none.toml").exception)


def test_the_command_ends_with_one_line_and_code_one(project: Path) -> None:
    """A pipeline shows the mistake, no traceback, and stops."""
    write(project / "emrguard.toml", "nonsense = true\n")
    command = [sys.executable, "-c", "from emrguard_policies.cli import main; main()", "audit", "t.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: ")
