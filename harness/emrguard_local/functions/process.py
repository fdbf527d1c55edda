"""One invocation in a process of its own, with the role's credentials in its environment as on Lambda."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation: the JSON of the answer or of the error, and everything that was printed."""

    payload: str
    failed: bool
    printed: str


class Processes:
    """Runs invocations; `close` ends those that run."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, code: bytes, asked: Mapping[str, Any], environment: Mapping[str, str]) -> Outcome:
        """Run the handler of a zip archive; returns when it has ended or `asked["seconds"]` are over."""
        with tempfile.TemporaryDirectory(prefix="emrguard-function-") as directory:
            home = Path(directory)
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(home / "code")
            outcome = home / "outcome.json"
            told = {**asked, "code": str(home / "code"), "outcome": str(outcome)}
            printed, ended = self._run(json.dumps(told).encode(), home, dict(environment), float(asked["seconds"]))
            if outcome.exists():
                found = json.loads(outcome.read_text(encoding="utf-8"))
                return Outcome(found.get("payload") or found["error"], "error" in found, printed)
        said = f"RequestId: {asked['request_id']} Error: {ended}"
        kind = "Sandbox.Timedout" if "timed out" in ended else "Runtime.ExitError"
        return Outcome(json.dumps({"errorType": kind, "errorMessage": said}), True, printed)

    def close(self) -> None:
        """Kill what runs."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for each in running:
            _kill(each)

    def _run(self, asked: bytes, home: Path, environment: dict[str, str], seconds: float) -> tuple[str, str]:
        """Everything that was printed, and how the process ended."""
        with (home / "printed").open("w+b") as output:
            with self._lock:
                if self._closed:
                    return "", "the local cloud is being stopped"
                process = subprocess.Popen(  # noqa: S603 - the code is what the caller deployed, as on Lambda
                    [sys.executable, "-I", "-B", "-u", str(_BOOTSTRAP)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=home / "code",
                    env={**environment, "HOME": str(home), "TMPDIR": str(home)},
                    start_new_session=True,
                )
                self._running.add(process)
            try:
                process.communicate(asked, seconds)
                ended = f"Runtime exited with exit status {process.returncode}"
            except subprocess.TimeoutExpired:
                ended = f"Task timed out after {seconds:.2f} seconds"
            finally:
                _kill(process)
                with self._lock:
                    self._running.discard(process)
            output.seek(0)
            return output.read().decode(errors="replace"), ended


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process with all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
