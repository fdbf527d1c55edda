"""The permissions of IAM and EC2 calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import boto3
import botocore.session
import pytest
from moto import mock_aws

from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.needed import CannotTellError, Needed, Table
from emrguard_local.authorizer.permissions import ec2, iam
from emrguard_local.authorizer.state import State
from emrguard_local.call import Call, Identity
from emrguard_policies.iam.decide import Principal

_ACCOUNT = "123456789012"
_REGION = "eu-central-1"
_IAM = f"arn:aws:iam::{_ACCOUNT}:"
_EC2 = f"arn:aws:ec2:{_REGION}:{_ACCOUNT}:"
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
_TABLES: Mapping[str, Table] = {"iam": iam.TABLE, "ec2": ec2.TABLE}


@pytest.fixture
def clients() -> Iterator[tuple[Any, Any]]:
    """Clients of IAM and EC2 on moto in this process."""
    session = boto3.Session("testing", "testing", region_name=_REGION)
    with mock_aws():
        yield session.client("iam"), session.client("ec2")


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """cfn-lint's action database: lower-case actions by service prefix."""
    text = files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _needed(service: str, operation: str, **parameters: Any) -> list[Needed]:
    call = Call(
        service=service,
        operation=operation,
        parameters=parameters,
        region=_REGION,
        account_id=_ACCOUNT,
        partition="aws",
        identity=Identity(Principal("user", f"{_IAM}user/people/ann", _ACCOUNT), "AKIAEXAMPLE"),
        source_ip="192.0.2.1",
        user_agent="test",
        request_id="1",
        time=datetime.now(UTC),
    )
    return list(_TABLES[service][operation](Asked(call, State(_ACCOUNT, "aws"))))


def _pairs(needed: list[Needed]) -> list[tuple[str, str]]:
    return [(each.action, each.resource) for each in needed]


def _subset(context: Mapping[str, Any], **expected: Any) -> bool:
    return expected.items() <= dict(context).items()


@pytest.mark.parametrize("service", _TABLES)
def test_every_operation_exists(service: str) -> None:
    """A misspelt operation would leave the real one refused."""
    operations = botocore.session.get_session().get_service_model(service).operation_names
    assert set(_TABLES[service]) <= set(operations)


