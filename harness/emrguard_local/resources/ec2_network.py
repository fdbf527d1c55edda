"""AWS::EC2::VPC, Subnet, RouteTable, SubnetRouteTableAssociation and FlowLog."""

from __future__ import annotations

from typing import Any

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Boolean, Fixed, Integer, Text, record


def tag_specifications(creation: Creation, resource_type: str) -> dict[str, Any]:
    """The EC2 create parameter that tags a resource; empty when there are no tags."""
    tags = creation.tag_list()
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tags}]} if tags else {}


def tags_of(found: dict[str, Any]) -> dict[str, str]:
    """The tags in an EC2 description."""
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


@handles(
    "AWS::EC2::VPC",
    record(
        ("CidrBlock",),
        CidrBlock=Text(),
        EnableDnsHostnames=Boolean(),
        EnableDnsSupport=Boolean(),
        InstanceTenancy=Text(("default", "dedicated")),
        Tags=TAGS,
    ),
    attributes=("VpcId", "CidrBlock", "CidrBlockAssociations", "DefaultNetworkAcl", "DefaultSecurityGroup"),
    system_tagged=True,
)
def vpc(creation: Creation) -> Created:
    """CreateVpc and its DNS attributes; `Ref` is the VPC's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html
    """
    client = creation.client("ec2")
    asked = creation.given(CidrBlock="CidrBlock", InstanceTenancy="InstanceTenancy")
    vpc_id = client.create_vpc(**asked, **tag_specifications(creation, "vpc"))["Vpc"]["VpcId"]
    for name, api in (("EnableDnsSupport", "enableDnsSupport"), ("EnableDnsHostnames", "enableDnsHostnames")):
        if name in creation.properties:
            client.modify_vpc_attribute(VpcId=vpc_id, **{name: {"Value": creation[name]}})
            attribute = client.describe_vpc_attribute(VpcId=vpc_id, Attribute=api)
            creation.verify(name, creation[name], attribute[name]["Value"])
    found = client.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    creation.verify("VPC", asked, found)
    creation.verify_tags(tags_of(found))
    of_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    acls = client.describe_network_acls(Filters=[*of_vpc, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
    groups = client.describe_security_groups(Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}])
    return Created(
        vpc_id,
        {
            "VpcId": vpc_id,
            "CidrBlock": found["CidrBlock"],
            "CidrBlockAssociations": [item["AssociationId"] for item in found["CidrBlockAssociationSet"]],
            "DefaultNetworkAcl": acls[0]["NetworkAclId"],
            "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
        },
    )


@handles(
    "AWS::EC2::Subnet",
    record(
        ("VpcId", "CidrBlock"),
        AvailabilityZone=Text(),
        CidrBlock=Text(),
        MapPublicIpOnLaunch=Boolean(),
        Tags=TAGS,
        VpcId=Text(),
    ),
    attributes=("SubnetId", "AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId", "NetworkAclAssociationId"),
    system_tagged=True,
)
def subnet(creation: Creation) -> Created:
    """CreateSubnet; `Ref` is the subnet's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html
    """
    client = creation.client("ec2")
    asked = creation.given(VpcId="VpcId", CidrBlock="CidrBlock", AvailabilityZone="AvailabilityZone")
    subnet_id = client.create_subnet(**asked, **tag_specifications(creation, "subnet"))["Subnet"]["SubnetId"]
    public = creation.get("MapPublicIpOnLaunch", False)
    if public:
        client.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    found = client.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]
    creation.verify("Subnet", asked | {"MapPublicIpOnLaunch": public}, found)
    creation.verify_tags(tags_of(found))
    acls = client.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}])
    associations = [item for acl in acls["NetworkAcls"] for item in acl["Associations"]]
    own: dict[str, Any] = next((item for item in associations if item["SubnetId"] == subnet_id), {})
    return Created(
        subnet_id,
        {
            "SubnetId": subnet_id,
            "AvailabilityZone": found["AvailabilityZone"],
            "AvailabilityZoneId": found["AvailabilityZoneId"],
            "CidrBlock": found["CidrBlock"],
            "VpcId": found["VpcId"],
            "NetworkAclAssociationId": own.get("NetworkAclAssociationId", ""),
        },
    )


