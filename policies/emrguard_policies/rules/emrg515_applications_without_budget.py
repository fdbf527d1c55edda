"""The maximum capacity limits what runs at once, not what a month costs. A budget tells somebody before the bill does.

A budget without a subscriber tells nobody. One of the organization may exist elsewhere; then acknowledge this finding
with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_BUDGET = "AWS::Budgets::Budget"
_NOTICES = "NotificationsWithSubscribers"


def check(context: Context) -> Iterator[Violation]:
    """One finding for the assembly, at its first application."""
    budgets = context.of(_BUDGET)
    told = [_tells(context, budget) for budget in budgets]
    if not context.applications or any(told):
        return
    first = context.applications[0]
    if None in told:
        yield Violation(first, "", "whom the budget tells depends on the deployment", undecided=True)
    else:
        count = len(context.applications)
        state = "a budget that tells nobody" if budgets else "no budget"
        yield Violation(first, "", f"{count} application{'s' if count > 1 else ''} and {state} in the assembly")


def _tells(context: Context, budget: Resource) -> bool | None:
    kind = context.get(budget, "Budget.BudgetType")
    if context.unknown(kind) or context.given(budget, _NOTICES) is None:
        return None
    return kind in ("COST", "USAGE") and bool(context.get(budget, _NOTICES))


RULE = Rule(
    id="EMRG515",
    name="applications-without-budget",
    severity="info",
    title="Applications without a budget that tells somebody",
    rationale=__doc__,
    mend="Add an AWS::Budgets::Budget with subscribers, or acknowledge with the budget that covers this account.",
    source="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
    frameworks={"AWS Well-Architected": ("COST02-BP05",)},
    check=check,
)
