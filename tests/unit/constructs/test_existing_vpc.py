"""A tenant in a VPC that exists already: what CDK knows of it is checked, what it does not know has a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from cdk_nag import WriteNagSuppressionsToCloudFormationAspect
from construct_support import ACCOUNT, REGION, Synthesized, new_app

from emrguard import (
    ApplicationKey,
    ArgumentError,
    DataBucket,
    ExistingEndpoint,
    ExistingVpc,
    IsolatedNetwork,
    JobLogs,
    SparkApplication,
)
from emrguard_policies.accepted import accepted_risks
from emrguard_policies.assembly import Assembly, load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove

_ENV = cdk.Environment(account=ACCOUNT, region=REGION)
_WHY = "the Kafka cluster is in this VPC"
_ISOLATED = ec2.SubnetConfiguration(name="workers", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
_ZONES = [f"{REGION}a", f"{REGION}b"]


def _named(scope: cdk.Stack, **different: Any) -> ec2.IVpc:
    """A VPC of which an app knows names only."""
    names: dict[str, Any] = {
        "vpc_id": "vpc-0a",
        "availability_zones": _ZONES,
        "isolated_subnet_ids": ["subnet-0a", "subnet-0b"],
        "isolated_subnet_route_table_ids": ["rtb-0a", "rtb-0b"],
    }
    return ec2.Vpc.from_vpc_attributes(scope, "Vpc", **(names | different))


def _network(stack: cdk.Stack, vpc: ExistingVpc, tenant: str = "flights", **more: Any) -> IsolatedNetwork:
    key = ApplicationKey(stack, f"{tenant}Key", tenant=tenant)
    data = DataBucket(stack, f"{tenant}Data", tenant=tenant, key=key)
    logs = JobLogs(stack, f"{tenant}Logs", tenant=tenant, key=key)
    network = IsolatedNetwork(stack, f"{tenant}Network", tenant=tenant, key=key, data=data, logs=logs, vpc=vpc, **more)
    SparkApplication(stack, f"{tenant}Application", tenant=tenant, network=network, logs=logs, key=key)
    return network


def _stack(outdir: Path | None = None) -> cdk.Stack:
    app = new_app(outdir)
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    return cdk.Stack(app, "Stack", env=_ENV)


def _app(stack: cdk.Stack) -> cdk.App:
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return app


def _assembly(stack: cdk.Stack) -> Assembly:
    return load(Path(_app(stack).synth().directory))


def _findings(assembly: Assembly) -> list[tuple[str, str | None]]:
    """Findings about the network, and acknowledgments of nothing."""
    return [
        (each.rule, each.acknowledged)
        for each in audit(assembly).findings
        if each.rule.startswith("EMRG2") or each.rule == "EMRG002"
    ]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A tenant in a VPC that is only named, which workers and a cluster there share."""
    stack = _stack(tmp_path_factory.mktemp("named"))
    vpc = _named(stack)
    network = _network(stack, ExistingVpc(vpc=vpc, because=_WHY))
    cluster = ec2.SecurityGroup(stack, "Kafka", vpc=vpc, allow_all_outbound=False)
    network.connections.allow_to(cluster, ec2.Port.tcp(9098), "Brokers")
    return _assembly(stack)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A tenant in a VPC of another stack of the app."""
    stack = _stack(tmp_path_factory.mktemp("made"))
    shared = cdk.Stack(_app(stack), "Network", env=_ENV)
    vpc = ec2.Vpc(shared, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[_ISOLATED])
    _network(stack, ExistingVpc(vpc=vpc, because=_WHY))
    return _assembly(stack)


def test_the_network_is_in_the_vpc(named: Assembly) -> None:
    """Workers, endpoints, security groups and flow logs are where the VPC and its subnets are; nothing new is made."""
    template = Synthesized(named.templates[0].body)
    types = {resource["Type"] for resource in template.resources.values()}
    assert not types & {"AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable"}
    application = template.one("AWS::EMRServerless::Application")
    assert application["NetworkConfiguration"]["SubnetIds"] == ["subnet-0a", "subnet-0b"]
    endpoints = template.of("AWS::EC2::VPCEndpoint").values()
    assert {each["VpcId"] for each in endpoints} == {"vpc-0a"}
    assert [each["RouteTableIds"] for each in endpoints if "RouteTableIds" in each] == [["rtb-0a", "rtb-0b"]]
    flows = template.of("AWS::EC2::FlowLog").values()
    assert {(each["ResourceType"], each["ResourceId"]) for each in flows} == {
        ("Subnet", "subnet-0a"),
        ("Subnet", "subnet-0b"),
    }


def test_a_named_vpc_is_trusted_for_a_reason(named: Assembly) -> None:
    """Whether its subnets are private nobody can see here: the audit shows the finding with the reason."""
    assert set(_findings(named)) == {("EMRG202", _WHY)}
    assert any(_WHY in str(each) for each in accepted_risks(named))
    assert prove(named).verdict == "isolated"


def test_a_vpc_of_the_app_is_judged_as_it_is(made: Assembly) -> None:
    """Its subnets are in the templates, so that no finding is left and none is acknowledged in vain."""
    assert _findings(made) == []
    assert prove(made).verdict == "isolated"


def test_workers_reach_a_cluster_by_its_security_group(named: Assembly) -> None:
    """`connections` opens the two groups to each other on one port; the rule for workers is marked as the tenant's."""
    template = named.templates[0]
    egress = next(each for each in template.resources.values() if each.type == "AWS::EC2::SecurityGroupEgress")
    ingress = [each for each in template.resources.values() if each.type == "AWS::EC2::SecurityGroupIngress"]
    assert (egress.properties["FromPort"], egress.mark.tenant) == (9098, "flights")
    assert sorted(each.properties["FromPort"] for each in ingress) == [443, 9098]


