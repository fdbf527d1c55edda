"""Networks are in EC2 as their template says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deploy_support import FakeCloud, Forgetful, aws, deployed, physical_id, resource

from emrguard_local.exceptions import DeployError

ENDPOINT_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}],
}


def network() -> dict[str, dict[str, Any]]:
    """A closed network: one subnet, an S3 endpoint, two security groups, flow logs."""
    vpc = {"Ref": "Vpc"}
    return {
        "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsSupport=True, EnableDnsHostnames=True),
        "Subnet": resource(
            "AWS::EC2::Subnet",
            VpcId=vpc,
            CidrBlock={"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 2, 8]}]},
            AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            MapPublicIpOnLaunch=False,
        ),
        "Table": resource("AWS::EC2::RouteTable", VpcId=vpc),
        "Association": resource(
            "AWS::EC2::SubnetRouteTableAssociation", SubnetId={"Ref": "Subnet"}, RouteTableId={"Ref": "Table"}
        ),
        "S3": resource(
            "AWS::EC2::VPCEndpoint",
            VpcId=vpc,
            ServiceName={"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            VpcEndpointType="Gateway",
            RouteTableIds=[{"Ref": "Table"}],
            PolicyDocument=ENDPOINT_POLICY,
        ),
        "Workers": resource(
            "AWS::EC2::SecurityGroup",
            VpcId=vpc,
            GroupDescription="workers",
            SecurityGroupEgress=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": "443",
                    "DestinationPrefixListId": "pl-63a5400a",
                    "Description": "S3",
                },
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/16", "Description": "VPC"},
            ],
        ),
        "Endpoints": resource("AWS::EC2::SecurityGroup", VpcId=vpc, GroupDescription="endpoints"),
        "Ingress": resource(
            "AWS::EC2::SecurityGroupIngress",
            GroupId={"Fn::GetAtt": ["Endpoints", "GroupId"]},
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            SourceSecurityGroupId={"Fn::GetAtt": ["Workers", "GroupId"]},
        ),
        "Group": resource("AWS::Logs::LogGroup"),
        "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []}),
        "FlowLog": resource(
            "AWS::EC2::FlowLog",
            ResourceId=vpc,
            ResourceType="VPC",
            TrafficType="ALL",
            MaxAggregationInterval=60,
            LogDestinationType="cloud-watch-logs",
            LogGroupName={"Ref": "Group"},
            DeliverLogsPermissionArn={"Fn::GetAtt": ["Role", "Arn"]},
        ),
    }


def test_network(tmp_path: Path) -> None:
    """Subnets, routes, the endpoint's policy, the groups' rules and flow logs, asked of EC2."""
    deployment = deployed(tmp_path, **network())
    ec2 = aws("ec2")
    vpc, subnet = physical_id(deployment, "Vpc"), physical_id(deployment, "Subnet")
    support = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert support["EnableDnsHostnames"]["Value"] is True
    (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert (found["CidrBlock"], found["AvailabilityZone"]) == ("10.0.1.0/24", "us-east-1a")
    assert found["MapPublicIpOnLaunch"] is False
    assert {"Key": "aws:cloudformation:stack-name", "Value": "App"} in found["Tags"]
    (table,) = ec2.describe_route_tables(RouteTableIds=[physical_id(deployment, "Table")])["RouteTables"]
    assert subnet in [each.get("SubnetId") for each in table["Associations"]]
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[physical_id(deployment, "S3")])["VpcEndpoints"]
    assert json.loads(endpoint["PolicyDocument"]) == ENDPOINT_POLICY
    workers, endpoints = physical_id(deployment, "Workers"), physical_id(deployment, "Endpoints")
    (group,) = ec2.describe_security_groups(GroupIds=[workers])["SecurityGroups"]
    assert group["IpPermissions"] == []
    (egress,) = group["IpPermissionsEgress"]
    assert (egress["IpProtocol"], egress["FromPort"], egress["ToPort"]) == ("tcp", 443, 443)
    assert [each["PrefixListId"] for each in egress["PrefixListIds"]] == ["pl-63a5400a"]
    assert [each["CidrIp"] for each in egress["IpRanges"]] == ["10.0.0.0/16"]
    (group,) = ec2.describe_security_groups(GroupIds=[endpoints])["SecurityGroups"]
    assert [each["GroupId"] for each in group["IpPermissions"][0]["UserIdGroupPairs"]] == [workers]
    # Without SecurityGroupEgress a group keeps EC2's own rule: everything to everywhere.
    assert [each["IpRanges"] for each in group["IpPermissionsEgress"]] == [[{"CidrIp": "0.0.0.0/0"}]]
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert (flow_log["ResourceId"], flow_log["TrafficType"]) == (vpc, "ALL")
    assert [each.split(": ")[0] for each in deployment.exceptions] == [
        "AWS::EC2::SecurityGroup PrefixListId",
        "AWS::EC2::SecurityGroup Description",
    ]


def test_egress_rule_takes_the_default_away(tmp_path: Path) -> None:
    """A separate egress rule replaces EC2's own rule, as with CloudFormation."""
    deployment = deployed(
        tmp_path,
        Vpc=resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        Group=resource("AWS::EC2::SecurityGroup", VpcId={"Ref": "Vpc"}, GroupDescription="g"),
        Egress=resource(
            "AWS::EC2::SecurityGroupEgress",
            GroupId={"Ref": "Group"},
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            CidrIp="10.0.0.0/16",
        ),
    )
    (group,) = aws("ec2").describe_security_groups(GroupIds=[physical_id(deployment, "Group")])["SecurityGroups"]
    assert [each["IpRanges"] for each in group["IpPermissionsEgress"]] == [[{"CidrIp": "10.0.0.0/16"}]]


def test_rule_that_is_dropped(tmp_path: Path) -> None:
    """A security group rule that is not there when read back fails the deployment."""
    answer = {"SecurityGroupRules": [{"IpProtocol": "-1", "IsEgress": True}]}
    cloud = FakeCloud(ec2=Forgetful(aws("ec2"), "describe_security_group_rules", answer))
    with pytest.raises(DeployError, match=r"did not keep egress rule.*IpProtocol"):
        deployed(tmp_path, cloud, **network())


def test_endpoint_whose_policy_is_dropped(tmp_path: Path) -> None:
    """An endpoint open to all in place of its policy fails the deployment."""
    resources = {name: each for name, each in network().items() if name in ("Vpc", "Table", "S3")}

    class Open:
        """Moto, but every endpoint has the default policy."""

        def __getattr__(self, name: str) -> Any:
            return getattr(aws("ec2"), name)

        def describe_vpc_endpoints(self, **asked: Any) -> Any:
            answer = aws("ec2").describe_vpc_endpoints(**asked)
            for each in answer["VpcEndpoints"]:
                each["PolicyDocument"] = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}'
            return answer

    with pytest.raises(DeployError, match="did not keep PolicyDocument"):
        deployed(tmp_path, FakeCloud(ec2=Open()), **resources)
