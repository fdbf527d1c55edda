"""Notebooks: an application that analysts open from JupyterLab through Livy.

What is typed in a notebook runs with all rights of the execution role, and no job run shows it. So the way must have a
reason, which the audit repeats, and people come through a role of their own, with MFA.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Interactive, InteractiveUserRole, Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
stack = cdk.Stack(app, "Research")
tenant = Tenant(
    stack,
    "Tenant",
    name="research",
    outputs=["output/", "notebooks/"],
    interactive=Interactive(livy_because="researchers explore data that no job was written for yet"),
)
InteractiveUserRole(stack, "Analyst", tenant=tenant, ways=["livy"], session=cdk.Duration.hours(8))
Platform(cdk.Stack(app, "DataPlatform"), "Platform", tenants=[tenant], monthly_budgets={"research": 400}, macie="new")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
