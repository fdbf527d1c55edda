"""What exists already stands in for what the constructs make: keys, buckets, logs, networks and execution roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from cdk_nag import WriteNagSuppressionsToCloudFormationAspect
from construct_support import ACCOUNT, REGION, Synthesized, new_app

from emrguard import (
    ApplicationKey,
    ArgumentError,
    DataBucket,
    ExecutionRole,
    IApplicationKey,
    IDataBucket,
    IJobLogs,
    INetwork,
    IsolatedNetwork,
    JobLogs,
    SparkApplication,
    SubmitterRole,
    Tenant,
)
from emrguard_policies.assembly import Assembly, load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove

_KEY = f"arn:aws:kms:{REGION}:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/FlightsJobs"
_SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
_GROUP = "sg-0123456789abcdef0"
_OF_A_PLATFORM = {"EMRG401", "EMRG122", "EMRG515"}


def _stack(app: cdk.Stage, name: str) -> cdk.Stack:
    return cdk.Stack(app, name, env=cdk.Environment(account=ACCOUNT, region=REGION))


def _network(stack: cdk.Stack, key: IApplicationKey, data: IDataBucket, logs: IJobLogs, **different: Any) -> INetwork:
    given = {"vpc_id": "vpc-0123456789abcdef0", "subnet_ids": _SUBNETS, "security_group_id": _GROUP} | different
    given = {"id": "Network", "tenant": "flights", "because": "the network team closes it"} | given
    return IsolatedNetwork.from_network_attributes(stack, key=key, data=data, logs=logs, **given)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Own storage under an imported key, run by an imported role in an imported network; and all parts imported."""
    path = tmp_path_factory.mktemp("imports")
    app = new_app(path)
    stack = _stack(app, "Flights")
    key = ApplicationKey.from_key_arn(stack, "Key", _KEY, because="the security team keeps all keys")
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    network = IsolatedNetwork.from_network_attributes(
        stack,
        "Network",
        tenant="flights",
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=_SUBNETS,
        security_group_id=_GROUP,
        key=key,
        data=data,
        logs=logs,
        because="the network team closes it",
    )
    application = SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key)
    why = "the security team makes it"
    jobs = ExecutionRole.from_role_arn(stack, "Jobs", _ROLE, tenant="flights", because=why, network=network)
    cdk.CfnOutput(stack, "ForTheKey", value=key.statements_for_owner())
    data.grant_read(jobs, "input/")
    data.confine(jobs, network.vpc_id)
    logs.grant_write(jobs)
    jobs.grant_glue_read("flights", ["airports"])
    application.grant_submit(SubmitterRole(stack, "Submitter", tenant="flights"), jobs)
    reference = DataBucket.from_bucket_name(stack, "Reference", "reference-data", because="airports are listed there")
    reference.grant_read(jobs, "airports/")
    reference.grant_put(SubmitterRole(stack, "Editor", tenant="flights"), "corrections/")
    cdk.CfnOutput(stack, "ForTheBucket", value=reference.statements_for_owner())
    for service, text in network.statements_for_owner().items():
        cdk.CfnOutput(stack, f"For{service}", value=text)

    other = _stack(app, "Payroll")
    why = "the storage team keeps it"
    key = ApplicationKey.from_key_arn(other, "Key", _KEY, because=why)
    bucket = DataBucket.from_bucket_name(other, "Data", "payroll-data", because=why, key=key)
    group = JobLogs.from_bucket(other, "Logs", bucket, log_group_name="/jobs/payroll", because=why)
    own = IsolatedNetwork(other, "Network", tenant="payroll", key=key, data=bucket, logs=group)
    role = ExecutionRole(other, "Jobs", tenant="payroll", network=own)
    group.grant_write(role)
    bucket.grant_read_write(role, "output/")
    SparkApplication(other, "Application", tenant="payroll", network=own, logs=group, key=key)
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    app.synth()
    return path


@pytest.fixture(scope="module")
def assembly(directory: Path) -> Assembly:
    """The same, as the audit reads it."""
    return load(directory)


@pytest.fixture(scope="module")
def flights(directory: Path) -> Synthesized:
    """The stack with own storage."""
    return Synthesized(json.loads((directory / "Flights.template.json").read_text()))


