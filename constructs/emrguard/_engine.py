"""What differs between the engines of EMR Serverless: names of worker types, their logs, default sizes.

The service names one and the same worker in three ways: in the initial capacity, for images and for logs.
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/pre-init-capacity.html
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/application-custom-image.html
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/log-types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from emrguard.worker_size import WorkerSize


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes:
        type: of the application, as the API has it.
        name: as people write it.
        capacity_keys: worker types of the initial capacity, the driver first.
        image_keys: worker types of images, the driver first.
        log_types: what can go to CloudWatch, by worker type of logs, the driver first.
        default_size: of a worker when a job asks for nothing.
        defaults: the classification of the engine's own settings, which has an argument of its own.
        defaults_mend: what to write in place of that classification.
        prometheus: whether metrics go to Amazon Managed Service for Prometheus.
    """

    type: str
    name: str
    capacity_keys: tuple[str, ...]
    image_keys: tuple[str, ...]
    log_types: Mapping[str, tuple[str, ...]] = field(hash=False)
    default_size: WorkerSize
    defaults: str
    defaults_mend: str
    prometheus: bool


SPARK = Engine(
    type="SPARK",
    name="Spark",
    capacity_keys=("DRIVER", "EXECUTOR"),
    image_keys=("Driver", "Executor"),
    log_types=MappingProxyType({"SPARK_DRIVER": ("STDOUT", "STDERR"), "SPARK_EXECUTOR": ("STDOUT", "STDERR")}),
    default_size=WorkerSize(),
    defaults="spark-defaults",
    defaults_mend="write spark_defaults={…}: it keeps the traffic between workers encrypted",
    prometheus=True,
)
HIVE = Engine(
    type="HIVE",
    name="Hive",
    capacity_keys=("DRIVER", "TEZ_TASK"),
    image_keys=("HiveDriver", "TezTask"),
    log_types=MappingProxyType(
        {
            "HIVE_DRIVER": ("STDOUT", "STDERR", "HIVE_LOG", "TEZ_AM"),
            "TEZ_TASK": ("STDOUT", "STDERR", "SYSTEM_LOGS"),
        }
    ),
    default_size=WorkerSize(cpu=2, memory=6),
    defaults="hive-site",
    defaults_mend="write hive_site={…}: it keeps the scratch and warehouse folders in the tenant's bucket",
    prometheus=False,
)