def test_existing_endpoints_let_the_workers_in() -> None:
    """Nothing is made for their services; the workers' group and theirs open to each other."""
    stack = _stack()
    group = ec2.SecurityGroup.from_security_group_id(stack, "Endpoints", "sg-0e")
    shared = ExistingEndpoint(because="one for all teams of the VPC", security_group=group)
    gateway = ExistingEndpoint(because="the VPC has a gateway endpoint")
    endpoints: dict[Any, ExistingEndpoint] = {"s3": gateway, "logs": shared}
    network = _network(
        stack,
        ExistingVpc(vpc=_named(stack), because=_WHY, endpoints=endpoints, flow_logs_because="the VPC logs its flows"),
    )
    assert network.worker_addresses is None
    template = Synthesized(_assembly(stack).templates[0].body)
    made = [each["ServiceName"].rpartition(".")[2] for each in template.of("AWS::EC2::VPCEndpoint").values()]
    assert sorted(made) == ["kms", "sts"]
    assert template.of("AWS::EC2::FlowLog") == {}
    rules = template.of("AWS::EC2::SecurityGroupIngress").values()
    assert "sg-0e" in {each["GroupId"] for each in rules}
    assert template.one("AWS::EC2::SecurityGroupEgress")["DestinationSecurityGroupId"] == "sg-0e"
    given = {name for each in template.resources for name in template.mark(each).get("reasons", {})}
    assert given == {
        "vpc.because",
        "vpc.flow_logs_because",
        "vpc.endpoints.s3.because",
        "vpc.endpoints.logs.because",
    }


def test_one_zone_needs_a_reason(tmp_path: Path) -> None:
    """It goes into the audit's accepted risks."""
    stack = _stack(tmp_path / "out")
    vpc = _named(stack, availability_zones=_ZONES[:1], isolated_subnet_ids=["subnet-0a"],
                 isolated_subnet_route_table_ids=["rtb-0a"])  # fmt: skip
    with pytest.raises(ArgumentError, match=r"vpc.subnets is .*IsolatedSubnet1.*; name two to four.*one_zone_because"):
        IsolatedNetwork(
            cdk.Stack(new_app(), "Other"), "Network", tenant="flights", vpc=ExistingVpc(vpc=vpc, because=_WHY),
            **_parts(stack),
        )  # fmt: skip
    _network(stack, ExistingVpc(vpc=vpc, because=_WHY), one_zone_because="the cluster is in one zone, too")
    assert ("EMRG206", "the cluster is in one zone, too") in _findings(_assembly(stack))


