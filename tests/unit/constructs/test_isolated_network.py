"""A tenant's network has no way in and no way out."""

from __future__ import annotations

import pytest
from construct_support import ACCOUNT, REGION, Synthesized, administrator, synthesize

from emrguard import ArgumentError, Tenant
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import Policy, parse


def test_there_is_no_way_to_the_internet(tenant: Synthesized) -> None:
    """No internet gateway, no NAT, no peer, no route but the local one, no public address."""
    types = {resource["Type"] for resource in tenant.resources.values()}
    assert not types & {
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::VPCPeeringConnection",
        "AWS::EC2::Route",
    }
    assert {subnet["MapPublicIpOnLaunch"] for subnet in tenant.of("AWS::EC2::Subnet").values()} == {False}


def test_workers_have_subnets_in_two_zones(tenant: Synthesized) -> None:
    """EMR Serverless recommends two zones; each default subnet holds a thousand workers."""
    subnets = tenant.of("AWS::EC2::Subnet")
    assert {subnet["AvailabilityZone"] for subnet in subnets.values()} == {f"{REGION}a", f"{REGION}b"}
    assert {subnet["CidrBlock"] for subnet in subnets.values()} == {"10.0.0.0/22", "10.0.4.0/22"}
    application = tenant.one("AWS::EMRServerless::Application")
    assert set(application["NetworkConfiguration"]["SubnetIds"]) == set(subnets)


def test_workers_reach_endpoints_and_s3_only(tenant: Synthesized) -> None:
    """No ingress; egress on 443 to the endpoints' group and to S3's prefix list."""
    groups = tenant.of("AWS::EC2::SecurityGroup")
    (attached,) = tenant.one("AWS::EMRServerless::Application")["NetworkConfiguration"]["SecurityGroupIds"]
    workers = groups[attached.removesuffix(".GroupId")]
    assert "SecurityGroupIngress" not in workers
    assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in workers["SecurityGroupEgress"]} == {
        ("tcp", 443, 443)
    }
    destinations = [
        rule.get("DestinationSecurityGroupId") or rule.get("DestinationPrefixListId")
        for rule in workers["SecurityGroupEgress"]
    ]
    (endpoints,) = {f"{name}.GroupId" for name in groups} - {attached}
    assert destinations == [endpoints, "pl-6da54004"]
    ingress = tenant.one("AWS::EC2::SecurityGroupIngress")
    assert (ingress["GroupId"], ingress["SourceSecurityGroupId"]) == (endpoints, attached)
    assert not any("CidrIp" in rule and rule["CidrIp"] == "0.0.0.0/0" for rule in _rules(tenant))


def _rules(tenant: Synthesized) -> list[dict[str, object]]:
    groups = tenant.of("AWS::EC2::SecurityGroup").values()
    return [rule for group in groups for rule in group.get("SecurityGroupEgress", [])]


@pytest.mark.parametrize(
    ("service", "action", "resource", "allowed"),
    [
        ("s3", "s3:GetObject", "arn:aws:s3:::{data}/input/a", True),
        ("s3", "s3:PutObject", "arn:aws:s3:::{logs}/logs/a", True),
        ("s3", "s3:ListBucket", "arn:aws:s3:::{data}", True),
        ("s3", "s3:PutObject", "arn:aws:s3:::a-strangers-bucket/a", False),
        ("s3", "s3:ListAllMyBuckets", "*", False),
        ("kms", "kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/another", False),
        ("logs", "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/another:log-stream:x", False),
        ("sts", "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/Another", False),
    ],
)
def test_endpoints_reach_the_tenants_own_only(
    tenant: Synthesized, service: str, action: str, resource: str, allowed: bool
) -> None:
    """Whatever credentials a job holds, data leaves to no other bucket, key, log group or role."""
    principal, everything = administrator()
    name = resource.format(data=tenant.bucket("data-bucket"), logs=tenant.bucket("log-bucket"))
    request = Request(principal, action, name, {}, ACCOUNT)
    assert decide(request, Policies(identity=everything, endpoint=_policy(tenant, service))).allowed is allowed


