"""What the service's behaviour on one machine hangs on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def _machine_runs() -> int:
    return max(2, min(8, (os.cpu_count() or 2) // 2))


@dataclass(frozen=True)
class Settings:
    """`concurrent_runs`: job runs that the machine executes at once, over all applications (default: half its cores,
    from 2 to 8). `log_seconds`: how often the logs of a running driver are delivered. `minute_seconds`: how long a
    minute of the API's timeouts is; only tests shorten it. `up_seconds`: after how long a driver that has fetched no
    credentials counts as RUNNING.
    """

    concurrent_runs: int = field(default_factory=_machine_runs)
    log_seconds: float = 3.0
    minute_seconds: float = 60.0
    up_seconds: float = 5.0
