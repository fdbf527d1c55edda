"""Physical names, generated as CloudFormation generates them."""

from __future__ import annotations

import secrets
import string
import uuid

SUFFIX_LENGTH = 12
_ALPHABET = string.ascii_uppercase + string.digits


def physical_name(stack: str, logical_id: str, *, limit: int, lower: bool = False) -> str:
    """`<stack>-<logical id>-<12 random characters>`, shortened to `limit` characters, in lower case if asked for.

    Both parts are shortened evenly and the random part is kept whole, so two resources never share a name. See
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(SUFFIX_LENGTH))
    room = limit - SUFFIX_LENGTH - 2
    stack_room = max(room // 2, room - len(logical_id))
    stack_part = stack[:stack_room]
    name = f"{stack_part}-{logical_id[: room - len(stack_part)]}-{suffix}"
    return name.lower() if lower else name


def stack_id(partition: str, region: str, account_id: str, stack: str) -> str:
    """The ARN that `AWS::StackId` stands for; new at each deployment."""
    return f"arn:{partition}:cloudformation:{region}:{account_id}:stack/{stack}/{uuid.uuid4()}"


def partition_of(region: str) -> str:
    """The partition that a region belongs to, such as `aws`."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def url_suffix(partition: str) -> str:
    """`AWS::URLSuffix` of a partition."""
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
