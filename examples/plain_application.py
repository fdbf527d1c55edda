"""An app without our constructs: the rules alone, over what a team has today.

`EmrGuardChecks` reports in the synth, as any cdk-nag pack does; `emrguard audit cdk.out` says the same in CI, without
CDK. To accept a finding say why: `acknowledge(scope, "EMRG201", "…")` of `emrguard_policies.nag`.
"""

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

app = cdk.App()
stack = cdk.Stack(app, "Today")
emrserverless.CfnApplication(stack, "Application", type="SPARK", release_label="emr-6.6.0")
role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com"))
role.add_to_policy(iam.PolicyStatement(actions=["s3:*"], resources=["*"]))
app.synth()
