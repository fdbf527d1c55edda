"""Writes the AWS-managed policies that the proof knows offline: `python tests/managed_policies_support.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

FILE = Path(__file__).parent.parent / "policies" / "emrguard_policies" / "managed_policies.json"
NAMES = (
    "AWSCloudFormationFullAccess", "AWSCloudTrail_FullAccess", "AWSCloudTrail_ReadOnlyAccess",
    "AWSGlueConsoleFullAccess", "AWSGlueServiceNotebookRole", "AWSGlueServiceRole", "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole", "AWSLambdaENIManagementAccess", "AWSLambdaExecute",
    "AWSLambdaKinesisExecutionRole", "AWSLambdaMSKExecutionRole", "AWSLambdaRole", "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole", "AWSLambda_FullAccess", "AWSLambda_ReadOnlyAccess",
    "AWSStepFunctionsConsoleFullAccess", "AWSStepFunctionsFullAccess", "AWSStepFunctionsReadOnlyAccess",
    "AWSXRayDaemonWriteAccess", "AdministratorAccess", "AmazonAthenaFullAccess", "AmazonDynamoDBFullAccess",
    "AmazonDynamoDBReadOnlyAccess", "AmazonEC2ContainerRegistryFullAccess", "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly", "AmazonECSTaskExecutionRolePolicy",
    "AmazonEMRFullAccessPolicy_v2", "AmazonEMRReadOnlyAccessPolicy_v2", "AmazonEMRServicePolicyForSessions",
    "AmazonEMRServicePolicy_v2", "AmazonElasticMapReduceEditorsRole", "AmazonElasticMapReduceFullAccess",
    "AmazonElasticMapReduceReadOnlyAccess", "AmazonElasticMapReduceRole", "AmazonElasticMapReduceforAutoScalingRole",
    "AmazonElasticMapReduceforEC2Role", "AmazonEventBridgeFullAccess", "AmazonEventBridgeSchedulerFullAccess",
    "AmazonKinesisFullAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "AmazonSNSFullAccess",
    "AmazonSQSFullAccess", "AmazonSSMManagedInstanceCore", "AmazonSSMReadOnlyAccess", "CloudWatchAgentServerPolicy",
    "CloudWatchEventsBuiltInTargetExecutionAccess", "CloudWatchEventsFullAccess", "CloudWatchEventsInvocationAccess",
    "CloudWatchFullAccess", "CloudWatchLogsFullAccess", "CloudWatchLogsReadOnlyAccess", "CloudWatchReadOnlyAccess",
    "IAMFullAccess", "IAMReadOnlyAccess", "PowerUserAccess", "ReadOnlyAccess", "SecretsManagerReadWrite",
    "SecurityAudit", "ViewOnlyAccess",
)  # fmt: skip
"""What CDK's constructs and people who run EMR attach."""


def carried_by_moto() -> dict[str, Any]:
    """The policies as moto carries them: path and name → version and document."""
    every = json.loads(aws_managed_policies_data)
    return {
        f"{every[name]['Path']}{name}": {
            "version": every[name]["DefaultVersionId"], "document": every[name]["Document"],
        }
        for name in NAMES
    }  # fmt: skip


if __name__ == "__main__":
    FILE.write_text(json.dumps(carried_by_moto(), sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")
