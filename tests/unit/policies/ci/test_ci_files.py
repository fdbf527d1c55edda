"""The GitHub Action, the pre-commit hooks and the snippets of docs/ci.md do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from emrguard_policies.commands.audit import audit

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
TEMPLATE = """Resources:
  A:
    Type: AWS::EMRServerless::Application
    Properties: {InteractiveConfiguration: {StudioEnabled: true}}
"""


def read(name: str) -> Any:
    """A YAML file of the repository's root."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with two templates, each with one finding of EMRG601, one with a space in its name."""
    for name in ("one.yaml", "the other.yaml"):
        (tmp_path / name).write_text(TEMPLATE, encoding="utf-8")
    return tmp_path


def run_action(directory: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the action that audits, as GitHub does: bash -e, inputs in the environment."""
    action = read("action.yml")
    values = {name: item["default"] for name, item in action["inputs"].items()} | {"select": "EMRG601"} | inputs
    step = action["runs"]["steps"][-1]
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for name, expression in step["env"].items():
        match = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", expression)
        assert match
        environment[name] = values[match[1]]
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def test_the_action_annotates_every_path_and_fails(checkout: Path) -> None:
    """Several templates, one a line, spaces and all: each finding is an annotation, and the step fails."""
    result = run_action(checkout, paths="one.yaml\nthe other.yaml\n")
    assert result.returncode == 3, result.stderr
    assert [line.partition(",")[0] for line in result.stdout.splitlines()[:2]] == [
        "::warning file=one.yaml",
        "::warning file=the other.yaml",
    ]


def test_the_action_writes_a_report_and_the_log(checkout: Path) -> None:
    """With an output, code scanning gets its file, the log the text, and the step still fails as it should."""
    result = run_action(checkout, paths="one.yaml", format="sarif", output="report.sarif")
    assert result.returncode == 3, result.stderr
    assert '"2.1.0"' in (checkout / "report.sarif").read_text(encoding="utf-8")
    assert result.stdout.splitlines()[-1] == "findings: 1 warning"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"fail-on": "error"}, 0),
        ({"select": "EMRG601,EMRG504", "ignore": "EMRG601"}, 0),
        ({"ignore": "EMRG601"}, 2),
        ({"paths": "nowhere"}, 1),
        ({"baseline": "none.json"}, 1),
    ],
    ids=str,
)
def test_the_action_hands_its_inputs_on(inputs: dict[str, str], code: int, checkout: Path) -> None:
    """Each input changes what the audit does; a mistake in one fails the step."""
    assert run_action(checkout, **({"paths": "one.yaml"} | inputs)).returncode == code


def test_an_input_cannot_run_commands(checkout: Path) -> None:
    """A path from a pull request is a path, whatever it holds."""
    result = run_action(checkout, paths='$(touch hacked)"; touch hacked; #')
    assert result.returncode == 1
    assert not (checkout / "hacked").exists()


def test_the_hook_takes_templates_and_leaves_other_files() -> None:
    """pre-commit hands over templates only: another YAML file would stop every commit."""
    hook = next(item for item in read(".pre-commit-hooks.yaml") if item["id"] == "emrguard-audit")
    pattern = re.compile(hook["files"])
    for name in ("templates/a.yaml", "infra/cfn/b.json", "x/cloudformation/c.yml", "stack.template.json", "a.template"):
        assert pattern.search(name), name
    for name in (".github/workflows/ci.yaml", "package.json", "templates/readme.md", "src/template.py"):
        assert not pattern.search(name), name


def commands() -> list[str]:
    """Every `emrguard audit` of the guide and of the hooks, with its arguments."""
    found = re.findall(r"^\s*(?:- )?emrguard (audit .*)$", GUIDE, re.MULTILINE)
    hooks = [" ".join([item["entry"], *item.get("args", ["t.yaml"])]) for item in read(".pre-commit-hooks.yaml")]
    return found + [hook.removeprefix("emrguard ") for hook in hooks]


@pytest.mark.parametrize("command", commands())
def test_every_published_command_is_right_usage(command: str) -> None:
    """What a reader copies is no usage error."""
    name, *arguments = shlex.split(command)
    assert audit.make_context(name, arguments).params["paths"]


def test_the_snippets_use_what_exists() -> None:
    """The snippets are YAML, and name inputs of the action and hooks that there are."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)]
    steps = [step for block in blocks for job in block.get("jobs", {}).values() for step in job["steps"]]
    used = [step["with"] for step in steps if step.get("uses", "").startswith("OWNER/emrguard@")]
    assert len(used) == 2
    assert {name for item in used for name in item} <= set(read("action.yml")["inputs"])
    hooks = {hook["id"] for block in blocks for repo in block.get("repos", []) for hook in repo["hooks"]}
    assert hooks == {item["id"] for item in read(".pre-commit-hooks.yaml")}
