"""Release labels of EMR Serverless: what is in each, how long it is supported, and what came with which.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-standard-support.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import MappingProxyType

_LABEL = re.compile(r"^emr-(?:spark-)?(\d+)\.(\d+)(?:\.(\d+))?(?:-[a-z]+)?$")
_EXTENDED = date(2027, 8, 31)
_BRIDGE = date(2026, 8, 31)
CRITICAL_FIXES_UNTIL = date(2027, 6, 30)
"""The last day of critical fixes for emr-6.x, which has no full support any more."""

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Release:
    """One release of EMR Serverless.

    Attributes:
        label: such as `emr-7.14.0`.
        spark: version of Spark.
        hive: version of Hive; None where the release has no Hive.
        standard_until: last day of standard support; for emr-7.0 to 7.2 of the bridge that took its place; None for
            emr-6.x and previews, which have none.
        supported_until: last day of full support, which AWS extended for emr-7.0 to 7.10; None if there is none.
    """

    label: str
    spark: str
    hive: str | None
    standard_until: date | None
    supported_until: date | None


def _hive(label: str, spark: str, standard_until: date | None, *, hive: str = "3.1.3") -> Release:
    number = version(label) or (0, 0, 0)
    extended = (7, 0, 0) <= number <= (7, 10, 0)
    return Release(label, spark, hive, standard_until, _EXTENDED if extended else standard_until)


def version(label: str) -> Version | None:
    """The number of a release label, such as (7, 14, 0); None if it is no label."""
    match = _LABEL.match(label)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        release.label: release
        for release in (
            Release("emr-spark-8.1.0", "4.1.1", None, date(2029, 9, 7), date(2029, 9, 7)),
            Release("emr-spark-8.0.0", "4.0.2", None, date(2028, 5, 20), date(2028, 5, 20)),
            Release("emr-spark-8.0-preview", "4.0.1", None, None, None),
            _hive("emr-7.14.0", "3.5.8", date(2028, 9, 8)),
            _hive("emr-7.13.0", "3.5.6", date(2028, 4, 20)),
            _hive("emr-7.12.0", "3.5.6", date(2027, 11, 21)),
            _hive("emr-7.11.0", "3.5.6", date(2027, 11, 3)),
            _hive("emr-7.10.0", "3.5.5", date(2027, 8, 15)),
            _hive("emr-7.9.0", "3.5.5", date(2027, 5, 19)),
            _hive("emr-7.8.0", "3.5.4", date(2027, 3, 7)),
            _hive("emr-7.7.0", "3.5.3", date(2027, 2, 6)),
            _hive("emr-7.6.0", "3.5.3", date(2027, 1, 10)),
            _hive("emr-7.5.0", "3.5.2", date(2026, 11, 21)),
            _hive("emr-7.4.0", "3.5.2", date(2026, 11, 13)),
            _hive("emr-7.3.0", "3.5.1", date(2026, 10, 16)),
            _hive("emr-7.2.0", "3.5.1", _BRIDGE),
            _hive("emr-7.1.0", "3.5.0", _BRIDGE),
            _hive("emr-7.0.0", "3.5.0", _BRIDGE),
            _hive("emr-6.15.0", "3.4.1", None),
            _hive("emr-6.14.0", "3.4.1", None),
            _hive("emr-6.13.0", "3.4.1", None),
            _hive("emr-6.12.0", "3.4.0", None),
            _hive("emr-6.11.0", "3.3.2", None),
            _hive("emr-6.10.0", "3.3.1", None),
            _hive("emr-6.9.0", "3.3.0", None),
            _hive("emr-6.8.0", "3.3.0", None),
            _hive("emr-6.7.0", "3.2.1", None),
            _hive("emr-6.6.0", "3.2.0", None, hive="3.1.2"),
        )
    }
)
"""Every release of EMR Serverless as of 2026-11-23, by label, the newest first."""


class Feature(Enum):
    """What EMR Serverless can do from some release on; `title` names it and `since` is the first release with it.

    Releases are compared by number, so emr-spark-8.x has all that emr-7.x has.
    """

    CUSTOM_IMAGES = ("a custom image", (6, 9, 0))
    STUDIO = ("EMR Studio", (6, 14, 0))
    LIVY = ("the Livy endpoint", (6, 14, 0))
    INTERNODE_TLS = ("TLS between workers", (6, 15, 0))
    S3_ACCESS_GRANTS = ("S3 Access Grants", (6, 15, 0))
    JOB_QUEUE = ("the job queue", (7, 0, 0))
    SHUFFLE_OPTIMIZED_DISKS = ("shuffle-optimized disks", (7, 1, 0))
    STREAMING = ("streaming jobs", (7, 1, 0))
    RETRIES = ("retries of jobs", (7, 1, 0))
    PROMETHEUS = ("metrics to Prometheus", (7, 1, 0))
    LAKE_FORMATION_FINE_GRAINED = ("fine-grained access control of Lake Formation", (7, 2, 0))
    LAKE_FORMATION_FULL_TABLE = ("full-table access through Lake Formation", (7, 8, 0))
    IDENTITY_CENTER = ("IAM Identity Center", (7, 8, 0))
    CANCEL_GRACE_PERIOD = ("the grace period of cancelled jobs", (7, 9, 0))
    SERVERLESS_STORAGE = ("serverless storage", (7, 12, 0))
    SESSIONS = ("Spark Connect sessions", (7, 13, 0))

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return self.value[0]

    @property
    def since(self) -> Version:
        """The number of the first release that has it."""
        return self.value[1]

    @property
    def floor(self) -> str:
        """The label of the first release that has it."""
        return "emr-" + ".".join(map(str, self.since))


def is_known(label: str) -> bool:
    """Whether the label is in the list of releases of 2026-11-23."""
    return label in RELEASES


def unsupported(label: str, today: date) -> str:
    """Why a known release has no full support on a day; empty if it has."""
    until = RELEASES[label].supported_until
    if until is not None:
        return f"support ended on {until}" if until < today else ""
    if label.endswith("-preview"):
        return "a preview that a release superseded"
    return f"only critical fixes, and those until {CRITICAL_FIXES_UNTIL}"
