"""The ids of S3's managed prefix lists, which a security group rule needs and CloudFormation cannot look up."""

from __future__ import annotations

import re

import aws_cdk as cdk
from constructs import Construct

from emrguard.exceptions import ArgumentError

# `aws ec2 describe-managed-prefix-lists` tells the id of com.amazonaws.<region>.s3, which never changes; AWS publishes
# no table. These are the Regions on whose id several public listings agree; `s3_prefix_list_id` overrides.
_IDS = {
    "ap-northeast-1": "pl-61a54008",
    "ap-northeast-2": "pl-78a54011",
    "ap-northeast-3": "pl-a4a540cd",
    "ap-south-1": "pl-78a54011",
    "ap-southeast-1": "pl-6fa54006",
    "ap-southeast-2": "pl-6ca54005",
    "ca-central-1": "pl-7da54014",
    "eu-central-1": "pl-6ea54007",
    "eu-north-1": "pl-c3aa4faa",
    "eu-west-1": "pl-6da54004",
    "eu-west-2": "pl-7ca54015",
    "eu-west-3": "pl-23ad484a",
    "sa-east-1": "pl-6aa54003",
    "us-east-1": "pl-63a5400a",
    "us-east-2": "pl-7ba54012",
    "us-west-1": "pl-6ba54002",
    "us-west-2": "pl-68a54001",
}


_ID = re.compile(r"pl-[0-9a-f]{8,17}")


def s3_prefix_list(scope: Construct, given: str | None) -> str:
    """The id for the Region of the stack: as given, or from the table; in a stack of any Region by a template mapping.

    Through the network there is no way but the S3 endpoint, whose policy names the buckets: an id that were wrong could
    fail the deployment or cut the workers off from S3, not open another way out.

    Raises:
        ArgumentError: the stack names a Region that is not in the table, or what is given is no id.
    """
    if given is not None:
        if not cdk.Token.is_unresolved(given) and not _ID.fullmatch(given):
            raise ArgumentError(scope.node.path, "s3_prefix_list_id", given, "write an id such as 'pl-6da54004'")
        return given
    region = cdk.Stack.of(scope).region
    if cdk.Token.is_unresolved(region):
        mapping = cdk.CfnMapping(scope, "S3PrefixLists", mapping={name: {"id": found} for name, found in _IDS.items()})
        return mapping.find_in_map(region, "id")
    if region not in _IDS:
        raise ArgumentError(
            scope.node.path,
            "s3_prefix_list_id",
            None,
            f"the id for {region} is not known here: pass what 'aws ec2 describe-managed-prefix-lists --filters "
            f"Name=prefix-list-name,Values=com.amazonaws.{region}.s3' tells",
        )
    return _IDS[region]
