"""What each persona may do and may not do."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from construct_support import ACCOUNT, REGION, ROOT, Synthesized, synthesize

from emrguard import (
    ArgumentError,
    Interactive,
    InteractiveUserRole,
    PlatformAdminRole,
    Tenant,
    ViewerRole,
)
from emrguard._personas_page import page
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import parse

_WHY = "analysts explore on-time statistics"
_FLIGHTS = {"aws:ResourceTag/emrguard:tenant": "flights"}


@pytest.fixture(scope="module")
def personas() -> Synthesized:
    """A tenant with all its personas."""

    def build(stack: cdk.Stack) -> None:
        ways = Interactive(studio_because=_WHY, livy_because=_WHY, sessions_because=_WHY)
        team = Tenant(stack, "Tenant", name="flights", interactive=ways)
        PlatformAdminRole(stack, "Admin", tenants=[team])
        ViewerRole(stack, "Viewer", tenants=[team])
        InteractiveUserRole(stack, "Analyst", tenant=team, ways=["livy", "sessions"], session=cdk.Duration.hours(8))

    return synthesize(build)


def _application(found: Synthesized) -> str:
    return found.arn("AWS::EMRServerless::Application")


@pytest.mark.parametrize("part", ["platform-admin-role", "viewer-role", "interactive-role"])
def test_people_come_with_mfa(personas: Synthesized, part: str) -> None:
    """And for as long as was said."""
    user = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ann", ACCOUNT)
    assert personas.may_assume(part, user, {"aws:MultiFactorAuthPresent": "true"})
    assert not personas.may_assume(part, user, {})
    hours = 8 if part == "interactive-role" else 1
    assert personas.one("AWS::IAM::Role", part)["MaxSessionDuration"] == hours * 3600


def test_a_viewer_sees_and_does_nothing(personas: Synthesized) -> None:
    """Above all it opens no session, although IAM calls that reading, and no dashboard unless it was asked for."""
    viewer, application = personas.session("viewer-role"), _application(personas)
    run, session = f"{application}/jobruns/1", f"{application}/sessions/1"
    assert personas.ask(viewer, "emr-serverless:GetApplication", application).allowed
    assert personas.ask(viewer, "emr-serverless:GetJobRun", run).allowed
    for action, resource in (
        ("emr-serverless:GetSessionEndpoint", session),
        ("emr-serverless:GetDashboardForJobRun", run),
        ("emr-serverless:StartJobRun", application),
        ("emr-serverless:StopApplication", application),
        ("emr-serverless:GetApplication", f"{application}x"),
        ("s3:GetObject", f"arn:aws:s3:::{personas.bucket('data-bucket')}/output/a"),
        ("s3:GetObject", f"arn:aws:s3:::{personas.bucket('log-bucket')}/logs/a"),
    ):
        assert not personas.ask(viewer, action, resource).allowed, action


def test_a_viewer_of_logs(personas: Synthesized) -> None:
    """Reads what jobs log, in S3 and in the Spark UI; still no data and no session."""
    found = synthesize(
        lambda stack: ViewerRole(stack, "Viewer", tenants=[Tenant(stack, "T", name="flights")], logs=True)
    )
    viewer, application = found.session("viewer-role"), _application(found)
    via = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert found.ask(viewer, "emr-serverless:GetDashboardForJobRun", f"{application}/jobruns/1").allowed
    assert found.ask(viewer, "s3:GetObject", f"arn:aws:s3:::{found.bucket('log-bucket')}/logs/a").allowed
    assert found.ask(viewer, "kms:Decrypt", found.arn("AWS::KMS::Key"), via).allowed
    assert not found.ask(viewer, "s3:GetObject", f"arn:aws:s3:::{found.bucket('data-bucket')}/output/a").allowed
    assert not found.ask(viewer, "emr-serverless:GetSessionEndpoint", f"{application}/sessions/1").allowed


def test_an_interactive_user_has_the_ways_it_was_given(personas: Synthesized) -> None:
    """Livy and sessions, not notebooks of Studio; the tenant's execution role for EMR Serverless and nothing else."""
    analyst, application = personas.session("interactive-role"), _application(personas)
    assert personas.ask(analyst, "emr-serverless:AccessLivyEndpoints", application).allowed
    assert personas.ask(analyst, "emr-serverless:GetSessionEndpoint", f"{application}/sessions/1").allowed
    assert not personas.ask(analyst, "emr-serverless:AccessInteractiveEndpoints", application).allowed
    assert not personas.ask(analyst, "emr-serverless:StartJobRun", application).allowed
    role = personas.arn("AWS::IAM::Role", "execution-role")
    service = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    assert personas.ask(analyst, "iam:PassRole", role, service).allowed
    assert not personas.ask(analyst, "iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}).allowed
    assert not personas.ask(analyst, "iam:PassRole", personas.arn("AWS::IAM::Role", "submitter-role"), service).allowed


def test_a_platform_admin_runs_applications_by_their_tag(personas: Synthesized) -> None:
    """Those of its tenants, whose tag it cannot change; without any right to jobs, roles, data or sessions."""
    admin, application = personas.session("platform-admin-role"), _application(personas)
    new: dict[str, str | list[str]] = {"aws:RequestTag/emrguard:tenant": "flights", "aws:TagKeys": ["emrguard:tenant"]}
    assert personas.ask(admin, "emr-serverless:StopApplication", application, _FLIGHTS).allowed
    assert personas.ask(admin, "emr-serverless:CreateApplication", "*", new).allowed
    assert personas.ask(admin, "emr-serverless:TagResource", application, new).allowed
    assert personas.ask(admin, "emr-serverless:TagResource", application, {**_FLIGHTS, "aws:TagKeys": ["team"]}).allowed
    other = {"aws:ResourceTag/emrguard:tenant": "payroll"}
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("emr-serverless:StopApplication", application, other),
        ("emr-serverless:StopApplication", application, {}),
        ("emr-serverless:CreateApplication", "*", {}),
        ("emr-serverless:CreateApplication", "*", {"aws:RequestTag/emrguard:tenant": "payroll"}),
        ("emr-serverless:UntagResource", application, _FLIGHTS | {"aws:TagKeys": ["emrguard:tenant"]}),
        ("emr-serverless:TagResource", application, {**_FLIGHTS, **new}),
        ("emr-serverless:StartJobRun", application, _FLIGHTS),
        ("emr-serverless:GetSessionEndpoint", f"{application}/sessions/1", _FLIGHTS),
        ("iam:PassRole", personas.arn("AWS::IAM::Role", "execution-role"), {}),
        ("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x", {}),
    ]
    for action, resource, context in refused:
        assert not personas.ask(admin, action, resource, context).allowed, action
    linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ops.emr-serverless.amazonaws.com"
    service = {"iam:AWSServiceName": "ops.emr-serverless.amazonaws.com"}
    role = f"{linked}/AWSServiceRoleForAmazonEMRServerless"
    assert personas.ask(admin, "iam:CreateServiceLinkedRole", role, service).allowed


