"""Code of somebody else: a vendor's jar runs in a tenant of its own, and each run may do less than its role.

EMR Serverless isolates applications from each other, not jobs of one application, so code that nobody here has read
gets an application, a key, a network and buckets of its own. What it may read is put there. Should it print its
credentials, they open nothing from elsewhere. `Request` is what a pipeline gives to `start_job_run`: it sends the
settings that encrypt the traffic between workers again, since a job's own settings replace those of the application.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Capacity, Platform, SparkJob, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
stack = cdk.Stack(app, "Vendor")
tenant = Tenant(stack, "Tenant", name="vendor", maximum_capacity=Capacity(cpu=8, memory=32, disk=160))
tenant.add_outputs()

objects = f"{tenant.data.bucket_arn}/"
run = SparkJob(
    entry_point=f"s3://{tenant.data.bucket_name}/jobs/score.py",
    timeout=cdk.Duration.minutes(30),
    allowed=[
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[f"{objects}jobs/score.py", f"{objects}input/today/*"]),
        iam.PolicyStatement(actions=["s3:PutObject"], resources=[f"{objects}output/scores/*"]),
        iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[tenant.key.key_arn]),
    ],
)
request = tenant.applications["vendor"].job_request(run)
cdk.CfnOutput(stack, "Request", value=stack.to_json_string(request))
Platform(cdk.Stack(app, "DataPlatform"), "Platform", tenants=[tenant], monthly_budgets={"vendor": 150}, macie="new")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
