"""Fixes of Spark, of the JDK and of the base image come with the next minor release, not to the one you run.

The rule compares within one line, emr-7 or emr-spark-8. Releases without support are EMRG502's.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies import releases
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "ReleaseLabel"


def check(context: Context) -> Iterator[Violation]:
    """Applications on a supported release that is not the newest of its line."""
    for application in context.applications:
        label = context.get(application, _PROPERTY)
        if not isinstance(label, str) or context.unknown(label):
            yield Violation(application, _PROPERTY, "the release depends on the deployment", undecided=True)
            continue
        if not releases.is_known(label) or releases.unsupported(label, context.today):
            continue
        newest = _newest(label)
        if newest != label:
            yield Violation(application, _PROPERTY, f"{label} is behind {newest}")


def _newest(label: str) -> str:
    """The first label of the same line; the newest stand first in the list."""
    line = label.partition(".")[0]
    return next(other for other in releases.RELEASES if other.partition(".")[0] == line)


RULE = Rule(
    id="EMRG514",
    name="release-behind-the-newest",
    severity="info",
    title="Release label that is not the newest of its line",
    rationale=__doc__,
    mend="Move to the newest minor release, and test the jobs on it.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html",
    frameworks={"AWS Well-Architected": ("SEC06-BP01",), "NIST 800-53 r5": ("SI-2",)},
    check=check,
)
