"""How tests start processes that are to be interrupted."""

from __future__ import annotations

import signal


def as_in_a_terminal() -> None:
    """For `preexec_fn`: obey Ctrl-C, although shells start what they run in the background deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
