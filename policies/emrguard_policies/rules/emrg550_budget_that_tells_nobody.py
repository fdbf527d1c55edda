"""A budget without notification is a number that nobody reads, and one without limit has nothing to tell.

Where some tenants of an assembly have a budget, one without it is the tenant whose runaway job is found on the bill.
Accounts without any budget are EMRG515. The rule judges marked budgets.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_UNIT = "Budget.TimeUnit"
_LIMIT, _ALERTS, _FILTER = "Budget.BudgetLimit", "NotificationsWithSubscribers", "Budget.CostFilters.TagKeyValue"


def check(context: Context) -> Iterator[Violation]:
    """Marked budgets without limit or notifications, and applications of tenants that no marked budget names."""
    budgets = [item for item in context.of("AWS::Budgets::Budget") if item.mark.part == "budget"]
    named: set[str] = set()
    for budget in budgets:
        for path in (_LIMIT, _ALERTS):
            given = context.given(budget, path)
            if given is None or context.unknown(context.get(budget, path)):
                yield Violation(budget, path, f"{path} depends on the deployment", undecided=True)
            elif not given or context.get(budget, path) == []:
                yield Violation(budget, path, f"{path} is not set")
        unit = context.get(budget, _UNIT)
        if context.unknown(unit):
            yield Violation(budget, _UNIT, "the time of the limit depends on the deployment", undecided=True)
        elif unit not in ("DAILY", "MONTHLY", None):
            yield Violation(budget, _UNIT, f"the limit is {unit}: it tells of a runaway job months later")
        tags = context.get(budget, _FILTER)
        named.update(str(tag).rpartition("$")[2] for tag in (tags if isinstance(tags, list) else ()))
    for application in context.applications if named else ():
        if application.mark.tenant and application.mark.tenant not in named:
            yield Violation(application, "", f"no budget names tenant {application.mark.tenant}, but others have one")


RULE = Rule(
    id="EMRG550",
    name="budget-that-tells-nobody",
    severity="warning",
    title="Budget of a tenant that is missing, has no limit, or tells nobody",
    rationale=__doc__,
    mend="Give each tenant a budget with a limit and notifications.",
    source="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
    frameworks={"AWS Well-Architected": ("COST02-BP05",)},
    check=check,
)
