"""A tenant's network lets jobs reach further services, each through an endpoint of its own, and nothing beside."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_aps as aps
from construct_support import ACCOUNT, REGION, Synthesized, administrator, new_app, synthesize

from emrguard import ArgumentError, Monitoring, Tenant
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import Policy, parse
from emrguard_policies.isolation import prove

_HERE = f"{REGION}:{ACCOUNT}"
_TABLE = f"arn:aws:glue:{_HERE}:table/flights/delays"
_SECRET = f"arn:aws:secretsmanager:{_HERE}:secret:flights/db-a1b2c3"
_STREAM = f"arn:aws:kinesis:{_HERE}:stream/flights"
_ITEMS = f"arn:aws:dynamodb:{_HERE}:table/flights"
_METRICS = {"StringEquals": {"cloudwatch:namespace": "Flights"}}


def _let(stack: cdk.Stack) -> None:
    tenant = Tenant(stack, "Tenant", name="flights")
    network, role = tenant.network, tenant.execution_role
    for _ in range(2):
        network.allow_service(role, "glue", ["glue:GetTable"], [_TABLE])
    network.allow_service(role, "glue", ["glue:GetDatabase"], [f"arn:aws:glue:{_HERE}:database/flights"])
    network.allow_service(role, "lakeformation", ["lakeformation:GetDataAccess"], ["*"])
    network.allow_service(role, "secretsmanager", ["secretsmanager:GetSecretValue"], [_SECRET])
    network.allow_service(role, "kinesis-streams", ["kinesis:GetRecords"], [_STREAM])
    network.allow_service(role, "monitoring", ["cloudwatch:PutMetricData"], ["*"], _METRICS)
    network.allow_service(role, "aps-workspaces", ["aps:RemoteWrite"], [f"arn:aws:aps:{_HERE}:workspace/ws-1"])
    network.allow_service(role, "dynamodb", ["dynamodb:GetItem"], [_ITEMS])


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenant with an endpoint for each further service, synthesized to files."""
    app = new_app(tmp_path_factory.mktemp("endpoints"))
    _let(cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION)))
    return Path(app.synth().directory)


@pytest.fixture(scope="module")
def network(assembly: Path) -> Synthesized:
    """The template of that tenant."""
    return Synthesized(load(assembly).templates[0].body)


def test_each_service_has_one_endpoint(network: Synthesized) -> None:
    """Asking twice does not make two: CloudFormation would refuse the second private DNS name."""
    names = [each["ServiceName"] for each in network.of("AWS::EC2::VPCEndpoint").values()]
    services = ["s3", "logs", "kms", "sts", "glue", "lakeformation", "secretsmanager", "kinesis-streams", "monitoring"]
    assert sorted(names) == sorted(
        f"com.amazonaws.{REGION}.{name}" for name in [*services, "aps-workspaces", "dynamodb"]
    )


def test_interface_endpoints_are_reached_by_their_usual_names(network: Synthesized) -> None:
    """SDKs find them without any setting: private DNS, an address in each subnet, the endpoints' security group."""
    endpoints = network.of("AWS::EC2::VPCEndpoint").values()
    (logs,) = [each for each in endpoints if each["ServiceName"].endswith(".logs")]
    (glue,) = [each for each in endpoints if each["ServiceName"].endswith(".glue")]
    different = {"ServiceName", "PolicyDocument", "Tags"}
    assert {k: v for k, v in glue.items() if k not in different} == {
        k: v for k, v in logs.items() if k not in different
    }
    assert glue["PrivateDnsEnabled"] is True


def test_workers_may_send_to_dynamodb(network: Synthesized) -> None:
    """Its gateway endpoint is a route to public addresses, which the workers' group has to let out."""
    rule = network.one("AWS::EC2::SecurityGroupEgress")
    (attached,) = network.one("AWS::EMRServerless::Application")["NetworkConfiguration"]["SecurityGroupIds"]
    assert (rule["GroupId"], rule["DestinationPrefixListId"], rule["FromPort"]) == (attached, "pl-6fa54006", 443)


