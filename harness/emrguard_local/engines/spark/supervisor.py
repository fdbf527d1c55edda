"""Run one command and see to it that nothing of it survives its end, or that of the process that asked for it.

A script of its own, run by the engine environment's Python with nothing but the standard library:
`python supervisor.py COMMAND…`, in a session of its own, with a pipe as stdin. A line `cancel N` on the
pipe ends the command (SIGTERM, SIGKILL after N seconds); so does, at once, the end of the pipe, which the kernel closes
when the asking process dies, however it dies. Exits with the command's exit code, 128 + n where signal n ended it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _parents() -> dict[int, int]:
    """Ids of all processes but zombies, each with its parent's."""
    if sys.platform == "linux":
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                    if state != "Z":
                        found[int(entry.name)] = int(parent)
        return found
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,state="], capture_output=True, text=True, check=False).stdout  # noqa: S607
    lines = [line.split() for line in listed.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in lines if not state.startswith("Z")}


def _family() -> Iterator[int]:
    """Everything started by the command: our session's processes and our descendants."""
    own, parents = os.getpid(), _parents()
    for pid in parents:
        if pid == own:
            continue
        ancestor = pid
        while ancestor in parents and ancestor != own:
            ancestor = parents[ancestor]
        with contextlib.suppress(OSError):
            if ancestor == own or os.getsid(pid) == own:
                yield pid


def _kill_all() -> None:
    """SIGKILL until no process is left; what dies may have started another just before."""
    for _ in range(100):
        left = list(_family())
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return
        time.sleep(0.02)


def _terminate(grace: float) -> None:
    """Ask the family to end, then kill what is left after `grace` seconds."""
    if grace:
        for pid in _family():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        time.sleep(grace)
    _kill_all()


def _obey(process_id: int) -> None:
    """Follow the orders on stdin until it is closed."""
    for line in sys.stdin:
        word, _, grace = line.strip().partition(" ")
        if word == "cancel":
            threading.Thread(target=_terminate, args=(float(grace or 0),), daemon=True).start()
    with contextlib.suppress(OSError):
        os.kill(process_id, signal.SIGKILL)
    _kill_all()


def main(command: list[str]) -> int:
    """Run the command under supervision; its exit code."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # or a child that outlives its parent becomes init's
    own = os.getpid()

    def die_with_us() -> None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != own:
            os._exit(1)

    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_us)  # noqa: S603
    threading.Thread(target=_obey, args=(process.pid,), daemon=True).start()
    code = process.wait()
    _kill_all()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
