"""The demo platform: two tenants that share an account and a trail, and nothing else."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect
from constructs import Construct

from emrguard import Capacity, Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks


class Flights(cdk.Stack):
    """On-time statistics from public flight data."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Flights", description="On-time statistics from public flight data")
        self.tenant = Tenant(self, "Tenant", name="flights")
        self.tenant.add_outputs()


class Payroll(cdk.Stack):
    """Salaries: must never be seen by any other tenant."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Payroll", description="Salaries")
        self.tenant = Tenant(
            self,
            "Tenant",
            name="payroll",
            maximum_capacity=Capacity(cpu=8, memory=32, disk=160),
            cidr="10.1.0.0/24",
        )
        self.tenant.add_outputs()


class DataPlatform(cdk.Stack):
    """What the tenants share on purpose: the record of what everyone does, and alerts. Deployed after them."""

    def __init__(self, scope: Construct, *tenants: Tenant) -> None:
        super().__init__(scope, "DataPlatform", description="Audit trail and alerts over all tenants")
        budgets = {tenant.name: 500 for tenant in tenants}
        Platform(self, "Platform", tenants=tenants, monthly_budgets=budgets, macie="new").add_outputs()


# The CDK CLI puts construct paths into the templates; so does a plain `python app.py`.
app = cdk.App(post_cli_context={"aws:cdk:enable-path-metadata": True})
tenants = [Flights(app).tenant, Payroll(app).tenant]
DataPlatform(app, *tenants)
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