def test_create_role_is_judged_by_path_boundary_and_tags(clients: tuple[Any, Any]) -> None:
    """The ARN has the path; the boundary is that of the request; tags ask for their own action."""
    role, tagging = _needed(
        "iam",
        "CreateRole",
        RoleName="job",
        Path="/team/",
        AssumeRolePolicyDocument=_TRUST,
        PermissionsBoundary=f"{_IAM}policy/bound",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    assert _pairs([role, tagging]) == [
        ("iam:CreateRole", f"{_IAM}role/team/job"),
        ("iam:TagRole", f"{_IAM}role/team/job"),
    ]
    assert role.context == {
        "iam:PermissionsBoundary": f"{_IAM}policy/bound",
        "aws:RequestTag/team": "a",
        "aws:TagKeys": ["team"],
    }


def test_create_role_without_path_and_boundary(clients: tuple[Any, Any]) -> None:
    """The path is `/`; no condition key stands for a boundary that is not there."""
    assert _needed("iam", "CreateRole", RoleName="job") == [Needed("iam:CreateRole", f"{_IAM}role/job", {})]


def test_attach_role_policy_knows_the_role_and_the_policy(clients: tuple[Any, Any]) -> None:
    """The ARN, tags and boundary are those of the role that exists."""
    client, _ = clients
    bound = client.create_policy(PolicyName="bound", Path="/b/", PolicyDocument=_POLICY)["Policy"]["Arn"]
    client.create_role(
        RoleName="job",
        Path="/team/",
        AssumeRolePolicyDocument=_TRUST,
        PermissionsBoundary=bound,
        Tags=[{"Key": "team", "Value": "a"}],
    )
    (needed,) = _needed("iam", "AttachRolePolicy", RoleName="job", PolicyArn=bound)
    assert (needed.action, needed.resource) == ("iam:AttachRolePolicy", f"{_IAM}role/team/job")
    assert needed.context == {
        "iam:PermissionsBoundary": bound,
        "iam:PolicyARN": bound,
        "aws:ResourceTag/team": "a",
        "iam:ResourceTag/team": "a",
    }


def test_a_new_boundary_is_the_one_that_is_judged(clients: tuple[Any, Any]) -> None:
    """Setting a boundary tells the new one, removing it tells the old one."""
    client, _ = clients
    bound = client.create_policy(PolicyName="bound", PolicyDocument=_POLICY)["Policy"]["Arn"]
    client.create_role(RoleName="job", AssumeRolePolicyDocument=_TRUST, PermissionsBoundary=bound)
    (put,) = _needed("iam", "PutRolePermissionsBoundary", RoleName="job", PermissionsBoundary=f"{_IAM}policy/new")
    (gone,) = _needed("iam", "DeleteRolePermissionsBoundary", RoleName="job")
    assert put.context["iam:PermissionsBoundary"] == f"{_IAM}policy/new"
    assert gone.context["iam:PermissionsBoundary"] == bound


def test_a_role_in_an_instance_profile_is_passed(clients: tuple[Any, Any]) -> None:
    """AddRoleToInstanceProfile asks for iam:PassRole to EC2."""
    client, _ = clients
    client.create_role(RoleName="job", Path="/team/", AssumeRolePolicyDocument=_TRUST)
    client.create_instance_profile(InstanceProfileName="p", Path="/team/")
    added, passed = _needed("iam", "AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="job")
    assert added.resource == f"{_IAM}instance-profile/team/p"
    assert (passed.action, passed.resource) == ("iam:PassRole", f"{_IAM}role/team/job")
    assert passed.context["iam:PassedToService"] == "ec2.amazonaws.com"


def test_users_are_found_by_name_by_key_and_as_the_caller(clients: tuple[Any, Any]) -> None:
    """A call without a user's name is about the caller."""
    client, _ = clients
    client.create_user(UserName="ann", Path="/people/", Tags=[{"Key": "team", "Value": "a"}])
    key = client.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    calls: list[tuple[str, dict[str, str]]] = [
        ("CreateAccessKey", {}),
        ("DeleteUser", {"UserName": "ann"}),
        ("GetAccessKeyLastUsed", {"AccessKeyId": key}),
    ]
    for operation, parameters in calls:
        (needed,) = _needed("iam", operation, **parameters)
        assert needed.resource == f"{_IAM}user/people/ann"
        assert needed.context == {"aws:ResourceTag/team": "a", "iam:ResourceTag/team": "a"}


def test_a_rename_is_judged_on_both_names(clients: tuple[Any, Any]) -> None:
    """UpdateGroup needs the old and the new ARN."""
    client, _ = clients
    client.create_group(GroupName="old", Path="/g/")
    needed = _needed("iam", "UpdateGroup", GroupName="old", NewGroupName="new")
    assert [each.resource for each in needed] == [f"{_IAM}group/g/old", f"{_IAM}group/g/new"]


def _network(client: Any) -> dict[str, str]:
    vpc = client.create_vpc(
        CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "a"}]}]
    )["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = client.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    table = client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return {"vpc": vpc, "subnet": subnet, "group": group, "table": table}


def test_an_endpoint_with_tags_is_judged_on_all_that_it_uses(clients: tuple[Any, Any]) -> None:
    """CreateVpcEndpoint names the new endpoint, its VPC, subnets, groups and route tables, and the tagging."""
    made = _network(clients[1])
    needed = _needed(
        "ec2",
        "CreateVpcEndpoint",
        VpcId=made["vpc"],
        ServiceName=f"com.amazonaws.{_REGION}.s3",
        SubnetIds=[made["subnet"]],
        SecurityGroupIds=[made["group"]],
        RouteTableIds=[made["table"]],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "team", "Value": "b"}]}],
    )
    by_pair = {(each.action, each.resource): each.context for each in needed}
    create = "ec2:CreateVpcEndpoint"
    assert set(by_pair) == {
        (create, f"{_EC2}vpc-endpoint/*"),
        ("ec2:CreateTags", f"{_EC2}vpc-endpoint/*"),
        (create, f"{_EC2}vpc/{made['vpc']}"),
        (create, f"{_EC2}subnet/{made['subnet']}"),
        (create, f"{_EC2}security-group/{made['group']}"),
        (create, f"{_EC2}route-table/{made['table']}"),
    }
    tags = {"aws:RequestTag/team": "b", "aws:TagKeys": ["team"]}
    assert _subset(by_pair[create, f"{_EC2}vpc-endpoint/*"], **tags)
    assert _subset(
        by_pair["ec2:CreateTags", f"{_EC2}vpc-endpoint/*"], **tags, **{"ec2:CreateAction": "CreateVpcEndpoint"}
    )
    assert _subset(by_pair[create, f"{_EC2}vpc/{made['vpc']}"], **{"aws:ResourceTag/team": "a"})


