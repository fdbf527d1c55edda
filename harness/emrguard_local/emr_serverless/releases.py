"""Release labels and what comes with which release.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from emrguard_local.emr_serverless.errors import validation
from emrguard_policies.releases import RELEASES

_LABEL = re.compile(r"emr-(?:spark-)?(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?(?:-preview)?")
# Oldest first; the last three are emr-spark-8's.
_KNOWN = tuple(RELEASES)[::-1]


@dataclass(frozen=True)
class Release:
    """A release; `version` orders releases across the lines."""

    label: str
    version: tuple[int, int]

    def has(self, major: int, minor: int) -> bool:
        """Whether this release is `major.minor` or later."""
        return self.version >= (major, minor)


def release(label: str) -> Release:
    """Read a release label.

    Raises:
        ServiceError: ValidationException; there is no such release.
    """
    found = _LABEL.fullmatch(label)
    if found is None or label not in _KNOWN:
        raise validation(
            f"releaseLabel '{label}' is not a release of EMR Serverless; use one of {_KNOWN[0]} to {_KNOWN[-4]}, "
            f"{_KNOWN[-2]} or {_KNOWN[-1]}"
        )
    return Release(label, (int(found["major"]), int(found["minor"])))
