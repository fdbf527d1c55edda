"""An accepted finding needs a reason that the next reader can judge.

cdk-nag takes an empty reason; emrguard does not honour such an acknowledgment, and says so here.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.acknowledgments import written_acknowledgments
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Acknowledgments of our rules whose reason is empty."""
    for resource in context.assembly.resources():
        for rule_id, reason in written_acknowledgments(resource):
            if not reason:
                yield Violation(resource, "", f"the acknowledgment of {rule_id} in Metadata.cdk_nag has no reason")


RULE = Rule(
    id="EMRG001",
    name="acknowledgment-without-reason",
    severity="warning",
    title="Acknowledgment without a reason",
    rationale=__doc__,
    mend="Write why the finding is accepted, or remove the acknowledgment.",
    source="https://github.com/cdklabs/cdk-nag/blob/main/README.md",
    check=check,
)
