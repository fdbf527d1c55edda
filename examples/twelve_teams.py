"""A platform: twelve teams from a file, alerts by mail, budgets. A new team is a few lines of YAML, and no Python.

`tenants.yaml` has the teams; what stands under `defaults` holds for all of them. Each gets a stack of its own, the
platform another one. A typing mistake in the file is an error with the key, the value and the mend.
"""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Platform, load_tenants
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
settings = load_tenants(Path(__file__).with_name("tenants.yaml"))
Platform(
    cdk.Stack(app, "DataPlatform"),
    "Platform",
    tenants=[each.build(app) for each in settings],
    emails=["data-platform@example.com"],
    monthly_budgets={each.name: each.monthly_budget for each in settings if each.monthly_budget},
    macie="new",
)

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
