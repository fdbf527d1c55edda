"""Workers that wait for jobs."""

from __future__ import annotations

from dataclasses import dataclass

from emrguard.worker_size import WorkerSize


@dataclass(frozen=True, kw_only=True)
class InitialCapacity:
    """Workers of one type that start with the application, so that a job need not wait for them.

    They are billed for all the time that the application is started, idle or not.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/pre-init-capacity.html

    Args:
        workers: how many, 1 to 1000000.
        size: of each, default what the engine's jobs ask for by default: with Spark 4 vCPU, 16 GB of memory and 20 GB
            of disk, with Hive 2 vCPU, 6 GB and 20 GB. A job uses a waiting worker only if it asks for exactly this
            size.
    """

    workers: int
    size: WorkerSize | None = None
