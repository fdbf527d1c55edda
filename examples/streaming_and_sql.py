"""Two engines and a stream: one team with a Spark application that reads Kinesis, and one for Hive.

Each application has its own execution role and its own submitters. A grant names one thing, and opens the way to it
through the network: without the VPC endpoint of its service a job would wait until it times out.
"""

import aws_cdk as cdk
from aws_cdk import aws_kinesis as kinesis
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect

from emrguard import Platform, Tenant
from emrguard_policies.nag import EmrGuardChecks

app = cdk.App()
stack = cdk.Stack(app, "Traffic")
team = Tenant(stack, "Tenant", name="traffic")
arn = stack.format_arn(service="kinesis", resource="stream", resource_name="departures")
team.execution_role.grant_kinesis_read(kinesis.Stream.from_stream_arn(stack, "Departures", arn))
team.execution_role.grant_glue_read_write("traffic")

sql = team.add_hive_application(
    "sql",
    plaintext_between_workers_because="Hive has no encryption between its workers; they are alone in their VPC",
    inputs=["queries/"],
)
sql.execution_role.grant_glue_read("traffic")
team.add_outputs()
Platform(cdk.Stack(app, "DataPlatform"), "Platform", tenants=[team], monthly_budgets={"traffic": 800}, macie="new")

cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
app.synth()
