"""The local cloud as a process: it starts, it ends, and it leaves nothing behind."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from process_support import as_in_a_terminal

from emrguard_local.cloud import LocalCloud
from emrguard_local.exceptions import LocalCloudError

TESTS = Path(__file__).parents[3]
COMMAND = (sys.executable, str(TESTS / "permissive_server.py"))


def _launch(state_dir: Path | None = None, *more: str) -> LocalCloud:
    return LocalCloud._launch([*COMMAND, *more], state_dir)


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_it_starts_answers_and_ends() -> None:
    """Two clouds run side by side; after `stop` the process, its port and its temporary files are gone."""
    with _launch() as one, _launch(None, "--region", "eu-west-1") as other:
        assert one.endpoint_url != other.endpoint_url
        assert (one.region, other.region, one.account_id) == ("us-east-1", "eu-west-1", "123456789012")
        one.client("s3").create_bucket(Bucket="only-here")
        assert other.client("s3").list_buckets()["Buckets"] == []
        assert one.client("sts").get_caller_identity()["Account"] == "123456789012"
        pid, directory = one._process.pid, one.state_dir
        assert directory.exists()
    assert _gone(pid)
    assert not directory.exists()
    assert not one.running
    one.stop()
    port = int(one.endpoint_url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_a_state_directory_of_ones_own_is_kept(tmp_path: Path) -> None:
    """Only a temporary state directory is removed; the server's log is in it."""
    with _launch(tmp_path / "state") as cloud:
        assert cloud.state_dir == tmp_path / "state"
    assert (tmp_path / "state" / "server.log").exists()


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    """A port that is taken is an error with the reason, not a hang or a traceback of ours."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LocalCloudError, match="in use"):
            _launch(tmp_path, "--port", str(taken.getsockname()[1]))
    with pytest.raises(LocalCloudError, match="cannot start"):
        _launch(Path(os.devnull) / "x")


def test_a_forgotten_cloud_ends() -> None:
    """A LocalCloud that nobody refers to any more stops its server."""
    cloud = _launch()
    pid = cloud._process.pid
    del cloud
    gc.collect()
    assert _gone(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_process_that_started_it(number: signal.Signals) -> None:
    """Ctrl-C in the terminal, a polite kill and a hard one of the parent: the server follows, without a traceback."""
    code = (
        "import sys, time; from emrguard_local.cloud import LocalCloud; "
        f"cloud = LocalCloud._launch({COMMAND!r}, None); print(cloud._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=as_in_a_terminal,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    if number is signal.SIGINT:
        # As a terminal does it: the whole group gets it.
        os.killpg(parent.pid, number)
    else:
        parent.send_signal(number)
    _, stderr = parent.communicate(timeout=30)
    assert _gone(pid)
    assert "emrguard_local/server" not in stderr


def test_the_command_prints_what_the_aws_cli_needs(tmp_path: Path) -> None:
    """`emrguard local start` prints export lines, and Ctrl-C ends it with exit code 0."""
    code = (
        "import emrguard_local.cloud as cloud; "
        f"cloud._SERVER = {COMMAND!r}; "
        "from emrguard_local.commands import local; local(['start'], standalone_mode=False)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=as_in_a_terminal,
    )
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(4)]
    settings = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    assert settings["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert settings["AWS_DEFAULT_REGION"] == "us-east-1"
    done = subprocess.run(
        [str(Path(sys.executable).with_name("aws")), "s3", "mb", "s3://cli-bucket"],
        env={"PATH": os.defpath, "HOME": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "make_bucket: cli-bucket" in done.stdout, done.stderr
    os.killpg(running.pid, signal.SIGINT)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 0, stderr
    assert "Traceback" not in stderr
