"""Workers that wait for jobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from emrguard.worker_size import WorkerSize


@dataclass(frozen=True, kw_only=True)
class InitialCapacity:
    """Workers of one type that start with the application, so that a job need not wait for them.

    They are billed for all the time that the application is started, idle or not.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/pre-init-capacity.html

    Args:
        workers: how many, 1 to 1000000.
        size: of each, default 4 vCPU, 16 GB of memory, 20 GB of disk. A job uses a waiting worker only if it asks for
            exactly this size.
    """

    workers: int
    size: WorkerSize = field(default_factory=WorkerSize)
