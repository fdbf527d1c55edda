"""Regulated data: Lake Formation decides on columns, Macie looks for what should not be there, nobody deletes evidence.

Jobs see two columns of the claims table and no file of it: Lake Formation's system driver filters, so the role has no
right in S3 on the table. Every version of what lies in the evidence bucket stays for seven years.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import DataBucket, ObjectLock, Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
stack = cdk.Stack(app, "Claims")
tenant = Tenant(stack, "Tenant", name="claims", spark_defaults={"spark.emr-serverless.lakeformation.enabled": "true"})
tenant.execution_role.grant_lake_formation_fine_grained("claims", "settled", columns=["month", "amount"])

evidence = DataBucket(
    stack, "Evidence", tenant="claims", key=tenant.key, object_lock=ObjectLock(days=2557, mode="COMPLIANCE")
)
evidence.grant_read(tenant.execution_role, "scans/")
evidence.confine(tenant.execution_role, tenant.network.vpc_id)
tenant.add_outputs()
Platform(
    cdk.Stack(app, "DataPlatform"),
    "Platform",
    tenants=[tenant],
    further_buckets=[evidence],
    monthly_budgets={"claims": 500},
    macie="new",
)

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
