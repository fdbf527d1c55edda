"""The README tells the truth: its examples run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def _run(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "CDK_OUTDIR": "cdk.out"}
    return subprocess.run(
        arguments, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's composition has been synthesized."""
    directory = tmp_path_factory.mktemp("readme")
    composition = _blocks("python")[0]
    (directory / "app.py").write_text(composition, encoding="utf-8")
    done = _run([sys.executable, "app.py"], directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


@pytest.mark.parametrize(
    "command",
    [
        line.split("#")[0].strip()
        for block in _blocks("sh")
        for line in block.splitlines()
        if line.startswith("emrguard ")
    ],
)
def test_the_commands_do_what_they_say(composed: Path, command: str) -> None:
    """Each command of the README exits with 0 on the README's composition."""
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'
    for name in ("new.json", "limit.json"):
        (composed / name).write_text(policy, encoding="utf-8")
    program, *arguments = command.split()
    done = _run([str(BIN / program), *arguments], composed)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_local_cloud_example_runs(composed: Path) -> None:
    """It deploys the composition and lists the application by its id."""
    example = _blocks("python")[1]
    done = _run([sys.executable, "-c", example], composed)
    assert done.returncode == 0, done.stderr
    application_id, listed = done.stdout.splitlines()
    assert application_id in listed


def test_links_lead_somewhere() -> None:
    """Every relative link of README and docs points at a file of the repository."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
