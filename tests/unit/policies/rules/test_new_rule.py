"""`emrguard rules new` begins a rule that the tests of all rules accept; here it runs in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emrguard_policies.commands.rules import rules
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules import scaffold
from emrguard_policies.rules.registry import RETIRED, all_rules

ROOT = Path(__file__).parents[4]
PARTS = ("policies", "docs/rules", "tests/unit/policies/rules")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what belongs to the rules."""
    root = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copy(ROOT / "tests" / "example_support.py", root / "tests")
    return root


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, on the modules of the copy."""
    environment = os.environ | {"PYTHONPATH": str(checkout / "policies"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def new(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `emrguard rules new` in the copy."""
    return run(checkout, "-c", "from emrguard_policies.cli import main; main()", "rules", "new", *arguments)


def begin(checkout: Path, *arguments: str) -> tuple[str, list[Path]]:
    """Begin a rule; its id and the files that were written."""
    begun = new(checkout, *arguments)
    assert begun.returncode == 0, begun.stderr
    *files, _, _, last = begun.stdout.splitlines()
    return last.split()[-1], [Path(file) for file in files]


def generic_tests(checkout: Path, *rule_ids: str) -> str:
    """What pytest says about rules in the copy."""
    wanted = " or ".join([*rule_ids, "committed", "stands_without"])
    files = [f"tests/unit/policies/rules/test_rule_{name}.py" for name in ("examples", "pages")]
    own = [str(file) for file in (checkout / "tests/unit/policies/rules").glob("test_emrg*")]
    return run(checkout, "-m", "pytest", "-p", "no:cacheprovider", *files, *own, "-k", wanted).stdout


def test_a_new_rule_passes_the_tests_of_all_rules(checkout: Path) -> None:
    """Module, examples, test and page work at once; without --why one test waits for what only the author knows."""
    first, files = begin(checkout, "application-without-name")
    why = "Objects can be overwritten by mistake, and nobody notices before the next report. " * 3
    options = ("--type", "AWS::S3::Bucket", "--property", "ObjectLockConfiguration.Rule.DefaultRetention.Mode")
    second, _ = begin(checkout, "bucket-without-retention-mode", *options, "--severity", "info", "--why", why)
    assert second.startswith("EMRG1")
    assert len(files) == 7
    assert all(file.is_file() and file.is_relative_to(checkout) for file in files)
    said = generic_tests(checkout, first, second)
    assert said.splitlines()[-1].startswith("1 failed, 15 passed"), said
    assert f"{first}: write in the docstring of its module what goes wrong" in said
    files[0].write_text(files[0].read_text(encoding="utf-8").replace("Not written yet: w", "W"), encoding="utf-8")
    pages = ("rules", "--format", "markdown", "--output", "docs/rules")
    assert run(checkout, "-c", "from emrguard_policies.cli import main; main()", *pages).returncode == 0
    said = generic_tests(checkout, first, second)
    assert said.splitlines()[-1].startswith("16 passed"), said
    for tool in (["check"], ["format", "--check"]):
        ruff = run(checkout, "-m", "ruff", *tool, "--no-cache", str(files[0]), str(files[4]))
        assert ruff.returncode == 0, ruff.stdout
    again = new(checkout, "application-without-name")
    assert again.returncode == 1
    assert again.stderr.startswith(f"error: application-without-name is the name of {first} already")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Name"], "'Name' is no name of a rule"),
        (["../up-and-away"], "is no name of a rule"),
        (["a-" + "b" * 60], "use 60 at most"),
        (["application-without-network"], "is the name of EMRG201 already"),
        (["a-b", "--type", "AWS::S3::Bucke"], "no resource type 'AWS::S3::Bucke'"),
        (["a-b", "--type", "x"], "no resource type 'x'"),
        (["a-b", "--property", "Nam"], "no property 'Nam'; did you mean Name?"),
        (["a-b", "--property", "Name.x"], "Name has no property 'x'; known are none"),
        (["a-b", "--property", "ReleaseLabel"], "is required"),
        (["a-b", "--why", 'say "no"'], "ends with a quotation mark"),
    ],
    ids=str,
)
def test_a_mistake_is_told_and_nothing_is_written(arguments: list[str], message: str, checkout: Path) -> None:
    """A name, type or property that cannot be is named with its mend; the checkout stays as it is."""
    before = sorted(checkout.rglob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaffold, "_PACKAGE", checkout / "policies" / "emrguard_policies")
        result = CliRunner().invoke(rules, ["new", *arguments])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert sorted(checkout.rglob("*")) == before


def test_only_a_checkout_can_get_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From an installed package the command says what to do, and writes nothing into the package."""
    monkeypatch.setattr(scaffold, "_PACKAGE", tmp_path / "site-packages" / "emrguard_policies")
    with pytest.raises(InputError, match=r"no checkout of its repository.*pip install --editable"):
        scaffold.write(scaffold.NewRule("application-without-name"))


def test_ids_are_never_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The id of a rule that is gone stays unused, even if it was the last of its category; a full one is refused."""
    assert not RETIRED & {rule.id for rule in all_rules()}
    last = max(rule.id for rule in all_rules() if rule.id.startswith("EMRG8"))
    monkeypatch.setattr(scaffold, "RETIRED", frozenset({f"EMRG{int(last[4:]) + 1}"}))
    assert scaffold._next_id("jobs") == f"EMRG{int(last[4:]) + 2}"
    monkeypatch.setattr(scaffold, "RETIRED", frozenset({"EMRG899"}))
    with pytest.raises(InputError, match="no id after EMRG899 left"):
        scaffold._next_id("jobs")


def test_options_of_the_list_are_refused_before_a_new_rule() -> None:
    """An option that would be passed over is wrong usage."""
    result = CliRunner().invoke(rules, ["--format", "json", "new", "a-b"])
    assert result.exit_code == 2
    assert "are for the list" in result.output
