"""`make demo` as a newcomer runs it, and what is left when it is interrupted."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from process_support import as_in_a_terminal

from emrguard_local.cloud import LocalCloud
from scenario_support import ROOT


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with what the demo reads from the repository."""
    for name in ("app.py", "cdk.json", "jobs"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_the_demo_tells_its_eight_parts(workplace: Path) -> None:
    """The demo exits with 0, prints its eight parts in order and leaves the report."""
    done = subprocess.run(
        [sys.executable, "-m", "emrguard_local.demo"], cwd=workplace, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"\[(\d)/8\]", done.stdout) == list("12345678")
    report = (workplace / "demo-report" / "index.html").read_text(encoding="utf-8")
    for expected in ("isolated", "SUCCESS", "FAILED", "iam:PassRole", "sts:AssumeRole", "StartJobRun"):
        assert expected in report


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    return process.children(recursive=True)


def _wait_until_gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(processes, timeout=30)
    return alive


def test_interrupting_the_demo_leaves_nothing_behind(workplace: Path) -> None:
    """Ctrl-C while a job runs ends the local cloud, the JVM and the job, with exit code 130."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "emrguard_local.demo"],
        cwd=workplace,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=as_in_a_terminal,
    )
    process = psutil.Process(demo.pid)
    deadline = time.monotonic() + 300
    while not any("SparkSubmit" in command for command in _commands(process)):
        assert demo.poll() is None, demo.communicate()[0]
        assert time.monotonic() < deadline, "no Spark job within five minutes"
        time.sleep(0.2)
    family = _descendants(process)
    os.kill(demo.pid, signal.SIGINT)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, output
    assert "Traceback" not in output
    assert _wait_until_gone(family) == []


def _commands(process: psutil.Process) -> list[str]:
    """The command lines of what runs below a process; what has just ended has none."""
    found = []
    for each in _descendants(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(" ".join(each.cmdline()))
    return found


def test_a_killed_parent_takes_the_local_cloud_with_it(tmp_path: Path) -> None:
    """A process that is killed without any chance to clean up leaves no server behind."""
    code = (
        "import time; from emrguard_local.cloud import LocalCloud; "
        "cloud = LocalCloud.start(); print('up', flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "up\n"
        family = _descendants(psutil.Process(parent.pid))
        assert family
        parent.kill()
        parent.wait()
    assert _wait_until_gone(family) == []


def test_two_local_clouds_run_side_by_side() -> None:
    """Each takes a free port of its own and knows nothing of the other."""
    with LocalCloud.start() as one, LocalCloud.start() as other:
        one.client("s3").create_bucket(Bucket="only-in-one")
        assert one.endpoint_url != other.endpoint_url
        assert other.client("s3").list_buckets()["Buckets"] == []