def _parts(stack: cdk.Stack) -> dict[str, Any]:
    key = ApplicationKey(stack, "Key", tenant="flights")
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    return {"key": key, "data": data, "logs": JobLogs(stack, "Logs", tenant="flights", key=key)}


def test_an_own_network_in_one_zone_needs_a_reason(tmp_path: Path) -> None:
    """One zone is what a development environment may do with, for a reason that the audit shows."""
    stack = _stack(tmp_path / "out")
    parts = _parts(stack)
    network = IsolatedNetwork(
        stack, "Network", tenant="flights", availability_zones=_ZONES[:1],
        one_zone_because="a development environment", **parts,
    )  # fmt: skip
    logs, key = parts["logs"], parts["key"]
    SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key)
    assert _findings(_assembly(stack)) == [("EMRG206", "a development environment")]


def _public(stack: cdk.Stack) -> ExistingVpc:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0)
    return ExistingVpc(vpc=vpc, because=_WHY, subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC))


def _without_dns(stack: cdk.Stack) -> ExistingVpc:
    vpc = ec2.Vpc(stack, "Vpc", enable_dns_support=False, enable_dns_hostnames=False)
    return ExistingVpc(vpc=vpc, because=_WHY)


def _elsewhere(stack: cdk.Stack) -> ExistingVpc:
    other = cdk.Stack(_app(stack), "Other", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    return ExistingVpc(vpc=_named(other), because=_WHY)


def _by_ids(stack: cdk.Stack) -> ExistingVpc:
    subnets = [ec2.Subnet.from_subnet_id(stack, name, f"subnet-{name}") for name in ("0c", "0d")]
    return ExistingVpc(vpc=_named(stack), because=_WHY, subnets=ec2.SubnetSelection(subnets=subnets))


@pytest.mark.parametrize(
    ("vpc", "message"),
    [
        (_public, r"vpc\.subnets is 'Stack/Vpc/PublicSubnet1, a public subnet'; select isolated"),
        (_without_dns, r"a VPC without DNS'; turn enable_dns_support"),
        (_elsewhere, r"a VPC in us-east-1'; use one in the network's Region, eu-west-1"),
        (_by_ids, r"vpc\.subnets is 'subnet-0c'; import it with its route table"),
        (
            lambda stack: ExistingVpc(vpc=_named(stack), because=_WHY,
                                      subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)),
            r"vpc\.subnets is .*There are no 'Public' subnet groups.*; select isolated",
        ),
        (lambda stack: ExistingVpc(vpc=_named(stack), because="so"), r"vpc\.because is 'so'; say in a few words"),
        (
            lambda stack: ExistingVpc(
                vpc=_named(stack), because=_WHY, endpoints={"logs": ExistingEndpoint(because="it is there")}
            ),
            r"vpc\.endpoints\['logs'\]\.security_group is None; pass it",
        ),
        (
            lambda stack: ExistingVpc(
                vpc=_named(stack), because=_WHY, endpoints={"ec2": ExistingEndpoint(because="it is there")}  # type: ignore[dict-item]
            ),
            r"vpc\.endpoints is 'ec2'; write one of s3",
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_fails_early(vpc: Callable[[cdk.Stack], ExistingVpc], message: str) -> None:
    """Public subnets, no DNS, another Region, an unknown route table: each names value and mend."""
    stack = _stack()
    with pytest.raises(ArgumentError, match=message):
        _network(stack, vpc(stack))


def test_a_range_of_its_own_makes_no_sense() -> None:
    """Where workers run says the VPC."""
    stack = _stack()
    with pytest.raises(ArgumentError, match=r"cidr is '10\.1\.0\.0/20'; leave it out"):
        _network(stack, ExistingVpc(vpc=_named(stack), because=_WHY), cidr="10.1.0.0/20")


def test_a_second_tenant_takes_the_endpoints_of_the_first() -> None:
    """Two endpoints for one service in a VPC only fail at deployment, and one would not name the other's buckets."""
    stack = _stack()
    vpc = _named(stack)
    _network(stack, ExistingVpc(vpc=vpc, because=_WHY))
    with pytest.raises(ArgumentError, match=r"vpc\.endpoints\['s3'\] is None; Stack/flightsNetwork makes it"):
        _network(stack, ExistingVpc(vpc=vpc, because=_WHY), tenant="payroll")
