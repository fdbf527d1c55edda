"""Supervised processes: output, exit codes, and that nothing survives; with small commands instead of a JVM."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from emrguard_local.engines.spark.process import SparkProcess


def _start(directory: Path, code: str) -> SparkProcess:
    return SparkProcess(
        [sys.executable, "-I", "-S", "-c", code],
        python=Path(sys.executable),
        environment={"PATH": os.defpath},
        work_dir=directory,
        notes=["first", "second"],
        heap_mib=512,
    )


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it took longer than 10 s"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_streams_and_success(tmp_path: Path) -> None:
    """stdout and stderr are files; what the engine has to say comes first in stderr."""
    job = _start(tmp_path, "import sys; print('out'); print('err', file=sys.stderr)")
    outcome = job.wait(10)
    assert outcome is not None
    assert (outcome.exit_code, outcome.reason) == (0, None)
    assert job.stdout.read_text() == "out\n"
    assert job.stderr.read_text() == "emrguard: first\nemrguard: second\nerr\n"


def test_a_failure_is_explained_once(tmp_path: Path) -> None:
    """Asking twice gives the same outcome, and the reason stands once at the end of stderr."""
    job = _start(tmp_path, "raise ValueError('no rows')")
    outcome = job.wait(10)
    assert outcome == job.wait()
    assert outcome is not None
    assert (outcome.exit_code, outcome.reason) == (1, "ValueError: no rows")
    assert job.stderr.read_text().count("emrguard: ValueError: no rows\n") == 1


def test_waiting_for_a_running_job_times_out(tmp_path: Path) -> None:
    """None means that the job still runs."""
    job = _start(tmp_path, "import time; time.sleep(60)")
    assert job.wait(0.05) is None
    job.cancel()
    assert job.wait(10) is not None


def test_a_grace_period_lets_the_job_clean_up(tmp_path: Path) -> None:
    """SIGTERM first, so that handlers run."""
    job = _start(
        tmp_path,
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('cleaned up', flush=True), sys.exit(0)))\n"
        "print('ready', flush=True)\ntime.sleep(60)\n",
    )
    _wait_for(lambda: "ready" in job.stdout.read_text())
    job.cancel(grace_seconds=5)
    assert job.wait(10) is not None
    assert "cleaned up" in job.stdout.read_text()


def test_detached_processes_end_with_the_job(tmp_path: Path) -> None:
    """Even a process in a session of its own whose parent has gone does not outlive the job."""
    job = _start(
        tmp_path,
        "import os, subprocess, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    print(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
        "    os._exit(0)\n"
        "time.sleep(60)\n",
    )
    _wait_for(lambda: "\n" in job.stdout.read_text())
    detached = int(job.stdout.read_text())
    job.cancel()
    outcome = job.wait(10)
    assert outcome is not None
    assert outcome.reason == "the job was cancelled"
    _wait_for(lambda: not _is_alive(detached))


def test_the_job_ends_with_its_starter(tmp_path: Path) -> None:
    """A starter that is killed outright takes the job along."""
    code = (
        "import sys, time; from pathlib import Path; from emrguard_local.engines.spark.process import SparkProcess;"
        "SparkProcess([sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'],"
        "python=Path(sys.executable), environment={}, notes=[], heap_mib=1, work_dir=Path(sys.argv[1]));"
        "time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    _wait_for(lambda: (tmp_path / "stdout").exists() and "\n" in (tmp_path / "stdout").read_text())
    driver = int((tmp_path / "stdout").read_text())
    assert _is_alive(driver)
    starter.kill()
    starter.wait()
    _wait_for(lambda: not _is_alive(driver))