def test_a_strangers_credentials_do_not_work_from_inside(tenant: Synthesized) -> None:
    """Data cannot be smuggled out with the keys of another account."""
    _, everything = administrator()
    stranger = Principal("user", "arn:aws:iam::999999999999:user/eve", "999999999999")
    for name in (f"arn:aws:s3:::{tenant.bucket('data-bucket')}/output/x", "arn:aws:s3:::eves-bucket/x"):
        request = Request(stranger, "s3:PutObject", name, {}, "999999999999")
        assert not decide(request, Policies(identity=everything, endpoint=_policy(tenant, "s3"))).allowed


def test_managed_logs_pass(tenant: Synthesized) -> None:
    """EMR Serverless writes the event logs for the Spark UI into a bucket of its own, from the tenant's VPC."""
    service = Principal("service", "emr-serverless.amazonaws.com", "")
    request = Request(
        service,
        "s3:PutObject",
        f"arn:aws:s3:::prod.{REGION}.appinfo.src/x",
        {"aws:PrincipalServiceName": service.arn, "aws:SourceVpc": tenant.one("AWS::EC2::VPC")["_id"]},
        "999999999999",
    )
    decision = decide(request, Policies(endpoint=_policy(tenant, "s3")))
    assert decision.by != "VPC endpoint policy"


def _policy(tenant: Synthesized, service: str) -> Policy:
    (endpoint,) = [
        each
        for each in tenant.of("AWS::EC2::VPCEndpoint").values()
        if each["ServiceName"] == f"com.amazonaws.{REGION}.{service}"
    ]
    return parse(endpoint["PolicyDocument"], service, "resource")


def test_every_flow_is_logged(tenant: Synthesized) -> None:
    """All traffic of the VPC, by a role that writes to one log group and cannot pass itself."""
    flow_log = tenant.one("AWS::EC2::FlowLog")
    assert (flow_log["ResourceType"], flow_log["TrafficType"]) == ("VPC", "ALL")
    assert flow_log["ResourceId"] == tenant.one("AWS::EC2::VPC")["_id"]
    _, (policy,) = tenant.session("flow-log")
    actions = {action for statement in policy.statements for action in statement.actions or ()}
    assert {action.partition(":")[0] for action in actions} == {"logs"}


def test_a_region_outside_the_table_asks_for_the_prefix_list() -> None:
    """The error tells which command gives the id."""
    with pytest.raises(ArgumentError, match=r"describe-managed-prefix-lists .*com\.amazonaws\.af-south-1\.s3"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights"), region="af-south-1")


def test_the_prefix_list_can_be_given() -> None:
    """In such a Region the tenant is made with the id that the command told."""
    found = synthesize(
        lambda stack: Tenant(stack, "Tenant", name="flights", s3_prefix_list_id="pl-12345678"), region="af-south-1"
    )
    assert "pl-12345678" in {rule.get("DestinationPrefixListId") for rule in _rules(found)}


def test_a_bad_prefix_list_fails_early() -> None:
    """A name in place of an id would only fail at deploy."""
    with pytest.raises(ArgumentError, match=r"s3_prefix_list_id is 'com\.amazonaws\.s3'; write an id"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", s3_prefix_list_id="com.amazonaws.s3"))


def test_a_named_region_needs_no_lookup() -> None:
    """With an explicit environment the zones still come from Fn::GetAZs, not from a lookup in the account."""
    found = synthesize(lambda stack: Tenant(stack, "Tenant", name="flights"), region="us-east-1")
    subnets = [each for each in found.resources.values() if each["Type"] == "AWS::EC2::Subnet"]
    assert all("Fn::GetAZs" in str(subnet["Properties"]["AvailabilityZone"]) for subnet in subnets)
    assert "Mappings" not in found.template