@pytest.mark.parametrize(
    ("service", "action", "resource", "context"),
    [
        ("glue", "glue:GetTable", _TABLE, {}),
        ("glue", "glue:GetDatabase", f"arn:aws:glue:{_HERE}:database/flights", {}),
        ("lakeformation", "lakeformation:GetDataAccess", "*", {}),
        ("secretsmanager", "secretsmanager:GetSecretValue", _SECRET, {}),
        ("monitoring", "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Flights"}),
        ("dynamodb", "dynamodb:GetItem", _ITEMS, {}),
    ],
)
def test_the_role_passes_and_nobody_else(
    network: Synthesized, service: str, action: str, resource: str, context: dict[str, str]
) -> None:
    """Neither an administrator's credentials nor a stranger's are of any use in a job."""
    role, _ = network.session("execution-role")
    admin, everything = administrator()
    stranger = Principal("user", "arn:aws:iam::999999999999:user/eve", "999999999999")
    passed = [
        decide(
            Request(who, action, resource, context, ACCOUNT), Policies(everything, endpoint=_policy(network, service))
        )
        for who in (role, admin, stranger)
    ]
    assert [each.allowed for each in passed] == [True, False, False]


@pytest.mark.parametrize(
    ("service", "action", "resource", "context"),
    [
        ("glue", "glue:GetTable", f"arn:aws:glue:{_HERE}:table/payroll/salaries", {}),
        ("glue", "glue:DeleteTable", _TABLE, {}),
        ("secretsmanager", "secretsmanager:GetSecretValue", _SECRET.replace("flights", "payroll"), {}),
        ("monitoring", "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Payroll"}),
        ("dynamodb", "dynamodb:PutItem", _ITEMS, {}),
    ],
)
def test_the_role_passes_for_what_was_named_only(
    network: Synthesized, service: str, action: str, resource: str, context: dict[str, str]
) -> None:
    """Whatever its own policies say: an endpoint opens to no other resource, action or namespace."""
    role, _ = network.session("execution-role")
    _, everything = administrator()
    policies = Policies(everything, endpoint=_policy(network, service))
    assert not decide(Request(role, action, resource, context, ACCOUNT), policies).allowed


def _policy(network: Synthesized, service: str) -> Policy:
    (endpoint,) = [
        each for each in network.of("AWS::EC2::VPCEndpoint").values() if each["ServiceName"].endswith(f".{service}")
    ]
    return parse(endpoint["PolicyDocument"], service, "resource")


def test_guardrails_stay_clean(assembly: Path) -> None:
    """No rule has a finding and the tenant stays isolated; each endpoint and rule is marked as the tenant's."""
    loaded = load(assembly)
    judged = [each for each in audit(loaded).findings if each.resource and each.resource.type.startswith("AWS::EC2")]
    assert [f"{each.rule} {each.message}" for each in judged] == []
    assert prove(loaded).verdict == "isolated"
    kinds = {"AWS::EC2::VPCEndpoint": "vpc-endpoint", "AWS::EC2::SecurityGroupEgress": "security-group"}
    for resource in loaded.templates[0].resources.values():
        if resource.type in kinds:
            assert (resource.mark.tenant, resource.mark.part) == ("flights", kinds[resource.type])


def test_endpoints_take_addresses_of_workers() -> None:
    """The count of workers that fit into the subnets stays right."""
    tenant = Tenant(cdk.Stack(new_app(), "Stack"), "Tenant", name="flights")
    before = tenant.network.worker_addresses
    tenant.network.allow_service(tenant.execution_role, "glue", ["glue:GetTable"], [_TABLE])
    tenant.network.allow_service(tenant.execution_role, "dynamodb", ["dynamodb:GetItem"], [_ITEMS])
    assert before == 2 * (1024 - 5 - 3)
    assert tenant.network.worker_addresses == before - 2


