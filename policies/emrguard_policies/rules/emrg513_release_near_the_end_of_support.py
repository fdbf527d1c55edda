"""Standard support of a release lasts two years. A move to the next one takes weeks, with every job tested on it.

The rule speaks from 90 days before the last day of standard support on. What AWS still supports beyond it, as it does
for emr-7.0 to 7.10 until 2027-08-31, is time to move, not to stay. A release without any support is EMRG502's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from emrguard_policies import releases
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "ReleaseLabel"
_NOTICE = timedelta(days=90)


def check(context: Context) -> Iterator[Violation]:
    """Applications whose release leaves standard support soon, or has left it and is supported still."""
    for application in context.applications:
        label = context.get(application, _PROPERTY)
        if not isinstance(label, str) or context.unknown(label):
            yield Violation(application, _PROPERTY, "the release depends on the deployment", undecided=True)
            continue
        until = releases.RELEASES[label].standard_until if releases.is_known(label) else None
        if until is None or releases.unsupported(label, context.today) or context.today < until - _NOTICE:
            continue
        verb = "ended" if until < context.today else "ends"
        yield Violation(application, _PROPERTY, f"{label}: standard support {verb} on {until}")


RULE = Rule(
    id="EMRG513",
    name="release-near-the-end-of-support",
    severity="warning",
    title="Release label within 90 days of the end of standard support, or past it",
    rationale=__doc__,
    mend="Move to the newest release of emr-7.x, or to emr-spark-8.1.0, and test the jobs on it.",
    source="https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-standard-support.html",
    frameworks={"AWS Well-Architected": ("SEC06-BP01",), "NIST 800-53 r5": ("SA-22",)},
    check=check,
)