def _handed_over(flights: Synthesized, output: str) -> list[dict[str, Any]]:
    value = flights.template["Outputs"][output]["Value"]
    parts = [value] if isinstance(value, str) else value["Fn::Join"][1]
    found: list[dict[str, Any]] = json.loads("".join(each if isinstance(each, str) else "x" for each in parts))
    return found


def _actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return [given] if isinstance(given, str) else list(given)


def test_nothing_is_created_of_what_is_imported(flights: Synthesized) -> None:
    """No key, no VPC, no endpoint, no policy on the role; the application names what was given."""
    kinds = {each["Type"] for each in flights.template["Resources"].values()}
    assert kinds.isdisjoint({"AWS::KMS::Key", "AWS::KMS::Alias", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"})
    application = flights.one("AWS::EMRServerless::Application")
    assert application["NetworkConfiguration"] == {"SubnetIds": _SUBNETS, "SecurityGroupIds": [_GROUP]}
    monitoring = application["MonitoringConfiguration"]
    assert monitoring["ManagedPersistenceMonitoringConfiguration"]["EncryptionKeyArn"] == _KEY
    policies = [each for each in flights.template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"]
    assert "FlightsJobs" not in json.dumps([each["Properties"]["Roles"] for each in policies])


def test_the_owner_of_the_key_is_told_all_it_must_let(flights: Synthesized) -> None:
    """Managed logs, log groups, and each role through S3 and EMR Serverless only; also what is granted afterwards."""
    found = _handed_over(flights, "ForTheKey")
    sids = {each.get("Sid") for each in found}
    assert sids >= {"ManagedLogs", "LogGroups"}
    roles = [each for each in found if "AWS" in each["Principal"]]
    assert len(roles) >= 3
    for statement in roles:
        through = statement["Condition"]["StringEquals"]["kms:ViaService"]
        services = {"s3.eu-west-1.amazonaws.com", "emr-serverless.eu-west-1.amazonaws.com"}
        assert services.issuperset([through] if isinstance(through, str) else through)


def test_the_owner_of_the_bucket_is_told_what_each_role_needs(flights: Synthesized) -> None:
    """One folder, lists by prefix, and nothing wider; uploads for the other role."""
    reads, lists, puts = _handed_over(flights, "ForTheBucket")
    assert _actions(reads) == ["s3:GetObject"]
    assert str(reads["Resource"]).endswith(":s3:::reference-data/airports/*")
    assert lists["Condition"] == {"StringLike": {"s3:prefix": ["airports/*"]}}
    assert "s3:PutObject" in _actions(puts)
    assert str(puts["Resource"]).endswith("/corrections/*")


def test_the_network_team_is_told_what_endpoints_must_let_through(flights: Synthesized) -> None:
    """The tenant's storage, what was granted, and the bucket of others, by service."""
    assert set(flights.template["Outputs"]) >= {"Fors3", "Forlogs", "Forkms", "Forsts", "Forglue"}
    text = json.dumps(_handed_over(flights, "Fors3"))
    assert "s3:::reference-data/airports/*" in text
    assert "FlightsJobs" in text


def test_the_security_team_is_told_what_the_role_needs(directory: Path) -> None:
    """CDK's report of roles that exist: whom the role trusts, and its whole policy, other stores included."""
    report = json.loads((directory / "iam-policy-report.json").read_text())
    (role,) = report["roles"]
    assert role["roleName"] == "teams/FlightsJobs"
    assert "emr-serverless.amazonaws.com" in json.dumps(role["assumeRolePolicy"])
    text = json.dumps(role["identityPolicyStatements"])
    for part in ("/input/*", "/logs/*", "glue:GetTable", "kms:Decrypt", "reference-data/airports/*"):
        assert part in text, part


def test_own_buckets_let_the_imported_role_in_from_its_network_only(flights: Synthesized) -> None:
    """It is admitted and confined as a role of the app is."""
    (policy,) = [
        each
        for name, each in flights.of("AWS::S3::BucketPolicy").items()
        if flights.mark(name)["part"] == "data-bucket"
    ]
    by_sid = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"] if "Sid" in each}
    assert "FlightsJobs" in json.dumps(by_sid["OnlyTheOwnersRoles"]["Condition"])
    confined = by_sid["JobsOnlyFromTheirNetwork"]["Condition"]
    assert confined["StringNotEquals"] == {"aws:SourceVpc": "vpc-0123456789abcdef0"}
    assert "FlightsJobs" in json.dumps(confined["ArnEquals"])


def test_the_audit_accepts_each_import_for_its_reason(assembly: Assembly) -> None:
    """What the rules cannot see is acknowledged with the reason; nothing beside it is open, and nothing is hidden."""
    report = audit(assembly)
    assert {each.rule for each in report.findings if each.acknowledged is None} == _OF_A_PLATFORM
    given = {each.rule: each.acknowledged for each in report.findings if each.acknowledged is not None}
    assert given["EMRG202"] == "the network team closes it"
    assert set(given) >= {"EMRG156", "EMRG202", "EMRG203", "EMRG204", "EMRG454"}
    assert {risk.reason for risk in report.accepted} >= {
        "the security team keeps all keys",
        "the network team closes it",
        "the security team makes it",
        "airports are listed there",
        "the storage team keeps it",
    }


def test_the_proof_fails_closed_where_a_role_is_unknown(assembly: Assembly) -> None:
    """Nobody knows what the imported role may do: the tenants are not called isolated, and each import is named."""
    proof = prove(assembly)
    assert proof.verdict == "undecided"
    for part in ("key", "vpc", "data-bucket", "log-group", "execution-role"):
        assert [text for text in proof.assumptions if f"outside of these templates ({part} " in text], part


def test_two_tenants_with_one_imported_bucket_share_it(tmp_path: Path) -> None:
    """The reason of an import is not leave to share: the proof still finds the way from one tenant to the other."""
    app = new_app(tmp_path)
    for name in ("flights", "payroll"):
        stack = _stack(app, name.capitalize())
        tenant = Tenant(stack, "Tenant", name=name)
        bucket = DataBucket.from_bucket_name(stack, "Lake", "the-lake", because="everybody writes into the lake")
        bucket.grant_read_write(tenant.execution_role, "tables/")
    proof = prove(load(Path(app.synth().directory)))
    assert proof.verdict != "isolated"
    assert {each.check for each in proof.counterexamples} == {"unowned"}


def test_an_exemption_needs_the_word_of_the_template(directory: Path, tmp_path: Path) -> None:
    """Without the reason in the template a role that nobody knows is a stranger to the tenant's bucket."""
    for path in directory.iterdir():
        if path.is_file():
            text = path.read_text()
            if path.name == "Flights.template.json":
                body = json.loads(text)
                ours = body["Metadata"]["emrguard"]
                body["Metadata"]["emrguard"] = {
                    key: each for key, each in ours.items() if each["part"] != "execution-role"
                }
                text = json.dumps(body)
            (tmp_path / path.name).write_text(text)
    found = audit(load(tmp_path), select=["EMRG117"]).findings
    assert [each.rule for each in found if each.acknowledged is None]


def test_one_application_in_an_imported_network_leaves_no_acknowledgment_over(tmp_path: Path) -> None:
    """What is acknowledged for the network is found by a rule: the audit has nothing to say of stale ones."""
    app = new_app(tmp_path)
    stack = _stack(app, "Flights")
    key, data, logs = _storage(stack)
    network = _network(stack, key, data, logs)
    SparkApplication(stack, "Application", tenant="flights", network=network, logs=logs, key=key)
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    report = audit(load(Path(app.synth().directory)))
    assert {each.rule for each in report.findings if each.acknowledged is None} == _OF_A_PLATFORM


def test_a_group_that_two_templates_give_to_two_tenants_is_found(tmp_path: Path) -> None:
    """Apps that were synthesized apart from each other may say so; together they are a finding."""
    app = new_app(tmp_path)
    for name in ("flights", "payroll"):
        stage = cdk.Stage(app, name.capitalize())
        stack = _stack(stage, name.capitalize())
        key = ApplicationKey(stack, "Key", tenant=name)
        data = DataBucket(stack, "Data", tenant=name, key=key)
        logs = JobLogs(stack, "Logs", tenant=name, key=key)
        network = _network(stack, key, data, logs, tenant=name)
        SparkApplication(stack, "Application", tenant=name, network=network, logs=logs, key=key)
    found = audit(load(Path(app.synth().directory)), select=["EMRG211"]).findings
    assert len([each for each in found if each.acknowledged is None]) == 2


def _storage(stack: cdk.Stack) -> tuple[ApplicationKey, DataBucket, JobLogs]:
    key = ApplicationKey(stack, "Key", tenant="flights")
    return key, DataBucket(stack, "Data", tenant="flights", key=key), JobLogs(stack, "Logs", tenant="flights", key=key)


@pytest.mark.parametrize(
    ("different", "message"),
    [
        ({"vpc_id": "my-vpc"}, r"vpc_id is 'my-vpc'; write an id such as vpc-"),
        ({"subnet_ids": _SUBNETS[:1]}, r"subnet_ids is \[.*\]; write a list of two subnets or more"),
        ({"subnet_ids": [*_SUBNETS, "a"]}, r"subnet_ids is 'a'; write ids such as subnet-"),
        ({"security_group_id": "default"}, r"security_group_id is 'default'; write an id"),
        ({"because": "so"}, r"because is 'so'; say in a few words"),
        ({"tenant": "My Team"}, r"tenant is 'My Team'; write up to 32"),
    ],
)
def test_a_wrong_network_fails_early(different: dict[str, Any], message: str) -> None:
    """Each argument by its name, with the mend."""
    stack = _stack(new_app(), "Stack")
    with pytest.raises(ArgumentError, match=message):
        _network(stack, *_storage(stack), **different)


def test_other_mistakes_fail_early() -> None:
    """Aliases, keys of other Regions, names with wildcards, roles of other accounts, networks of other tenants."""
    stack, why = _stack(new_app(), "Stack"), "somebody keeps it for us"
    with pytest.raises(ArgumentError, match=r"key_arn is 'alias/a'; write arn:aws:kms:.*no alias"):
        ApplicationKey.from_key_arn(stack, "A", "alias/a", because=why)
    with pytest.raises(ArgumentError, match=r"use a key of the Region of the stack, eu-west-1"):
        ApplicationKey.from_key_arn(stack, "B", _KEY.replace("west-1", "west-2"), because=why)
    with pytest.raises(ArgumentError, match=r"because is 'so'; say in a few words"):
        ApplicationKey.from_key_arn(stack, "C", _KEY, because="so")
    with pytest.raises(ArgumentError, match=r"bucket_name is 'data-\*'; write the name of one bucket"):
        DataBucket.from_bucket_name(stack, "D", "data-*", because=why)
    bucket = DataBucket.from_bucket_name(stack, "E", "data", because=why)
    with pytest.raises(ArgumentError, match=r"Stack/E: buckets is .*; leave it to its owner, who can let Macie in"):
        bucket.allow_macie()
    with pytest.raises(ArgumentError, match=r"log_group_name is 'a b'; write 1 to 512"):
        JobLogs.from_bucket(stack, "F", bucket, log_group_name="a b", because=why)
    with pytest.raises(ArgumentError, match=r"role_arn is .*444455556666.*, of the account of the stack"):
        ExecutionRole.from_role_arn(stack, "G", "arn:aws:iam::444455556666:role/Jobs", tenant="flights", because=why)
    storage = _storage(stack)
    network = _network(stack, *storage)
    with pytest.raises(ArgumentError, match=r"security_group_id is 'sg-.*'; it has the workers of flights"):
        _network(stack, *storage, tenant="payroll", id="Other")
    with pytest.raises(ArgumentError, match=r"network is 'that of flights'; pass the network of payroll"):
        ExecutionRole.from_role_arn(stack, "H", _ROLE, tenant="payroll", because=why, network=network)


def test_warnings_tell_of_what_others_have_to_do() -> None:
    """One for each import that needs its owner's hand; a bucket to which nothing was granted needs none."""
    stack, why = _stack(new_app(), "Stack"), "somebody keeps it for us"
    key = ApplicationKey.from_key_arn(stack, "Key", _KEY, because=why)
    DataBucket.from_bucket_name(stack, "Unused", "unused", because=why)
    used = DataBucket.from_bucket_name(stack, "Used", "used", because=why, key=key)
    used.grant_read(iam.Role.from_role_arn(stack, "Role", _ROLE, mutable=False), "input/")
    warnings = cdk.assertions.Annotations.from_stack(stack).find_warning(
        "*", cdk.assertions.Match.string_like_regexp("hand over what statements_for_owner gives")
    )
    assert sorted(each.id for each in warnings) == ["/Stack/Key", "/Stack/Used"]
