"""EC2, of which the network: VPCs, subnets, routes, security groups, endpoints, flow logs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import (
    CannotTellError,
    Needed,
    Rule,
    Table,
    Value,
    on_anything,
    pass_role,
    request_tags,
    resource_tags,
    tag_keys,
    tag_list,
)

_KINDS = {
    "acl": "network-acl",
    "dopt": "dhcp-options",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment",
    "vgw": "vpn-gateway",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""The resource types of ARNs by the prefixes of ids."""

_Find = Callable[[Asked], Iterable[str]]
"""The ids of existing resources that a call is about."""


def _existing(asked: Asked, resource_id: str) -> tuple[str, dict[str, Value]]:
    """The ARN of a resource and the condition keys that it has."""
    kind = _KINDS.get(resource_id.rpartition("-")[0])
    if kind is None:
        raise CannotTellError(f"{resource_id!r} is not the id of a kind of resource that the authorizer knows")
    context: dict[str, Value] = {"ec2:Region": asked.region}
    ec2 = asked.state.ec2(asked.region)
    if ec2 is not None:
        context |= resource_tags(ec2.tags.get(resource_id, {}), "ec2")
    vpc = _vpc(asked, kind, resource_id)
    if vpc is not None:
        context["ec2:Vpc"] = asked.arn("ec2", f"vpc/{vpc}")
    return asked.arn("ec2", f"{kind}/{resource_id}"), context


def ec2_resource(asked: Asked, action: str, kind: str, resource_id: str, *, via: str | None = None) -> Needed:
    """An action on a resource of a kind; `*` for one that is about to be made."""
    if resource_id == "*":
        return Needed(action, asked.arn("ec2", f"{kind}/*"), via=via)
    return Needed(action, *_existing(asked, resource_id), via=via)


def _vpc(asked: Asked, kind: str, resource_id: str) -> str | None:
    """The VPC of a subnet, route table or security group."""
    ec2 = asked.state.ec2(asked.region)
    found: Any = None
    if ec2 is None:
        return None
    if kind == "subnet":
        found = next((zone[resource_id] for zone in list(ec2.subnets.values()) if resource_id in zone), None)
    elif kind == "route-table":
        found = ec2.route_tables.get(resource_id)
    elif kind == "security-group":
        found = ec2.get_security_group_from_id(resource_id)
    return found.vpc_id if found is not None else None


def _ids(asked: Asked, *names: str) -> Iterator[str]:
    """The ids in parameters, which hold one or a list."""
    for name in names:
        given = asked.parameters.get(name) or ()
        yield from [given] if isinstance(given, str) else [str(each) for each in given]


def _named(*names: str) -> _Find:
    """The resources whose ids stand in these parameters, of which there must be one."""

    def find(asked: Asked) -> Iterable[str]:
        found = list(_ids(asked, *names))
        if not found:
            raise CannotTellError(f"it has none of {', '.join(names)}")
        return found

    return find


def _each(asked: Asked, action: str, ids: Iterable[str]) -> Iterator[Needed]:
    for each in ids:
        yield Needed(f"ec2:{action}", *_existing(asked, each))


def _on(action: str, find: _Find) -> Rule:
    return lambda asked: _each(asked, action, find(asked))


def _specified(asked: Asked, kind: str) -> dict[str, str]:
    """The tags that a call brings for the new resources of a kind."""
    found: dict[str, str] = {}
    for each in asked.parameters.get("TagSpecifications") or ():
        if each.get("ResourceType") == kind:
            found |= tag_list(each.get("Tags"))
    return found


def _new(asked: Asked, action: str, kind: str, extra: dict[str, Value] | None = None) -> Iterator[Needed]:
    """A resource to be made, and its tags."""
    arn = asked.arn("ec2", f"{kind}/*")
    tags = request_tags(_specified(asked, kind))
    context: dict[str, Value] = {"ec2:Region": asked.region, **(extra or {}), **tags}
    yield Needed(f"ec2:{action}", arn, context)
    yield from _tagging(asked, action, kind)


