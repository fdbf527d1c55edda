"""One team: an application with its key, roles, buckets and network, and the trail over it.

Run it with `python single_team.py`, then look at `cdk.out`: about a hundred resources, all from the lines below.
`emrguard audit cdk.out` says what was chosen; `emrguard prove cdk.out` says what nobody else can do.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
team = Tenant(cdk.Stack(app, "Flights"), "Tenant", name="flights")
team.add_outputs()
Platform(cdk.Stack(app, "DataPlatform"), "Platform", tenants=[team], monthly_budgets={"flights": 200}, macie="new")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
