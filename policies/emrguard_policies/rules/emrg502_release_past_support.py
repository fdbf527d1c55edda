"""An unsupported release gets no fixes of Spark, of the JDK, or of the service's own code.

Releases emr-6.x still get critical fixes only, until 2027-06-30; that does not count as support here.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies import releases
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "ReleaseLabel"


def check(context: Context) -> Iterator[Violation]:
    """Applications whose release is no longer supported on the day of the audit, or not known."""
    for application in context.applications:
        label = context.get(application, _PROPERTY)
        if not isinstance(label, str) or context.unknown(label):
            yield Violation(application, _PROPERTY, "the release depends on the deployment", undecided=True)
            continue
        if not releases.is_known(label):
            yield Violation(application, _PROPERTY, f"{label} is not a release that emrguard knows", undecided=True)
        elif reason := releases.unsupported(label, context.today):
            yield Violation(application, _PROPERTY, f"{label}: {reason}")


RULE = Rule(
    id="EMRG502",
    name="release-past-support",
    severity="error",
    title="Release label past the end of support",
    rationale=__doc__,
    mend="Move to the newest release of emr-7.x, or to emr-spark-8.1.0, and test the jobs on it.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-standard-support.html",
    frameworks={"AWS Well-Architected": ("SEC06-BP01",), "NIST 800-53 r5": ("SA-22", "SI-2")},
    check=check,
)
