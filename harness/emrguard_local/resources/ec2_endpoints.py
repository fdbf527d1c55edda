"""AWS::EC2::VPCEndpoint."""

from __future__ import annotations

import json

from emrguard_local.resources.base import Created, Creation, handles, same_document
from emrguard_local.resources.ec2_network import tag_specifications, tags_of
from emrguard_local.resources.shapes import TAGS, Boolean, Document, Fixed, ListOf, Text, record


@handles(
    "AWS::EC2::VPCEndpoint",
    record(
        ("ServiceName", "VpcId"),
        IpAddressType=Fixed("ipv4", "the emulated service has no other kind"),
        PolicyDocument=Document(),
        PrivateDnsEnabled=Boolean(),
        RouteTableIds=ListOf(Text()),
        SecurityGroupIds=ListOf(Text()),
        ServiceName=Text(),
        SubnetIds=ListOf(Text()),
        Tags=TAGS,
        VpcEndpointType=Text(("Gateway", "Interface")),
        VpcId=Text(),
    ),
    attributes=("Id", "CreationTimestamp", "DnsEntries", "NetworkInterfaceIds"),
    system_tagged=True,
)
def vpc_endpoint(creation: Creation) -> Created:
    """CreateVpcEndpoint with its policy; `Ref` is the endpoint's id.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html
    """
    client = creation.client("ec2")
    kept = creation.given(
        ServiceName="ServiceName",
        VpcEndpointType="VpcEndpointType",
        VpcId="VpcId",
        PrivateDnsEnabled="PrivateDnsEnabled",
        RouteTableIds="RouteTableIds",
        SubnetIds="SubnetIds",
    )
    extra = creation.given(SecurityGroupIds="SecurityGroupIds")
    if "PolicyDocument" in creation.properties:
        extra["PolicyDocument"] = json.dumps(creation["PolicyDocument"])
    made = client.create_vpc_endpoint(**kept, **extra, **tag_specifications(creation, "vpc-endpoint"))
    endpoint_id = made["VpcEndpoint"]["VpcEndpointId"]
    (found,) = client.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    creation.verify("VPCEndpoint", kept, found)
    groups = [group["GroupId"] for group in found.get("Groups", [])]
    creation.verify("SecurityGroupIds", creation.get("SecurityGroupIds", groups), groups)
    if "PolicyDocument" in creation.properties:
        creation.verify("PolicyDocument", *same_document(creation["PolicyDocument"], found["PolicyDocument"]))
    creation.verify_tags(tags_of(found))
    return Created(
        endpoint_id,
        {
            "Id": endpoint_id,
            "CreationTimestamp": found["CreationTimestamp"].isoformat(),
            "DnsEntries": [f"{entry['HostedZoneId']}:{entry['DnsName']}" for entry in found.get("DnsEntries", [])],
            "NetworkInterfaceIds": list(found.get("NetworkInterfaceIds", [])),
        },
    )


HANDLERS = (vpc_endpoint,)
