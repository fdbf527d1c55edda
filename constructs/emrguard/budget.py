"""The monthly budget of one tenant."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from emrguard import _arguments, _regions
from emrguard._manifest import TENANT_TAG, Owner
from emrguard.alerts import Alerts
from emrguard.exceptions import ArgumentError


class Budget(Construct):
    """Alerts when what a tenant costs in a month comes near a limit, or is forecast to pass it. It stops nothing.

    The ceiling on what runs at one time is `maximum_capacity`. Costs are told by the tag `emrguard:tenant`, which the
    management account must activate as a cost allocation tag once; until then, and for up to a day after it was
    first used, the budget counts nothing.
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html

    ```python
    import aws_cdk as cdk

    from emrguard import Alerts, Budget

    stack = cdk.Stack(cdk.App(), "Platform")
    Budget(stack, "Flights", tenant="flights", monthly_limit=500, alerts=Alerts(stack, "Alerts"))
    ```

    Args:
        tenant: name of the tenant.
        monthly_limit: what the tenant may cost a month, in `currency`.
        alerts: where alerts go.
        thresholds: at how much of the limit actual costs alert, in percent, up to nine; default 50, 80 and 100.
            Costs that are forecast to pass the limit alert, too.
        currency: the currency of the bill, default `USD`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        tenant: str,
        monthly_limit: float,
        alerts: Alerts,
        thresholds: Sequence[float] = (50, 80, 100),
        currency: str = "USD",
    ) -> None:
        super().__init__(scope, id)
        _regions.demand(self, "AWS::Budgets::Budget", "make the budget in a stack in another Region: it counts all")
        owner = Owner(tenant=_arguments.tenant_name(self, tenant))
        path = self.node.path
        if not isinstance(monthly_limit, int | float) or isinstance(monthly_limit, bool) or not monthly_limit > 0:
            raise ArgumentError(path, "monthly_limit", monthly_limit, f"write how many {currency} a month, above 0")
        if (
            isinstance(thresholds, str)
            or not 1 <= len(thresholds) <= 9
            or not all(0 < each <= 1000 for each in thresholds)
        ):
            mend = "list one to nine percentages of the limit, such as [80, 100]"
            raise ArgumentError(path, "thresholds", thresholds, mend)
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=alerts.topic_arn)
        wanted = [("ACTUAL", each) for each in thresholds] + [("FORECASTED", 100)]
        budget = budgets.CfnBudget(
            self,
            "Resource",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_limit, unit=currency),
                cost_filters={"TagKeyValue": [f"user:{TENANT_TAG}${tenant}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=threshold,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, threshold in wanted
            ],
        )
        owner.mark(budget, "budget")
        owner.tag(self)