def test_a_role_for_several_tenants_says_why() -> None:
    """The reason is in the manifest; one tenant's own role is marked as the tenant's."""

    def build(stack: cdk.Stack, because: str | None) -> None:
        teams = [Tenant(stack, name, name=name) for name in ("flights", "payroll")]
        ViewerRole(stack, "Viewer", tenants=teams, because=because)

    found = synthesize(lambda stack: build(stack, "support looks at all of them"))
    marks = [found.mark(name) for name in found.resources if found.mark(name).get("part") == "viewer-role"]
    assert {mark["shared"] for mark in marks} == {"support looks at all of them"}
    with pytest.raises(ArgumentError, match=r"tenants is \['flights', 'payroll'\]; say in `because` why"):
        build(cdk.Stack(), None)


def test_arguments_are_checked_early() -> None:
    """Each message names the argument, the value and the mend."""
    stack, other = cdk.Stack(cdk.App(), "One"), cdk.Stack(cdk.App(), "Two")
    team = Tenant(stack, "Tenant", name="flights")
    attempts: list[tuple[Any, str]] = [
        (lambda: ViewerRole(stack, "A", tenants=[]), r"One/A: tenants is \[\]; pass the tenants"),
        (lambda: PlatformAdminRole(stack, "B", tenants=[]), r"One/B: tenants is \[\]; pass the tenants"),
        (lambda: ViewerRole(other, "C", tenants=[team], logs=True), "logs is 'flights'; make the role in the stack of"),
        (lambda: InteractiveUserRole(stack, "D", tenant=team, ways=[]), r"ways is \[\]; list one or more of studio"),
        (lambda: InteractiveUserRole(stack, "E", tenant=team, ways=["ssh"]), r"ways is \['ssh'\]"),  # type: ignore[list-item]
        (lambda: InteractiveUserRole(other, "F", tenant=team, ways=["livy"]), "tenant is 'flights'; make the role in"),
        (
            lambda: ViewerRole(stack, "G", tenants=[team], session=cdk.Duration.hours(13)),
            "session is 780.* from 60 to 720",
        ),
        (lambda: InteractiveUserRole.permission_set(["livy"], ["*"]), r"execution_roles is '\*'; write arn:aws:iam"),
        (lambda: InteractiveUserRole.permission_set(["livy"], []), r"execution_roles is \[\]; list the ARNs"),
    ]
    for attempt, message in attempts:
        with pytest.raises(ArgumentError, match=message):
            attempt()


def test_permission_sets_go_by_tag() -> None:
    """The tag of the person's session, or one of some names; within the size that Identity Center takes."""
    arn = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/00a"
    who = Principal(
        "role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/R/me", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/R"
    )

    def allowed(document: dict[str, Any], action: str, resource: str, **context: str) -> bool:
        request = Request(who, action, resource, context, ACCOUNT)
        return decide(request, Policies(identity=[parse(document, "set")])).allowed

    own = {"aws:PrincipalTag/emrguard:tenant": "flights", **_FLIGHTS}
    viewer = ViewerRole.permission_set()
    assert allowed(viewer, "emr-serverless:GetApplication", arn, **own)
    assert not allowed(viewer, "emr-serverless:GetApplication", arn, **_FLIGHTS)
    assert not allowed(
        viewer, "emr-serverless:GetApplication", arn, **own | {"aws:ResourceTag/emrguard:tenant": "payroll"}
    )
    assert not allowed(viewer, "emr-serverless:GetSessionEndpoint", f"{arn}/sessions/1", **own)
    analyst = InteractiveUserRole.permission_set(
        ["sessions"], [f"arn:aws:iam::{ACCOUNT}:role/Flights-*"], tenants=["flights"]
    )
    assert allowed(analyst, "emr-serverless:GetSessionEndpoint", f"{arn}/sessions/1", **_FLIGHTS)
    service = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    assert allowed(analyst, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Flights-Execution", **service)
    assert not allowed(analyst, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Payroll-Execution", **service)
    admin = PlatformAdminRole.permission_set(["flights"])
    assert allowed(admin, "emr-serverless:StopApplication", arn, **_FLIGHTS)
    assert not allowed(admin, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Flights-Execution", **service)


def test_the_page_is_up_to_date() -> None:
    """`make docs` writes what the policies say."""
    assert (ROOT / "docs" / "personas.md").read_text(encoding="utf-8") == page(), "run `make docs`"