@pytest.mark.parametrize(
    ("service", "actions", "resources", "message"),
    [
        ("ec2", ["ec2:RunInstances"], ["*"], "service is 'ec2'; write one of s3, dynamodb"),
        ("glue", [], ["*"], r"actions is \[\]; write a list"),
        ("glue", "glue:GetTable", ["*"], "actions is 'glue:GetTable'; write a list"),
        ("glue", ["glue:GetTable"], [], r"resources is \[\]; write a list"),
    ],
)
def test_mistakes_fail_early(service: str, actions: list[str], resources: list[str], message: str) -> None:
    """The error names the argument, the value and the mend."""
    tenant = Tenant(cdk.Stack(new_app(), "Stack"), "Tenant", name="flights")
    with pytest.raises(ArgumentError, match=message):
        tenant.network.allow_service(tenant.execution_role, service, actions, resources)  # type: ignore[arg-type]


def test_a_region_outside_the_table_asks_for_the_list_of_dynamodb() -> None:
    """The error tells which command gives the id."""

    def build(stack: cdk.Stack) -> None:
        tenant = Tenant(stack, "Tenant", name="flights")
        tenant.network.allow_service(tenant.execution_role, "dynamodb", ["dynamodb:GetItem"], [_ITEMS])

    with pytest.raises(ArgumentError, match=r"dynamodb_prefix_list_id.*com\.amazonaws\.ap-south-1\.dynamodb"):
        synthesize(build, region="ap-south-1")


_PROMETHEUS = f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/ws-1/api/v1/remote_write"


def test_metrics_reach_prometheus(tmp_path: Path) -> None:
    """A workspace in the monitoring is enough: the role may write there, the network has the endpoint, and no more."""
    app = new_app(tmp_path / "out")
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    Tenant(stack, "Tenant", name="flights", monitoring=Monitoring(prometheus_url=_PROMETHEUS))
    loaded = load(Path(app.synth().directory))
    template = Synthesized(loaded.templates[0].body)
    role, policies = template.session("execution-role")
    endpoint = _policy(template, "aps-workspaces")
    workspaces = [f"arn:aws:aps:{_HERE}:workspace/{name}" for name in ("ws-1", "ws-2")]
    passed = [
        decide(Request(role, "aps:RemoteWrite", name, {}, ACCOUNT), Policies(policies, endpoint=endpoint)).allowed
        for name in workspaces
    ]
    assert passed == [True, False]
    assert "EMRG209" not in {each.rule for each in audit(loaded).findings}


def test_a_workspace_of_the_same_app_is_named_by_its_endpoint() -> None:
    """Its id is known only at deployment: the ARN is cut out of the URL there."""

    def build(stack: cdk.Stack) -> None:
        workspace = aps.CfnWorkspace(stack, "Metrics")
        url = f"{workspace.attr_prometheus_endpoint}api/v1/remote_write"
        Tenant(stack, "Tenant", name="flights", monitoring=Monitoring(prometheus_url=url))

    found = synthesize(build).template["Resources"]
    granted = [each for each in found.values() if "aps:RemoteWrite" in str(each)]
    assert {each["Type"] for each in granted} == {"AWS::IAM::Policy", "AWS::EC2::VPCEndpoint"}
    for each in granted:
        cut = str(each).partition("{'Fn::Select': [4, {'Fn::Split': ['/', ")[2]
        assert "'Fn::GetAtt': ['Metrics', 'PrometheusEndpoint']" in cut


def test_a_workspace_elsewhere_fails_early() -> None:
    """A VPC endpoint leads to the workspaces of its own Region."""
    monitoring = Monitoring(prometheus_url=_PROMETHEUS.replace(REGION, "us-east-1"))
    with pytest.raises(ArgumentError, match=r"prometheus_url is '.*us-east-1.*'; use a workspace in .* eu-west-1"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", monitoring=monitoring), region=REGION)