@handles(
    "AWS::EC2::RouteTable",
    record(("VpcId",), VpcId=Text(), Tags=TAGS),
    attributes=("RouteTableId",),
    system_tagged=True,
)
def route_table(creation: Creation) -> Created:
    """CreateRouteTable; `Ref` is the route table's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-routetable.html
    """
    client = creation.client("ec2")
    made = client.create_route_table(VpcId=creation["VpcId"], **tag_specifications(creation, "route-table"))
    table_id = made["RouteTable"]["RouteTableId"]
    found = client.describe_route_tables(RouteTableIds=[table_id])["RouteTables"][0]
    creation.verify("VpcId", creation["VpcId"], found["VpcId"])
    creation.verify_tags(tags_of(found))
    return Created(table_id, {"RouteTableId": table_id})


@handles(
    "AWS::EC2::SubnetRouteTableAssociation",
    record(("RouteTableId", "SubnetId"), RouteTableId=Text(), SubnetId=Text()),
    attributes=("Id",),
)
def subnet_route_table_association(creation: Creation) -> Created:
    """AssociateRouteTable; `Ref` is the association's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnetroutetableassociation.html
    """
    client = creation.client("ec2")
    asked = {"RouteTableId": creation["RouteTableId"], "SubnetId": creation["SubnetId"]}
    association = client.associate_route_table(**asked)["AssociationId"]
    table = client.describe_route_tables(RouteTableIds=[creation["RouteTableId"]])["RouteTables"][0]
    found = {item["RouteTableAssociationId"]: item for item in table["Associations"]}
    creation.verify("SubnetRouteTableAssociation", asked, found.get(association))
    return Created(association, {"Id": association})


@handles(
    "AWS::EC2::FlowLog",
    record(
        ("ResourceId", "ResourceType"),
        DeliverLogsPermissionArn=Text(),
        DestinationOptions=record(
            FileFormat=Fixed("plain-text", "the emulated service keeps no destination options"),
            HiveCompatiblePartitions=Fixed(False, "the emulated service keeps no destination options"),
            PerHourPartition=Fixed(False, "the emulated service keeps no destination options"),
        ),
        LogDestination=Text(),
        LogDestinationType=Text(("cloud-watch-logs", "s3", "kinesis-data-firehose")),
        LogFormat=Text(),
        LogGroupName=Text(),
        MaxAggregationInterval=Integer(),
        ResourceId=Text(),
        ResourceType=Text(),
        Tags=TAGS,
        TrafficType=Text(("ACCEPT", "ALL", "REJECT")),
    ),
    attributes=("Id",),
    system_tagged=True,
)
def flow_log(creation: Creation) -> Created:
    """CreateFlowLogs for one resource; `Ref` is the flow log's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-flowlog.html
    """
    client = creation.client("ec2")
    kept = creation.given(
        DeliverLogsPermissionArn="DeliverLogsPermissionArn",
        LogDestination="LogDestination",
        LogDestinationType="LogDestinationType",
        LogFormat="LogFormat",
        LogGroupName="LogGroupName",
        MaxAggregationInterval="MaxAggregationInterval",
        TrafficType="TrafficType",
    )
    made = client.create_flow_logs(
        ResourceIds=[creation["ResourceId"]],
        ResourceType=creation["ResourceType"],
        **kept,
        **tag_specifications(creation, "vpc-flow-log"),
    )
    for failure in made.get("Unsuccessful", []):
        raise creation.error(f"CreateFlowLogs refused: {failure['Error']['Message']}")
    (flow_log_id,) = made["FlowLogIds"]
    found = client.describe_flow_logs(FlowLogIds=[flow_log_id])["FlowLogs"][0]
    creation.verify("FlowLog", kept | {"ResourceId": creation["ResourceId"]}, found)
    creation.verify_tags(tags_of(found))
    if found["DeliverLogsStatus"] != "SUCCESS":
        raise creation.error(f"the flow log cannot deliver: {found.get('DeliverLogsErrorMessage', 'no reason given')}")
    return Created(flow_log_id, {"Id": flow_log_id})


HANDLERS = (vpc, subnet, route_table, subnet_route_table_association, flow_log)