def _tagging(asked: Asked, action: str, kind: str) -> Iterator[Needed]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"""
    tags = request_tags(_specified(asked, kind))
    if tags:
        context: dict[str, Value] = {"ec2:Region": asked.region, "ec2:CreateAction": action, **tags}
        yield Needed("ec2:CreateTags", asked.arn("ec2", f"{kind}/*"), context)


def _creates(action: str, kind: str, *parameters: str) -> Rule:
    """Creation, judged on the new resource and on the existing ones that it uses."""

    def rule(asked: Asked) -> Iterable[Needed]:
        vpc = asked.parameters.get("VpcId")
        extra: dict[str, Value] = {"ec2:Vpc": asked.arn("ec2", f"vpc/{vpc}")} if vpc else {}
        yield from _new(asked, action, kind, extra)
        yield from _each(asked, action, _ids(asked, *parameters))

    return rule


def _create_vpc_endpoint(asked: Asked) -> Iterable[Needed]:
    action = "CreateVpcEndpoint"
    service = asked.parameters.get("ServiceName")
    yield from _new(asked, action, "vpc-endpoint", {"ec2:VpceServiceName": str(service)} if service else {})
    yield from _each(asked, action, _ids(asked, "VpcId", "SubnetIds", "SecurityGroupIds", "RouteTableIds"))


def _modify_vpc_endpoint(asked: Asked) -> Iterable[Needed]:
    used = [f"{verb}{kind}Ids" for kind in ("Subnet", "SecurityGroup", "RouteTable") for verb in ("Add", "Remove")]
    yield from _each(asked, "ModifyVpcEndpoint", _ids(asked, "VpcEndpointId", *used))


def _create_flow_logs(asked: Asked) -> Iterable[Needed]:
    """What the caller needs besides: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-user.html"""
    yield from _new(asked, "CreateFlowLogs", "vpc-flow-log")
    yield from _each(asked, "CreateFlowLogs", _named("ResourceIds")(asked))
    role = asked.parameters.get("DeliverLogsPermissionArn")
    if role:
        yield pass_role(asked, str(role), "vpc-flow-logs.amazonaws.com")
    if asked.parameters.get("LogDestinationType") in ("s3", "kinesis-data-firehose"):
        yield Needed("logs:CreateLogDelivery", "*")
        yield Needed("logs:DeleteLogDelivery", "*")


def _groups(asked: Asked) -> Iterable[str]:
    """The security group, by its id or, of the default VPC, by its name."""
    given = asked.parameters.get("GroupId")
    if given:
        return (str(given),)
    name = asked.parameters.get("GroupName")
    ec2 = asked.state.ec2(asked.region)
    vpc = ec2.get_default_vpc() if ec2 is not None else None
    groups = ec2.groups.get(vpc.id, {}) if ec2 is not None and vpc is not None else {}
    found = [str(group.id) for group in list(groups.values()) if name and group.name == name]
    if not found:
        raise CannotTellError("it names no security group that exists")
    return found


def _authorizes(action: str) -> Rule:
    """New rules of a security group; the rules themselves are judged when they get tags."""

    def rule(asked: Asked) -> Iterable[Needed]:
        yield from _each(asked, action, _groups(asked))
        if _specified(asked, "security-group-rule"):
            yield from _new(asked, action, "security-group-rule")

    return rule


def _modify_rules(asked: Asked) -> Iterable[Needed]:
    action = "ModifySecurityGroupRules"
    yield from _each(asked, action, _groups(asked))
    for each in asked.parameters.get("SecurityGroupRules") or ():
        ids = [str(each["SecurityGroupRuleId"])]
        prefix_list = (each.get("SecurityGroupRule") or {}).get("PrefixListId")
        yield from _each(asked, action, [*ids, str(prefix_list)] if prefix_list else ids)


def _association(asked: Asked) -> Iterable[str]:
    """The route table of an association, and the subnet or gateway that it is associated with."""
    association = str(asked.parameters["AssociationId"])
    ec2 = asked.state.ec2(asked.region)
    for table in list(ec2.route_tables.values()) if ec2 is not None else ():
        for each in table.associations:
            if each["RouteTableAssociationId"] == association:
                target = each.get("SubnetId") or each.get("GatewayId")
                return (str(table.id), str(target)) if target else (str(table.id),)
    raise CannotTellError(f"there is no association {association!r} of a route table")


def _address(asked: Asked) -> Iterable[str]:
    given, public = asked.parameters.get("AllocationId"), asked.parameters.get("PublicIp")
    if given:
        return (str(given),)
    ec2 = asked.state.ec2(asked.region)
    for address in list(ec2.addresses) if ec2 is not None else ():
        if address.public_ip == public and address.allocation_id:
            return (str(address.allocation_id),)
    raise CannotTellError("it names no address that is allocated")


def _create_tags(asked: Asked) -> Iterable[Needed]:
    tags = request_tags(tag_list(asked.parameters.get("Tags")))
    for each in _named("Resources")(asked):
        arn, context = _existing(asked, each)
        yield Needed("ec2:CreateTags", arn, {**context, **tags})


def _delete_tags(asked: Asked) -> Iterable[Needed]:
    given = asked.parameters.get("Tags") or ()
    tags = request_tags({str(each["Key"]): str(each["Value"]) for each in given if "Value" in each})
    keys = tag_keys(str(each["Key"]) for each in given) if given else {}
    for each in _named("Resources")(asked):
        arn, context = _existing(asked, each)
        yield Needed("ec2:DeleteTags", arn, {**context, **tags, **keys})


_DESCRIBED = (
    "DescribeAccountAttributes",
    "DescribeAddresses",
    "DescribeAddressesAttribute",
    "DescribeAvailabilityZones",
    "DescribeBundleTasks",
    "DescribeCarrierGateways",
    "DescribeCustomerGateways",
    "DescribeDhcpOptions",
    "DescribeEgressOnlyInternetGateways",
    "DescribeFleets",
    "DescribeFlowLogs",
    "DescribeHosts",
    "DescribeIamInstanceProfileAssociations",
    "DescribeImages",
    "DescribeInstanceCreditSpecifications",
    "DescribeInstanceStatus",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
    "DescribeInstances",
    "DescribeInternetGateways",
    "DescribeKeyPairs",
    "DescribeLaunchTemplateVersions",
    "DescribeLaunchTemplates",
    "DescribeManagedPrefixLists",
    "DescribeNatGateways",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaceAttribute",
    "DescribeNetworkInterfaces",
    "DescribePrefixLists",
    "DescribeRegions",
    "DescribeReservedInstances",
    "DescribeReservedInstancesListings",
    "DescribeReservedInstancesOfferings",
    "DescribeRouteTables",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeSnapshotTierStatus",
    "DescribeSnapshots",
    "DescribeSpotDatafeedSubscription",
    "DescribeSpotFleetRequests",
    "DescribeSpotInstanceRequests",
    "DescribeSpotPriceHistory",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeTrafficMirrorFilters",
    "DescribeTrafficMirrorSessions",
    "DescribeTrafficMirrorTargets",
    "DescribeTransitGatewayAttachments",
    "DescribeTransitGatewayPeeringAttachments",
    "DescribeTransitGatewayRouteTables",
    "DescribeTransitGatewayVpcAttachments",
    "DescribeTransitGateways",
    "DescribeVolumeStatus",
    "DescribeVolumes",
    "DescribeVolumesModifications",
    "DescribeVpcClassicLink",
    "DescribeVpcClassicLinkDnsSupport",
    "DescribeVpcEndpointServiceConfigurations",
    "DescribeVpcEndpointServices",
    "DescribeVpcEndpoints",
    "DescribeVpcPeeringConnections",
    "DescribeVpcs",
    "DescribeVpnConnections",
    "DescribeVpnGateways",
)

TABLE: Table = {
    **{operation: on_anything(f"ec2:{operation}") for operation in _DESCRIBED},
    "DescribeVpcAttribute": _on("DescribeVpcAttribute", _named("VpcId")),
    "GetManagedPrefixListEntries": _on("GetManagedPrefixListEntries", _named("PrefixListId")),
    # VPCs and subnets
    "CreateSubnet": _creates("CreateSubnet", "subnet", "VpcId"),
    "CreateVpc": _creates("CreateVpc", "vpc"),
    "DeleteSubnet": _on("DeleteSubnet", _named("SubnetId")),
    "DeleteVpc": _on("DeleteVpc", _named("VpcId")),
    "ModifySubnetAttribute": _on("ModifySubnetAttribute", _named("SubnetId")),
    "ModifyVpcAttribute": _on("ModifyVpcAttribute", _named("VpcId")),
    # Routes
    "AssociateRouteTable": _on("AssociateRouteTable", _named("RouteTableId", "SubnetId", "GatewayId")),
    "CreateRoute": _on("CreateRoute", _named("RouteTableId")),
    "CreateRouteTable": _creates("CreateRouteTable", "route-table", "VpcId"),
    "DeleteRoute": _on("DeleteRoute", _named("RouteTableId")),
    "DeleteRouteTable": _on("DeleteRouteTable", _named("RouteTableId")),
    "DisassociateRouteTable": _on("DisassociateRouteTable", _association),
    "ReplaceRoute": _on("ReplaceRoute", _named("RouteTableId")),
    # Security groups
    "AuthorizeSecurityGroupEgress": _authorizes("AuthorizeSecurityGroupEgress"),
    "AuthorizeSecurityGroupIngress": _authorizes("AuthorizeSecurityGroupIngress"),
    "CreateSecurityGroup": _creates("CreateSecurityGroup", "security-group", "VpcId"),
    "DeleteSecurityGroup": _on("DeleteSecurityGroup", _groups),
    "ModifySecurityGroupRules": _modify_rules,
    "RevokeSecurityGroupEgress": _on("RevokeSecurityGroupEgress", _groups),
    "RevokeSecurityGroupIngress": _on("RevokeSecurityGroupIngress", _groups),
    "UpdateSecurityGroupRuleDescriptionsEgress": _on("UpdateSecurityGroupRuleDescriptionsEgress", _groups),
    "UpdateSecurityGroupRuleDescriptionsIngress": _on("UpdateSecurityGroupRuleDescriptionsIngress", _groups),
    # Endpoints
    "CreateVpcEndpoint": _create_vpc_endpoint,
    "DeleteVpcEndpoints": _on("DeleteVpcEndpoints", _named("VpcEndpointIds")),
    "ModifyVpcEndpoint": _modify_vpc_endpoint,
    # Flow logs
    "CreateFlowLogs": _create_flow_logs,
    "DeleteFlowLogs": _on("DeleteFlowLogs", _named("FlowLogIds")),
    # Gateways, addresses, interfaces
    "AllocateAddress": _creates("AllocateAddress", "elastic-ip"),
    "AttachInternetGateway": _on("AttachInternetGateway", _named("InternetGatewayId", "VpcId")),
    "CreateInternetGateway": _creates("CreateInternetGateway", "internet-gateway"),
    "CreateNatGateway": _creates("CreateNatGateway", "natgateway", "SubnetId", "AllocationId"),
    "CreateNetworkInterface": _creates("CreateNetworkInterface", "network-interface", "SubnetId", "Groups"),
    "DeleteInternetGateway": _on("DeleteInternetGateway", _named("InternetGatewayId")),
    "DeleteNatGateway": _on("DeleteNatGateway", _named("NatGatewayId")),
    "DeleteNetworkInterface": _on("DeleteNetworkInterface", _named("NetworkInterfaceId")),
    "DetachInternetGateway": _on("DetachInternetGateway", _named("InternetGatewayId", "VpcId")),
    "ReleaseAddress": _on("ReleaseAddress", _address),
    # Tags
    "CreateTags": _create_tags,
    "DeleteTags": _delete_tags,
}
