"""Release labels of EMR Serverless and how long each is supported.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-standard-support.html
"""

from __future__ import annotations

import re
from datetime import date

_LABEL = re.compile(r"^emr-(?:spark-)?(\d+)\.(\d+)(?:\.(\d+))?(?:-[a-z]+)?$")
_EXTENDED = date(2027, 8, 31)
_UNTIL = {
    "emr-spark-8.1.0": date(2029, 9, 7),
    "emr-spark-8.0.0": date(2028, 5, 20),
    "emr-7.14.0": date(2028, 9, 8),
    "emr-7.13.0": date(2028, 4, 20),
    "emr-7.12.0": date(2027, 11, 21),
    "emr-7.11.0": date(2027, 11, 3),
    # Full support of these was extended beyond the end of their standard support.
    **{f"emr-7.{minor}.0": _EXTENDED for minor in range(11)},
}
CRITICAL_FIXES_UNTIL = date(2027, 6, 30)
"""The last day of critical fixes for emr-6.x, which has no full support any more."""
_CRITICAL_ONLY = {f"emr-6.{minor}.0" for minor in range(6, 16)}
_SUPERSEDED = {"emr-spark-8.0-preview"}


def is_known(label: str) -> bool:
    """Whether the label is in the list of releases of 2026-11-23."""
    return label in _UNTIL or label in _CRITICAL_ONLY or label in _SUPERSEDED


def unsupported(label: str, today: date) -> str:
    """Why a known release has no full support on a day; empty if it has."""
    if label in _SUPERSEDED:
        return "a preview that a release superseded"
    if label in _CRITICAL_ONLY:
        return f"only critical fixes, and those until {CRITICAL_FIXES_UNTIL}"
    return f"support ended on {_UNTIL[label]}" if _UNTIL[label] < today else ""


def version(label: str) -> tuple[int, int, int] | None:
    """The number of a release label, such as (7, 14, 0); None if it is no label."""
    match = _LABEL.match(label)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
