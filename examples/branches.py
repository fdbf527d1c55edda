"""Development: an environment for each branch, small, and forgetful.

    cdk deploy --context branch=fix-delays --all

The branch is a tenant like any other: what is tried here meets the rules, the proof and the policies of production.
Data goes after two weeks. The stack's buckets, key and logs outlive `cdk destroy`, as all that holds data does; delete
them by hand.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Capacity, Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
branch = app.node.try_get_context("branch") or "main"
stack = cdk.Stack(app, f"Flights-{branch}")
tenant = Tenant(
    stack,
    "Tenant",
    name=f"flights-{branch}",
    maximum_capacity=Capacity(cpu=8, memory=32, disk=160),
    idle_timeout=cdk.Duration.minutes(2),
    expire_after=cdk.Duration.days(14),
    expire_because="what a branch writes is a copy of test data, made again by the next run",
)
tenant.add_outputs()
platform = cdk.Stack(app, f"DataPlatform-{branch}")
Platform(platform, "Platform", tenants=[tenant], monthly_budgets={tenant.name: 50}, macie="existing")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
