"""Someone edits a synthesized template by hand: the proof and the audit notice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def copy(cdk_out: Path, tmp_path: Path) -> Path:
    """A cdk.out of one's own."""
    return Path(shutil.copytree(cdk_out, tmp_path / "cdk.out"))


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    template = json.loads(path.read_text(encoding="utf-8"))
    change(template)
    path.write_text(json.dumps(template), encoding="utf-8")


def _emrguard(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("emrguard")
    return subprocess.run([command, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["audit", "prove"])
def test_the_synthesized_app_is_clean(cdk_out: Path, command: str) -> None:
    """Both commands exit with 0 on the app as it is."""
    done = _emrguard(command, str(cdk_out))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_role_that_may_read_everything_is_a_violation(copy: Path) -> None:
    """`prove` exits with 3 and names the role, the action and an object of payroll's."""

    def widen(template: dict[str, Any]) -> None:
        resources = template["Resources"]
        for resource in resources.values():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            (role,) = resource["Properties"]["Roles"]
            if resources[role["Ref"]]["Metadata"]["emrguard"]["part"] == "execution-role":
                resource["Properties"]["PolicyDocument"]["Statement"].append(
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/*"}
                )
                return
        raise AssertionError("no policy of an execution role in the template")

    _edit(copy / "Flights.template.json", widen)
    done = _emrguard("prove", str(copy), "--format", "json")
    proof = json.loads(done.stdout)
    assert done.returncode == 3
    assert proof["verdict"] == "violated"
    assert any(
        "ExecutionRole" in each["principal"]
        and each["action"] == "s3:GetObject"
        and each["resource"].startswith("arn:aws:s3:::payroll-")
        and "*" not in each["resource"]
        for each in proof["counterexamples"]
    ), proof["counterexamples"]


def test_an_application_without_network_is_a_finding(copy: Path) -> None:
    """`audit` exits with 3 and names the rule when the application has lost its network configuration."""

    def disconnect(template: dict[str, Any]) -> None:
        (application,) = [
            each for each in template["Resources"].values() if each["Type"] == "AWS::EMRServerless::Application"
        ]
        del application["Properties"]["NetworkConfiguration"]

    _edit(copy / "Flights.template.json", disconnect)
    done = _emrguard("audit", str(copy), "--format", "json")
    assert done.returncode == 3
    assert "EMRG201" in {each["rule"] for each in json.loads(done.stdout)["findings"]}


@pytest.mark.parametrize("command", ["audit", "prove"])
@pytest.mark.parametrize("case", ["missing", "empty", "broken", "not-a-template"])
def test_bad_input_is_one_line_that_names_the_file(tmp_path: Path, command: str, case: str) -> None:
    """A path that cannot be judged gives one line with file and reason, exit code 1, and no traceback."""
    path = tmp_path / case
    if case == "empty":
        path.mkdir()
    elif case == "broken":
        path = path.with_suffix(".template.json")
        path.write_text('{"Resources": {', encoding="utf-8")
    elif case == "not-a-template":
        path = path.with_suffix(".json")
        path.write_text("[1, 2]", encoding="utf-8")
    done = _emrguard(command, str(path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert path.name in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["audit", "prove"])
def test_a_template_without_resources_is_an_empty_answer(tmp_path: Path, command: str) -> None:
    """A template with no resources has no findings and no tenants; it is not an error."""
    path = tmp_path / "empty.template.json"
    path.write_text('{"Resources": {}}', encoding="utf-8")
    done = _emrguard(command, str(path), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert not json.loads(done.stdout).get("findings")


@pytest.mark.parametrize("command", ["audit", "prove"])
def test_a_very_large_template_is_judged(tmp_path: Path, command: str) -> None:
    """50 MB of template are read without a traceback."""
    path = tmp_path / "large.template.json"
    filler = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x" * 5000}}
    path.write_text(json.dumps({"Resources": {f"P{n}": filler for n in range(10_000)}}), encoding="utf-8")
    assert path.stat().st_size > 50_000_000
    done = _emrguard(command, str(path))
    assert done.returncode == 0, done.stderr
