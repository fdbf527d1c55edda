"""A local cloud in a process of its own, and the clients to it."""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emrguard_local.credentials import Credentials
from emrguard_local.emr_serverless.events import FILE as EVENTS_FILE
from emrguard_local.exceptions import LocalCloudError
from emrguard_local.host import aws_client

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_SERVER = (sys.executable, "-m", "emrguard_local.server")
_LOG_LINES = 15


class LocalCloud:
    """A running local cloud; `stop()` it, or use it as a context manager.

    It ends with this process, however that ends: the server notices when the pipe to it is closed.
    """

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, str], state_dir: Path, *, owned: bool) -> None:
        self.endpoint_url = ready["endpoint"]
        self.region = ready["region"]
        self.account_id = ready["account"]
        self.admin = Credentials(ready["access_key_id"], ready["secret_access_key"])
        self.state_dir = state_dir
        self._finalizer = weakref.finalize(self, _end, process, state_dir if owned else None)
        self._process = process

    @classmethod
    def start(cls, state_dir: Path | None = None, region: str = "us-east-1", port: int = 0) -> Self:
        """Start a local cloud on 127.0.0.1.

        Args:
            state_dir: where the services keep their files and the server its log, `server.log`; by default a
                temporary directory that is removed in the end.
            region: the region of the cloud.
            port: the port; 0 for a free one.

        Raises:
            LocalCloudError: the server did not start; carries the end of its log.
        """
        return cls._launch([*_SERVER, "--port", str(port), "--region", region], state_dir)

    @classmethod
    def _launch(cls, command: Sequence[str], state_dir: Path | None) -> Self:
        owned = state_dir is None
        directory = Path(tempfile.mkdtemp(prefix="emrguard-cloud-")) if state_dir is None else state_dir
        log = directory / "server.log"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with log.open("w", encoding="utf-8") as stderr:
                process = subprocess.Popen(  # noqa: S603  (our own command)
                    [*command, "--state-dir", str(directory)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                )
        except OSError as error:
            raise LocalCloudError(f"the local cloud cannot start in {directory}: {error}") from error
        try:
            ready = _wait_until_ready(process, log)
        except BaseException:
            _end(process, directory if owned else None)
            raise
        return cls(process, ready, directory, owned=owned)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client of the administrator, or of the bearer of `credentials`."""
        return aws_client(service, self.endpoint_url, self.region, credentials or self.admin)

    def events(self) -> list[dict[str, Any]]:
        """The EventBridge events so far, such as each change of state of a job run, in their order."""
        path = self.state_dir / EVENTS_FILE
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def running(self) -> bool:
        """Whether the server is alive."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the cloud and every job that runs in it; calling it again does nothing."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _wait_until_ready(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    while True:
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            raise LocalCloudError(f"the local cloud was not ready after {START_SECONDS:.0f} s{_tail(log)}")
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            raise LocalCloudError(f"the local cloud ended with exit code {code} while it started{_tail(log)}")
        try:
            ready = json.loads(line)
        except ValueError:
            continue
        if isinstance(ready, dict) and "endpoint" in ready:
            return ready


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return "; its log ends:\n" + "\n".join(lines[-_LOG_LINES:])
    return ""


def _end(process: subprocess.Popen[str], directory: Path | None) -> None:
    """Close the pipe that keeps the server alive, and kill it when it does not end."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)
