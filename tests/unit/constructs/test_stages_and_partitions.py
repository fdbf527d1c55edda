"""Tenants and their platform hold wherever CDK puts them: stages, nested stacks, other partitions, any environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect
from construct_support import ACCOUNT, new_app
from constructs import Construct

from emrguard import ArgumentError, Lifecycle, Platform, SubmitterRole, Tenant, ViewerRole
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.isolation import prove
from emrguard_policies.nag import EmrGuardChecks

_NAMES = ("flights", "payroll")


def _tenant(scope: Construct, name: str, region: str | None) -> Tenant:
    listed = "pl-12345678" if region and region.startswith(("cn-", "us-gov-")) else None
    return Tenant(scope, "Tenant", name=name, lifecycle=Lifecycle(), s3_prefix_list_id=listed)


def _platform(scope: Construct, tenants: list[Tenant], region: str | None) -> None:
    budgets = {} if region == "us-gov-west-1" else {"flights": 100.0, "payroll": 100.0}
    macie: Any = None if region in ("us-gov-west-1", "cn-north-1") else "new"
    emails = ["security@example.com"]
    Platform(scope, "Platform", tenants=tenants, emails=emails, monthly_budgets=budgets, macie=macie)


def _in_a_stage(app: cdk.App, region: str | None) -> None:
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account=ACCOUNT, region=region) if region else None)
    teams = [_tenant(cdk.Stack(stage, name.capitalize()), name, region) for name in _NAMES]
    _platform(cdk.Stack(stage, "Platform"), teams, region)


def _nested(app: cdk.App, region: str | None) -> None:
    env = cdk.Environment(account=ACCOUNT, region=region) if region else None
    top = cdk.Stack(app, "Top", env=env)
    teams = [_tenant(cdk.NestedStack(top, name.capitalize()), name, region) for name in _NAMES]
    _platform(cdk.NestedStack(top, "Shared"), teams, region)


def _nested_elsewhere(app: cdk.App, region: str | None) -> None:
    """Tenants nested in one stack of a stage, the platform nested twice in another one."""
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account=ACCOUNT, region=region) if region else None)
    top = cdk.Stack(stage, "Teams")
    teams = [_tenant(cdk.NestedStack(top, name.capitalize()), name, region) for name in _NAMES]
    _platform(cdk.NestedStack(cdk.NestedStack(cdk.Stack(stage, "Shared"), "Outer"), "Inner"), teams, region)


_PLACES: dict[str, tuple[Callable[[cdk.App, str | None], None], str | None]] = {
    "stage, any environment": (_in_a_stage, None),
    "stage, GovCloud": (_in_a_stage, "us-gov-west-1"),
    "nested, China": (_nested, "cn-north-1"),
    "nested elsewhere, any environment": (_nested_elsewhere, None),
}


@pytest.fixture(scope="module", params=list(_PLACES))
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str | None]:
    """An assembly of two tenants and their platform, judged by both packs, and its Region."""
    build, region = _PLACES[request.param]
    app = new_app(tmp_path_factory.mktemp("place"))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    build(app, region)
    return Path(app.synth().directory), region


def test_the_audit_is_clean(place: tuple[Path, str | None]) -> None:
    """Neither pack has a finding, but for what CloudFormation has not in a partition: Macie, budgets."""
    directory, region = place
    lacking = {"us-gov-west-1": {"EMRG122", "EMRG515"}, "cn-north-1": {"EMRG122"}}.get(region or "", set())
    report = audit(load(directory))
    assert not report.errors
    assert {each.rule for each in report.findings if not each.acknowledged} == lacking
    reports = json.loads((directory / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
    unaccepted = {each["ruleName"] for pack in reports for each in pack["violations"]}
    assert unaccepted == lacking


def test_tenants_are_isolated(place: tuple[Path, str | None]) -> None:
    """The proof sees both tenants, across stages and nested stacks."""
    proof = prove(load(place[0]))
    assert (proof.verdict, set(proof.tenants)) == ("isolated", set(_NAMES))


def test_names_are_those_of_the_partition(place: tuple[Path, str | None]) -> None:
    """No ARN and no service of another partition: it would match nothing there."""
    directory, region = place
    texts = {
        text
        for template in load(directory).templates
        for resource in template.resources.values()
        for text in _texts(dict(resource.properties))
    }
    assert not [text for text in texts if "arn:aws:" in text]
    through = {text for text in texts if text.startswith(("s3.", "logs.")) and "." in text[5:]}
    regional = {text for text in through if region and region in text}
    if region:
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        assert regional == {f"s3.{region}.{suffix}", f"logs.{region}.{suffix}"}
        assert any(text.startswith(f"arn:{'aws-cn' if suffix.endswith('cn') else 'aws-us-gov'}:") for text in texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def test_cloudformations_schema_accepts_nested_templates(tmp_path: Path) -> None:
    """cfn-lint has no word against outputs and parameters between nested stacks.

    W3005 tells of a `DependsOn` that CDK's functions have beside the reference to their role.
    """
    app = new_app(tmp_path)
    _nested(app, "eu-west-1")
    directory = Path(app.synth().directory)
    files = [str(file) for file in sorted(directory.glob("*.template.json"))]
    assert len(files) == 4
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", "W3005", "--", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_grant_across_tenants_is_found_in_every_partition(tmp_path: Path) -> None:
    """The proof is not empty there: one wrong line breaks it."""
    app = new_app(tmp_path)
    top = cdk.Stack(app, "Top", env=cdk.Environment(account=ACCOUNT, region="cn-north-1"))
    flights, payroll = (_tenant(cdk.NestedStack(top, name.capitalize()), name, "cn-north-1") for name in _NAMES)
    thief = SubmitterRole(flights, "Thief", tenant="flights")
    payroll.application.grant_submit(thief, payroll.execution_role)
    proof = prove(load(Path(app.synth().directory)))
    assert proof.verdict == "violated"


def test_a_role_in_another_region_fails_early() -> None:
    """An export does not reach it, and the deployment would fail."""
    app = new_app()
    team = cdk.Stack(app, "Flights", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    tenant = Tenant(team, "Tenant", name="flights")
    other = cdk.Stack(app, "Other", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    with pytest.raises(ArgumentError, match=r"tenants is 'Flights/Tenant/Application in .*/eu-west-1'; make it in"):
        ViewerRole(other, "Viewer", tenants=[tenant])
