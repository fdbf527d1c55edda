"""Jobs on an application that another app makes: the grants are those of one's own, and the trust has a reason."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from construct_support import ACCOUNT, REGION, Synthesized, new_app

from emrguard import ArgumentError, ImportedApplication, SparkApplication, SubmitterRole, Tenant
from emrguard_policies.accepted import accepted_risks
from emrguard_policies.assembly import Assembly, load
from emrguard_policies.isolation import prove

_ARN = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/00f1abcd2efgh345"
_WHY = "the platform team makes it, in an app of its own"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/PipelineJobs"


def _imported(stack: cdk.Stack, **different: str) -> ImportedApplication:
    given = {"application_arn": _ARN, "application_name": "pipelines", "because": _WHY} | different
    return SparkApplication.from_application_arn(stack, "Imported", given.pop("application_arn"), **given)


def _pipelines(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Pipelines", env=cdk.Environment(account=ACCOUNT, region=REGION))
    application = _imported(stack)
    jobs = iam.Role.from_role_arn(stack, "Jobs", _ROLE, mutable=False)
    application.grant_submit(SubmitterRole(stack, "Nightly", tenant="pipelines"), jobs)
    application.metric_failed_jobs().create_alarm(stack, "Failed", threshold=1, evaluation_periods=1)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A role that submits to an application of another app."""
    app = new_app(tmp_path_factory.mktemp("imported"))
    _pipelines(app)
    return load(Path(app.synth().directory))


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("emr-serverless:StartJobRun", _ARN, True),
        ("emr-serverless:CancelJobRun", f"{_ARN}/jobruns/00a", True),
        ("emr-serverless:StartJobRun", _ARN.replace("00f1", "00f2"), False),
        ("emr-serverless:DeleteApplication", _ARN, False),
        ("iam:PassRole", _ROLE, True),
        ("iam:PassRole", _ROLE.replace("Pipeline", "Other"), False),
    ],
)
def test_submitters_run_jobs_there_and_nothing_else(
    assembly: Assembly, action: str, resource: str, allowed: bool
) -> None:
    """The role starts and follows jobs of this application, as this execution role only."""
    (template,) = [each for each in assembly.templates if each.name == "Pipelines"]
    found = Synthesized(template.body)
    context = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    assert found.ask(found.session("submitter-role"), action, resource, context).allowed is allowed


def test_the_trust_is_shown(assembly: Assembly) -> None:
    """The audit lists the reason, and the proof names it as an assumption: it cannot see that application."""
    assert _WHY in {risk.reason for risk in accepted_risks(assembly)}
    assumptions = prove(assembly).assumptions
    assert [text for text in assumptions if "outside of these templates (application" in text and _WHY in text]


def test_the_proof_fails_closed_beside_tenants(tmp_path: Path) -> None:
    """The id may be that of a tenant's application, which only the deployment knows: unknown means unsafe."""
    app = new_app(tmp_path)
    Tenant(cdk.Stack(app, "Flights", env=cdk.Environment(account=ACCOUNT, region=REGION)), "Tenant", name="flights")
    _pipelines(app)
    proof = prove(load(Path(app.synth().directory)))
    assert proof.verdict != "isolated"
    assert "emr-serverless:StartJobRun" in {each.action for each in proof.counterexamples}


def test_its_metrics_are_those_of_the_service(assembly: Assembly) -> None:
    """The id is cut out of the ARN."""
    (template,) = [each for each in assembly.templates if each.name == "Pipelines"]
    (alarm,) = [each for each in template.resources.values() if each.type == "AWS::CloudWatch::Alarm"]
    dimensions = {each["Name"]: each["Value"] for each in alarm.properties["Dimensions"]}
    assert dimensions == {"ApplicationId": "00f1abcd2efgh345", "ApplicationName": "pipelines"}


@pytest.mark.parametrize(
    ("different", "message"),
    [
        ({"application_arn": "00f1abcd2efgh345"}, r"application_arn is '00f1abcd2efgh345'; write arn:aws"),
        ({"because": "so"}, r"because is 'so'; say in a few words"),
    ],
)
def test_mistakes_fail_early(different: dict[str, str], message: str) -> None:
    """An id in place of the ARN, or a reason that says nothing."""
    with pytest.raises(ArgumentError, match=message):
        _imported(cdk.Stack(new_app(), "Stack"), **different)
