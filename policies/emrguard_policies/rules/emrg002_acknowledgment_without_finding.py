"""An acknowledgment that accepts nothing waits for a finding that nobody has seen yet, and hides it when it comes.

CDK copies what is acknowledged on a construct to every resource below; it counts as used if one of them has the
finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.acknowledgments import acknowledgments
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.registry import all_rules

_ID = "EMRG002"


def check(context: Context) -> Iterator[Violation]:
    """Acknowledgments of our rules, with a reason, that no resource has a finding for."""
    written: dict[tuple[str, str], list[Resource]] = {}
    for resource in context.assembly.resources():
        for rule_id, reason in acknowledgments(resource).items():
            if rule_id != _ID:
                written.setdefault((rule_id, reason), []).append(resource)
    known = {rule.id: rule for rule in all_rules()}
    for (rule_id, reason), resources in written.items():
        rule = known.get(rule_id)
        if rule is None:
            yield Violation(resources[0], "", f"{rule_id}, acknowledged because {reason!r}, is no rule")
        elif not _fires(context, rule, resources):
            yield Violation(resources[0], "", f"{rule_id}, acknowledged because {reason!r}, does not fire")


def _fires(context: Context, rule: Rule, resources: list[Resource]) -> bool:
    try:
        violations = context.violations(rule)
    except Exception:  # noqa: BLE001 - the crash is a finding of its own; whether the rule would fire is not known
        return True
    return not {violation.resource for violation in violations}.isdisjoint(resources)


RULE = Rule(
    id=_ID,
    name="acknowledgment-without-finding",
    severity="info",
    title="Acknowledgment of a finding that is not there",
    rationale=__doc__,
    mend="Remove the acknowledgment.",
    source="https://github.com/cdklabs/cdk-nag/blob/main/README.md",
    check=check,
)
