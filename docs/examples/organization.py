"""An account of an organization that records all its accounts, and has Macie and a topic for alerts already.

What exists is named, with the reason why it is enough: the audit does not see what another account does, and says so.
Data that must not be deleted for a time, by anyone, lies in a bucket with Object Lock.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Alerts, DataBucket, ObjectLock, Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
claims = cdk.Stack(app, "Claims")
tenant = Tenant(claims, "Tenant", name="claims")
evidence = DataBucket(claims, "Evidence", tenant="claims", key=tenant.key, object_lock=ObjectLock(days=365))
evidence.grant_read(tenant.execution_role, "scans/")
evidence.confine(tenant.execution_role, tenant.network.vpc_id)

shared = cdk.Stack(app, "DataPlatform")
topic = Alerts.from_topic_arn(shared, "Topic", "arn:aws:sns:eu-west-1:111122223333:security-alerts")
Platform(
    shared,
    "Platform",
    tenants=[tenant],
    alerts=topic,
    organization_trail=(
        "arn:aws:cloudtrail:eu-west-1:999988887777:trail/everything",
        "the security account records all accounts, with data events of every bucket",
    ),
    monthly_budgets={"claims": 500},
    macie="existing",
)

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
