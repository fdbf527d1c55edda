"""What differs between Regions: resource types that CloudFormation lacks, and the names of services.

A test compares the lists with CloudFormation's schemas.
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from constructs import IConstruct

from emrguard._kept import unresolved, url_suffix
from emrguard.exceptions import ArgumentError

LACKING: Final[dict[str, tuple[str, ...]]] = {
    "AWS::Budgets::Budget": (
        "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-4",
        "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-north-1", "eu-south-1",
        "eu-south-2", "il-central-1", "me-central-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1",
    ),
    "AWS::Macie::CustomDataIdentifier": (
        "af-south-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
        "ap-southeast-7", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-1", "eu-south-2",
        "me-central-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1",
    ),
    "AWS::Macie::Session": (
        "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
        "ap-southeast-7", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-2", "me-central-1",
        "mx-central-1", "us-gov-east-1", "us-gov-west-1",
    ),
}  # fmt: skip
"""Regions without the type, by type."""


def demand(scope: IConstruct, kind: str, mend: str) -> None:
    """A Region that has a resource type; one that is known only later passes.

    Raises:
        ArgumentError: the stack's Region does not have it.
    """
    region = cdk.Stack.of(scope).region
    if region in LACKING[kind]:
        raise ArgumentError(scope.node.path, "region", region, f"CloudFormation has no {kind} there: {mend}")


def service_name(service: str, region: str) -> str:
    """A service of one Region as `kms:ViaService` and the key policy of log groups name it.

    In China names end with `.cn`; in a stack of any Region the deployment decides.
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    if unresolved(region):
        return f"{service}.{region}.{url_suffix()}"
    return f"{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
