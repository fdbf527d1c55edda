"""AWS::EC2::SecurityGroup, SecurityGroupIngress and SecurityGroupEgress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.ec2_network import tag_specifications, tags_of
from emrguard_local.resources.shapes import TAGS, Integer, ListOf, Shape, Text, record

_RULE: dict[str, Shape] = {
    "CidrIp": Text(),
    "CidrIpv6": Text(),
    "Description": Text(),
    "FromPort": Integer(),
    "IpProtocol": Text(),
    "ToPort": Integer(),
}
_INGRESS: dict[str, Shape] = {
    **_RULE,
    "SourcePrefixListId": Text(),
    "SourceSecurityGroupId": Text(),
    "SourceSecurityGroupOwnerId": Text(),
}
_EGRESS: dict[str, Shape] = {**_RULE, "DestinationPrefixListId": Text(), "DestinationSecurityGroupId": Text()}
_EVERYWHERE = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A CloudFormation rule as the API's IpPermission."""
    permission: dict[str, Any] = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    comment = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **comment}]
    if "CidrIpv6" in rule:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **comment}]
    if prefix_list := _prefix_list(rule):
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list, **comment}]
    if group := _group(rule):
        owner = {"UserId": rule["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in rule else {}
        permission["UserIdGroupPairs"] = [{"GroupId": group, **owner, **comment}]
    return permission


def _prefix_list(rule: Mapping[str, Any]) -> str | None:
    return rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")


def _group(rule: Mapping[str, Any]) -> str | None:
    return rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")


def _authorize(creation: Creation, group_id: str, direction: str, rule: Mapping[str, Any]) -> str:
    """Add one rule, read it back and return its id."""
    client = creation.client("ec2")
    if prefix_list := _prefix_list(rule):
        known = client.describe_managed_prefix_lists(PrefixListIds=[prefix_list])["PrefixLists"]
        if not known:
            creation.concede("PrefixListId")
    authorize = getattr(client, f"authorize_security_group_{direction}")
    made = authorize(GroupId=group_id, IpPermissions=[_permission(rule)])["SecurityGroupRules"]
    if len(made) != 1:
        raise creation.error(f"the {direction} rule {dict(rule)} must name exactly one source or destination")
    rule_id: str = made[0]["SecurityGroupRuleId"]
    (found,) = client.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
    asked: dict[str, Any] = {
        key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort", "CidrIpv6") if key in rule
    } | {"IsEgress": direction == "egress", "GroupId": group_id}
    if "CidrIp" in rule:
        asked["CidrIpv4"] = rule["CidrIp"]
    if prefix_list:
        asked["PrefixListId"] = prefix_list
    if group := _group(rule):
        asked["ReferencedGroupInfo"] = {"GroupId": group}
    if "Description" in rule and "Description" not in found:
        creation.concede("Description")
    elif "Description" in rule:
        asked["Description"] = rule["Description"]
    creation.verify(f"{direction} rule", asked, found)
    return rule_id


def _drop_default_egress(creation: Creation, group_id: str) -> None:
    """Take away the rule that a new security group has: everything to everywhere."""
    client = creation.client("ec2")
    (group,) = client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    default = [
        item
        for item in group["IpPermissionsEgress"]
        if item["IpProtocol"] == "-1" and {"CidrIp": "0.0.0.0/0"} in item["IpRanges"]
    ]
    if default:
        client.revoke_security_group_egress(GroupId=group_id, IpPermissions=_EVERYWHERE)


@handles(
    "AWS::EC2::SecurityGroup",
    record(
        ("GroupDescription",),
        GroupDescription=Text(),
        GroupName=Text(),
        SecurityGroupEgress=ListOf(record(("IpProtocol",), **_EGRESS)),
        SecurityGroupIngress=ListOf(record(("IpProtocol",), **_INGRESS)),
        Tags=TAGS,
        VpcId=Text(),
    ),
    attributes=("GroupId", "Id", "VpcId"),
    system_tagged=True,
)
def security_group(creation: Creation) -> Created:
    """CreateSecurityGroup and its rules; `Ref` is the group's id.

    With SecurityGroupEgress the default rule that allows everything goes away, as with CloudFormation:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
    """
    client = creation.client("ec2")
    name = creation.get("GroupName") or creation.name(255)
    group_id = client.create_security_group(
        GroupName=name,
        Description=creation["GroupDescription"],
        **creation.given(VpcId="VpcId"),
        **tag_specifications(creation, "security-group"),
    )["GroupId"]
    if creation.get("SecurityGroupEgress"):
        _drop_default_egress(creation, group_id)
    for rule in creation.get("SecurityGroupEgress", []):
        _authorize(creation, group_id, "egress", rule)
    for rule in creation.get("SecurityGroupIngress", []):
        _authorize(creation, group_id, "ingress", rule)
    (found,) = client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    asked = {"GroupName": name, "Description": creation["GroupDescription"], **creation.given(VpcId="VpcId")}
    creation.verify("SecurityGroup", asked, found)
    creation.verify_tags(tags_of(found))
    return Created(group_id, {"GroupId": group_id, "Id": group_id, "VpcId": found.get("VpcId", "")})


@handles(
    "AWS::EC2::SecurityGroupIngress",
    record(("GroupId", "IpProtocol"), GroupId=Text(), **_INGRESS),
    attributes=("Id",),
)
def security_group_ingress(creation: Creation) -> Created:
    """AuthorizeSecurityGroupIngress; `Ref` is the rule's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html
    """
    rule_id = _authorize(creation, creation["GroupId"], "ingress", creation.properties)
    return Created(rule_id, {"Id": rule_id})


@handles(
    "AWS::EC2::SecurityGroupEgress",
    record(("GroupId", "IpProtocol"), GroupId=Text(), **_EGRESS),
    attributes=("Id",),
)
def security_group_egress(creation: Creation) -> Created:
    """AuthorizeSecurityGroupEgress; `Ref` is the rule's id. The default rule that allows everything goes away:

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupegress.html
    """
    _drop_default_egress(creation, creation["GroupId"])
    rule_id = _authorize(creation, creation["GroupId"], "egress", creation.properties)
    return Created(rule_id, {"Id": rule_id})


HANDLERS = (security_group, security_group_ingress, security_group_egress)
