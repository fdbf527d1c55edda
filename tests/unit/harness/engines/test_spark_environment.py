"""Engine environments are made once, whoever asks and whatever interrupts; here with fake steps, not downloads."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from emrguard_local.engines.spark import SparkEngine, environment
from emrguard_local.engines.spark.environment import SparkEnvironment
from emrguard_local.engines.spark.releases import release_of, required_release
from emrguard_local.exceptions import EngineError

LABEL = "emr-7.14.0"


class Steps:
    """Stands in for the commands that make an environment; remembers them."""

    def __init__(self) -> None:
        self.installs = 0
        self.interrupt_next_install = False

    def run(self, command: Sequence[str], mend: str, variables: Mapping[str, str] | None = None) -> None:
        """Do what the command would, in small."""
        if "venv" in command:
            root = Path(command[-1])
            assert not root.exists(), "the leftover of an interrupted attempt must be gone"
            (root / "bin").mkdir(parents=True)
        elif "pip" in command:
            self.installs += 1
            packages = Path(command[0]).parent.parent / "lib" / environment_python() / "site-packages"
            (packages / "pyspark" / "jars").mkdir(parents=True)
            (packages / "pyspark" / "jars" / "spark.jar").touch()
            time.sleep(0.1)
            if self.interrupt_next_install:
                self.interrupt_next_install = False
                raise KeyboardInterrupt
        elif "-d" in command:
            (Path(command[command.index("-d") + 1]) / "Made.class").touch()


def environment_python() -> str:
    """As in `lib/python3.11`."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Fake commands, and a cache directory of one's own."""
    fake = Steps()
    monkeypatch.setenv("EMRGUARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(environment, "_run", fake.run)
    return fake


def _said(_: str) -> None:
    pass


def test_an_environment_is_made_once(steps: Steps, tmp_path: Path) -> None:
    """Progress is told the first time; the second time nothing is done and nothing said."""
    lines: list[str] = []
    SparkEngine().prepare(LABEL, lines.append)
    made = SparkEnvironment.of(required_release(LABEL))
    assert made.is_ready
    assert made.root.is_relative_to(tmp_path / "cache")
    assert any("pyspark==3.5.9" in line for line in lines)
    told = len(lines)
    SparkEngine().prepare(LABEL, lines.append)
    assert (steps.installs, len(lines)) == (1, told)


def test_two_at_once_install_once(steps: Steps) -> None:
    """The second waits for the first and then finds everything there."""
    lines: list[str] = []
    threads = [threading.Thread(target=SparkEngine().prepare, args=(LABEL, lines.append)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert steps.installs == 1
    assert any("waiting" in line for line in lines)


def test_an_interrupted_attempt_is_made_again(steps: Steps) -> None:
    """A half-made environment never counts, and its leftovers are removed."""
    steps.interrupt_next_install = True
    with pytest.raises(KeyboardInterrupt):
        SparkEngine().prepare(LABEL, _said)
    assert not SparkEnvironment.of(required_release(LABEL)).is_ready
    SparkEngine().prepare(LABEL, _said)
    assert SparkEnvironment.of(required_release(LABEL)).is_ready


def test_a_changed_connector_is_compiled_again_without_download(
    steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jar follows the sources' content; the old one is removed."""
    SparkEngine().prepare(LABEL, _said)
    old = SparkEnvironment.of(required_release(LABEL)).connector
    assert old.exists()
    (tmp_path / "Other.scala").write_text("object Other")
    monkeypatch.setattr(environment, "_SOURCES", tmp_path)
    new = SparkEnvironment.of(required_release(LABEL))
    assert not new.is_ready
    SparkEngine().prepare(LABEL, _said)
    assert new.connector.exists()
    assert not old.exists()
    assert steps.installs == 1


def test_a_failing_step_says_why_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own last words and the mend are in the message."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ERROR: no space left' >&2\necho done >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("EMRGUARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "_base_executable", str(broken))
    with pytest.raises(EngineError, match=r"exit code 3: ERROR: no space left; install Python's venv module"):
        SparkEngine().prepare(LABEL, _said)


@pytest.mark.parametrize(
    ("label", "spark"),
    [
        ("emr-7.14.0", "3.5"),
        ("emr-7.0.0", "3.5"),
        ("emr-spark-8.0.0", "4.0"),
        ("emr-spark-8.0-preview", "4.0"),
        ("emr-spark-8.1.0", "4.1"),
        ("emr-spark-9.0.0", None),
        ("emr-6.15.0", None),
        ("emr-7.14", None),
        ("latest", None),
    ],
)
def test_releases(label: str, spark: str | None) -> None:
    """A label runs on the Spark minor version that AWS gives it, or not at all."""
    release = release_of(label)
    assert (release.spark if release else None) == spark
    assert SparkEngine().supports(label) == (spark is not None)
    if spark is None:
        with pytest.raises(EngineError, match=r"use an emr-7\.x label"):
            SparkEngine().prepare(label, _said)


def test_the_cache_directory_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without EMRGUARD_CACHE_DIR it lies below the user's cache directory."""
    monkeypatch.delenv("EMRGUARD_CACHE_DIR", raising=False)
    assert environment.cache_directory().parts[-2:] == ("emrguard", "engines")
    assert os.fspath(environment.cache_directory()).startswith(os.path.expanduser("~"))  # noqa: PTH111