def test_flow_logs_pass_their_role(clients: tuple[Any, Any]) -> None:
    """CreateFlowLogs names the flow log and what it watches, and passes the role to the delivering service."""
    made = _network(clients[1])
    needed = _needed(
        "ec2",
        "CreateFlowLogs",
        ResourceIds=[made["vpc"]],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="flow",
        DeliverLogsPermissionArn=f"{_IAM}role/flow",
    )
    assert set(_pairs(needed)) == {
        ("ec2:CreateFlowLogs", f"{_EC2}vpc-flow-log/*"),
        ("ec2:CreateFlowLogs", f"{_EC2}vpc/{made['vpc']}"),
        ("iam:PassRole", f"{_IAM}role/flow"),
    }
    (passed,) = (each for each in needed if each.action == "iam:PassRole")
    assert passed.context["iam:PassedToService"] == "vpc-flow-logs.amazonaws.com"


def test_an_association_is_judged_on_its_route_table_and_subnet(clients: tuple[Any, Any]) -> None:
    """DisassociateRouteTable names only the association; an unknown one is refused."""
    client = clients[1]
    made = _network(client)
    association = client.associate_route_table(RouteTableId=made["table"], SubnetId=made["subnet"])["AssociationId"]
    needed = _needed("ec2", "DisassociateRouteTable", AssociationId=association)
    assert {each.resource for each in needed} == {
        f"{_EC2}route-table/{made['table']}",
        f"{_EC2}subnet/{made['subnet']}",
    }
    with pytest.raises(CannotTellError):
        _needed("ec2", "DisassociateRouteTable", AssociationId="rtbassoc-0")


def test_every_action_exists(clients: tuple[Any, Any], known: dict[str, Any]) -> None:
    """A misspelt action would silently be granted by no policy."""
    made = _network(clients[1])
    tags = [{"Key": "team", "Value": "a"}]
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("iam", "CreateRole", {"RoleName": "r", "Tags": tags}),
        ("iam", "CreateUser", {"UserName": "u", "Tags": tags}),
        ("iam", "CreatePolicy", {"PolicyName": "p", "Tags": tags}),
        ("iam", "CreateInstanceProfile", {"InstanceProfileName": "p", "Tags": tags}),
        ("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "m", "Tags": tags}),
        ("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": f"{_IAM}policy/p"}),
        ("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "p", "RoleName": "r"}),
        ("iam", "ListRoles", {}),
        (
            "ec2",
            "CreateVpcEndpoint",
            {"VpcId": made["vpc"], "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": tags}]},
        ),
        (
            "ec2",
            "CreateFlowLogs",
            {
                "ResourceIds": [made["vpc"]],
                "DeliverLogsPermissionArn": f"{_IAM}role/r",
                "LogDestinationType": "s3",
            },
        ),
        *(("ec2", name, {}) for name in ec2.TABLE if name.startswith("Describe") and name != "DescribeVpcAttribute"),
    ]
    for service, operation, parameters in calls:
        for needed in _needed(service, operation, **parameters):
            prefix, _, action = needed.action.partition(":")
            assert action.lower() in known[prefix]["Actions"], needed.action
