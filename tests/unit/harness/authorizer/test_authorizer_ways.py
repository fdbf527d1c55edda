"""Calls from a VPC leave it through the endpoint of their service, whose policy counts, or do not leave it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from authorizer_support import REGION, Account, document, statement

from emrguard_local.call import Call, Identity

GET = statement("s3:GetObject")


def _network(account: Account) -> tuple[str, str]:
    """A VPC without any way out, and its subnet."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/25")["Subnet"]["SubnetId"]


def _endpoint(account: Account, vpc: str, service: str, *statements: Any) -> str:
    made = account.client("ec2").create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Gateway",
        PolicyDocument=document(*statements),
    )  # fmt: skip
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _bucket(account: Account, name: str, *statements: Any) -> str:
    account.bucket(name, *statements)
    account.client("s3").put_object(Bucket=name, Key="in.csv", Body=b"1")
    return name


def _get(account: Account, identity: Identity, bucket: str = "lake") -> Call:
    return account.call(identity, "s3", "GetObject", Bucket=bucket, Key="in.csv")


def test_the_policy_of_the_endpoint_counts(account: Account) -> None:
    """A role may read two buckets, the endpoint lets requests to one of them through."""
    vpc, subnet = _network(account)
    lake, other = _bucket(account, "lake"), _bucket(account, "other")
    only = {"Resource": f"arn:aws:s3:::{lake}/*", "Principal": "*"}
    endpoint = _endpoint(account, vpc, "s3", {"Effect": "Allow", "Action": "s3:*", **only})
    worker = account.role("job", GET, subnet=subnet)
    assert account.authorizer.authorize(_get(account, worker)).allowed
    refused = account.authorizer.authorize(_get(account, worker, other))
    assert not refused.allowed
    assert "VPC endpoint policy" in refused.message
    elsewhere = account.role("laptop", GET)
    assert account.authorizer.authorize(_get(account, elsewhere, other)).allowed
    assert endpoint


@pytest.mark.parametrize("key", ["aws:SourceVpce", "aws:SourceVpc"])
def test_a_bucket_can_demand_the_way_through_an_endpoint(account: Account, key: str) -> None:
    """Conditions on the endpoint and on the VPC hold for calls from it, and for no other ones."""
    vpc, subnet = _network(account)
    endpoint = _endpoint(account, vpc, "s3", statement("*", Principal="*"))
    wanted = {"StringNotEquals": {key: endpoint if key == "aws:SourceVpce" else vpc}}
    _bucket(account, "lake", statement("s3:GetObject", "arn:aws:s3:::lake/*", "Deny", Principal="*", Condition=wanted))
    worker = account.role("job", GET, subnet=subnet)
    assert account.authorizer.authorize(_get(account, worker)).allowed
    assert not account.authorizer.authorize(_get(account, replace(worker, subnet=""))).allowed


def test_without_an_endpoint_a_call_reaches_nothing(account: Account) -> None:
    """A closed VPC is closed here, too: the message says what is missing. An internet gateway is a way out."""
    vpc, subnet = _network(account)
    _bucket(account, "lake")
    worker = account.role("job", GET, subnet=subnet)
    refused = account.authorizer.authorize(_get(account, worker))
    assert not refused.allowed
    assert f"{vpc} has no VPC endpoint for s3 and no way to the internet" in refused.message
    ec2 = account.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert account.authorizer.authorize(_get(account, worker)).allowed
    gone = account.authorizer.authorize(_get(account, replace(worker, subnet="subnet-0123456789abcdef0")))
    assert "subnet-0123456789abcdef0, where the call comes from, does not exist" in gone.message


def test_the_key_is_used_by_s3_and_not_through_the_endpoint(account: Account) -> None:
    """Decrypting an object is S3's own call to KMS: it needs no endpoint for KMS, and knows nothing of the network."""
    vpc, subnet = _network(account)
    key = account.key()
    account.bucket("lake", key=key)
    _endpoint(account, vpc, "s3", statement("s3:*", Principal="*"))
    worker = account.role("job", statement(["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"]), subnet=subnet)
    call = account.call(worker, "s3", "PutObject", Bucket="lake", Key="out.csv")
    verdict = account.authorizer.authorize(call)
    assert verdict.allowed, verdict.message
    used = [each for each in verdict.checks if each.action == "kms:GenerateDataKey"]
    assert used
    assert all("aws:SourceVpce" not in each.context for each in used)
