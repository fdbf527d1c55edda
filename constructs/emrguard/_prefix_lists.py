"""The ids of managed prefix lists, which a security group rule needs and CloudFormation cannot look up."""

from __future__ import annotations

import re
from typing import Literal

import aws_cdk as cdk
from constructs import Construct

from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

# `aws ec2 describe-managed-prefix-lists` tells the id of com.amazonaws.<region>.<service>, which never changes; AWS
# publishes no table. These are the Regions on whose id several public listings agree; an argument overrides.
_S3 = {
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
_DYNAMODB = {
    "ap-southeast-2": "pl-62a5400b",
    "eu-central-1": "pl-66a5400f",
    "eu-west-1": "pl-6fa54006",
    "us-east-1": "pl-02cd2c6b",
    "us-east-2": "pl-4ca54025",
    "us-west-1": "pl-6ea54007",
    "us-west-2": "pl-00a54069",
}
_IDS = {"s3": _S3, "dynamodb": _DYNAMODB}
_NAMES = {"s3": "S3", "dynamodb": "DynamoDb"}

_ID = re.compile(r"pl-[0-9a-f]{8,17}")


def prefix_list(scope: Construct, service: Literal["s3", "dynamodb"], given: str | None) -> str:
    """The id for the Region of the stack: as given, or from the table; in a stack of any Region by a template mapping.

    Through the network there is no way but the service's endpoint, whose policy names what it reaches: an id that were
    wrong could fail the deployment or cut the workers off from the service, not open another way out.

    Raises:
        ArgumentError: the stack names a Region that is not in the table, or what is given is no id.
    """
    argument = f"{service}_prefix_list_id"
    if given is not None:
        if not unresolved(given) and not _ID.fullmatch(given):
            raise ArgumentError(scope.node.path, argument, given, "write an id such as 'pl-6da54004'")
        return given
    region, ids = cdk.Stack.of(scope).region, _IDS[service]
    if unresolved(region):
        mapping = cdk.CfnMapping(
            scope, f"{_NAMES[service]}PrefixLists", mapping={name: {"id": found} for name, found in ids.items()}
        )
        return mapping.find_in_map(region, "id")
    if region not in ids:
        raise ArgumentError(
            scope.node.path,
            argument,
            None,
            f"the id for {region} is not known here: pass what 'aws ec2 describe-managed-prefix-lists --filters "
            f"Name=prefix-list-name,Values=com.amazonaws.{region}.{service}' tells",
        )
    return ids[region]
