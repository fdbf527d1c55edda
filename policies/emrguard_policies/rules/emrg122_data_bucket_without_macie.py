"""Personal data gets into a data lake unasked. Amazon Macie looks for it, in every bucket of the account and Region.

One session serves the account, so it may be in another assembly. Then acknowledge this finding with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SESSION = "AWS::Macie::Session"


def check(context: Context) -> Iterator[Violation]:
    """One finding for the assembly, at its first data bucket."""
    logs = set(context.log_buckets)
    data = [bucket for bucket in context.buckets if bucket not in logs and bucket.mark.part in (None, "data-bucket")]
    if not data or context.declared("macie"):
        return
    states = [context.get(session, "Status") for session in context.of(_SESSION)]
    if any(state in (None, "ENABLED") for state in states):
        return
    if any(map(context.unknown, states)):
        yield Violation(data[0], "", "whether Macie is on depends on the deployment", undecided=True)
    else:
        state = "Macie is paused" if states else "no AWS::Macie::Session"
        yield Violation(
            data[0], "", f"{len(data)} data bucket{'s' if len(data) > 1 else ''} and {state} in the assembly"
        )


RULE = Rule(
    id="EMRG122",
    name="data-bucket-without-macie",
    severity="info",
    title="Data buckets in which nobody looks for personal data",
    rationale=__doc__,
    mend="Add an AWS::Macie::Session, or acknowledge with the place where Macie is turned on for this account.",
    source="https://docs.aws.amazon.com/macie/latest/user/what-is-macie.html",
    frameworks={"AWS Well-Architected": ("SEC07-BP03",), "NIST 800-53 r5": ("SI-4", "RA-2")},
    check=check,
)
