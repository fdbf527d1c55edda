"""A job's OS process: started under the supervisor, awaited, cancelled."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from emrguard_local.engines.base import Outcome
from emrguard_local.engines.spark import failure

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_TAIL_BYTES = 1 << 20


class SparkProcess:
    """A running attempt; a `RunningJob`. Its log files lie in the work directory, as `stdout` and `stderr`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        python: Path,
        environment: Mapping[str, str],
        work_dir: Path,
        notes: Sequence[str],
        heap_mib: int,
    ) -> None:
        self._work_dir = work_dir
        self._heap_mib = heap_mib
        self._cancelled = False
        self._ending = threading.Lock()
        self._outcome: Outcome | None = None
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            err.writelines(f"emrguard: {note}\n".encode() for note in notes)
            err.flush()
            self._process = subprocess.Popen(  # noqa: S603 - the engine environment's own interpreter
                [str(python), "-I", "-S", str(_SUPERVISOR), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                cwd=work_dir,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The id of the supervisor's process, from which all of the job's descend."""
        return self._process.pid

    @property
    def stdout(self) -> Path:
        """The driver's stdout so far."""
        return self._work_dir / "stdout"

    @property
    def stderr(self) -> Path:
        """The driver's stderr so far, after what the engine has to say about the job."""
        return self._work_dir / "stderr"

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """Wait at most `timeout` seconds; None while the job still runs."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        with self._ending:
            if self._outcome is None:
                self._outcome = self._conclude(code)
            return self._outcome

    def _conclude(self, code: int) -> Outcome:
        """Work out the reason and write it where submitters look for it: at the end of stderr."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if code == 0:
            return Outcome(0, None)
        if self._cancelled:
            reason = "the job was cancelled"
        else:
            reason = failure.reason(code, f"{_tail(self.stderr)}\n{_tail(self.stdout)}", self._heap_mib)
        with self.stderr.open("ab") as log:
            log.write(f"emrguard: {reason}\n".encode())
        return Outcome(code, reason)

    def cancel(self, grace_seconds: float = 0) -> None:
        """End the job and every process it started; SIGTERM first when a grace period is given. Returns at once."""
        self._cancelled = True
        if self._process.stdin and self._process.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(f"cancel {grace_seconds}\n".encode())
                self._process.stdin.flush()


def _tail(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return log.read().decode(errors="replace")
