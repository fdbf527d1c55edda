"""How findings are made, acknowledged and told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import Assembly, load
from emrguard_policies.audit import AuditReport, audit, run
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.registry import all_rules, rule_of

TODAY = date(2026, 11, 24)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "emr-serverless.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
BARE: dict[str, Any] = {
    "Application": {
        "Type": "AWS::EMRServerless::Application",
        "Properties": {
            "Type": "SPARK",
            "ReleaseLabel": "emr-6.6.0",
            "InteractiveConfiguration": {"StudioEnabled": True, "LivyEndpointEnabled": True},
        },
    },
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
}


def assembly(directory: Path, resources: dict[str, Any], *, indent: int | None = 1) -> Assembly:
    """An assembly of one template."""
    file = directory / "t.json"
    file.write_text(json.dumps({"Resources": resources}, indent=indent), encoding="utf-8")
    return load(file)


def acknowledged(*rules: dict[str, Any]) -> dict[str, Any]:
    """The bare application with acknowledgments on it."""
    application = BARE["Application"] | {"Metadata": {"cdk_nag": {"rules_to_suppress": list(rules)}}}
    return BARE | {"Application": application}


def ids(report: AuditReport) -> set[str]:
    """The rules that fired."""
    return {finding.rule for finding in report.findings}


def test_the_bare_application_breaks_many_rules(tmp_path: Path) -> None:
    """Two careless resources are told everything that is missing about them: at least 15 things."""
    report = audit(assembly(tmp_path, BARE), today=TODAY)
    found = ids(report)
    assert found == {
        "EMRG101", "EMRG105", "EMRG120", "EMRG121", "EMRG201", "EMRG303", "EMRG401", "EMRG406", "EMRG501", "EMRG502",
        "EMRG505", "EMRG507", "EMRG509", "EMRG515", "EMRG516", "EMRG601", "EMRG602", "EMRG604", "EMRG605",
    }  # fmt: skip
    assert len(found) >= 15
    assert not any(finding.message.startswith("could not decide") for finding in report.findings)


def test_a_template_without_emr_serverless_is_clean(tmp_path: Path) -> None:
    """emrguard keeps quiet about what is none of its business."""
    report = audit(assembly(tmp_path, {"B": {"Type": "AWS::S3::Bucket"}, "K": {"Type": "AWS::KMS::Key"}}), today=TODAY)
    assert report == AuditReport((), ())
    assert report.worst() is None


def test_a_finding_says_where_and_what(tmp_path: Path) -> None:
    """A finding names the file, the line, the resource, the property, the value and the mend."""
    (finding,) = audit(assembly(tmp_path, BARE), select=["EMRG502"], today=TODAY).findings
    assert finding.template == str(tmp_path / "t.json")
    assert (finding.logical_id, finding.property, finding.line) == ("Application", "ReleaseLabel", 3)
    assert finding.construct_path == "t/Application"
    assert "emr-6.6.0" in finding.message
    assert finding.mend == rule_of("EMRG502").mend


def test_select_and_ignore(tmp_path: Path) -> None:
    """A person can look at some rules, or leave some out; an unknown id is refused, since it would pass silently."""
    bare = assembly(tmp_path, BARE)
    assert ids(audit(bare, select=["EMRG201", "EMRG501"], ignore=["EMRG501"], today=TODAY)) == {"EMRG201"}
    assert "EMRG201" not in ids(audit(bare, ignore=["EMRG201"], today=TODAY))
    with pytest.raises(InputError, match="EMRG999"):
        audit(bare, select=["EMRG999"])
    with pytest.raises(InputError, match="EMRG999"):
        audit(bare, ignore=["EMRG999"])


@pytest.mark.parametrize("written", ["EmrGuard::EMRG201", "EMRG201"])
def test_an_acknowledgment_with_a_reason_is_honoured(written: str, tmp_path: Path) -> None:
    """An accepted finding stays in the report with its reason and does not fail the audit."""
    report = audit(
        assembly(tmp_path, acknowledged({"id": written, "reason": " lab only "})), select=["EMRG201"], today=TODAY
    )
    assert [finding.acknowledged for finding in report.findings] == ["lab only"]
    assert report.worst() is None


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_an_acknowledgment_without_a_reason_is_not(reason: str | None, tmp_path: Path) -> None:
    """An empty reason accepts nothing, and is itself reported."""
    resources = acknowledged({"id": "EmrGuard::EMRG201", "reason": reason})
    report = audit(assembly(tmp_path, resources), select=["EMRG001", "EMRG201"], today=TODAY)
    assert ids(report) == {"EMRG001", "EMRG201"}
    assert report.worst() == "error"


def test_acknowledgments_of_other_packs_are_theirs(tmp_path: Path) -> None:
    """An acknowledgment of another pack accepts none of our findings, nor does a malformed one."""
    resources = acknowledged({"id": "AwsSolutions::EMRG201", "reason": "x"}, {"id": 3}, {"reason": "x"})
    report = audit(assembly(tmp_path, resources), today=TODAY)
    assert "EMRG001" not in ids(report)
    assert all(finding.acknowledged is None for finding in report.findings)


def test_an_acknowledgment_that_accepts_nothing_is_reported(tmp_path: Path) -> None:
    """An acknowledgment that is left over, or names no rule, is told with its reason, and fails nothing by itself."""
    resources = acknowledged({"id": "EMRG504", "reason": "lab only"}, {"id": "EMRG999", "reason": "gone"})
    report = audit(assembly(tmp_path, resources), select=["EMRG002"], today=TODAY)
    assert {finding.severity for finding in report.findings} == {"info"}
    assert [finding.message for finding in report.findings] == [
        "EMRG504, acknowledged because 'lab only', does not fire",
        "EMRG999, acknowledged because 'gone', is no rule",
    ]


def test_an_acknowledgment_that_cdk_copied_to_other_resources_is_in_use(tmp_path: Path) -> None:
    """CDK writes a construct's acknowledgment on all that is below; one finding below is enough."""
    reasons = {"id": "EmrGuard::EMRG201", "reason": "lab only"}
    role = BARE["Role"] | {"Metadata": {"cdk_nag": {"rules_to_suppress": [reasons]}}}
    resources = acknowledged(reasons) | {"Role": role}
    assert not audit(assembly(tmp_path, resources), select=["EMRG002"], today=TODAY).findings


def test_fingerprints_survive_a_reformatting(tmp_path: Path) -> None:
    """A finding keeps its fingerprint when only lines move, and no two findings share one."""
    one = audit(assembly(tmp_path, BARE, indent=1), today=TODAY).findings
    two = audit(assembly(tmp_path, BARE, indent=None), today=TODAY).findings
    assert [finding.fingerprint for finding in one] == [finding.fingerprint for finding in two]
    assert len({finding.fingerprint for finding in one}) == len(one)


def broken(_context: Context) -> Iterator[Violation]:
    """A check with a bug."""
    raise KeyError("nothing")
    yield


def test_a_rule_that_crashes_is_fatal_and_hides_no_other(tmp_path: Path) -> None:
    """A bug in a rule fails the audit, cannot be accepted, and leaves the other rules at work."""
    crashing = Rule("EMRG999", "broken", "info", "Broken", "", "", "", broken)
    resources = acknowledged({"id": "EMRG999", "reason": "x"})
    report = run(assembly(tmp_path, resources), [crashing, rule_of("EMRG201")], today=TODAY)
    assert [(finding.rule, finding.severity) for finding in report.findings] == [
        ("EMRG999", "fatal"),
        ("EMRG201", "error"),
    ]
    assert report.findings[0].acknowledged is None
    assert "KeyError" in report.findings[0].message
    assert report.worst() == "fatal"


def test_a_nested_stack_that_cannot_be_read_is_an_error_of_the_report(tmp_path: Path) -> None:
    """What was not audited is said, so that the audit is not taken for clean."""
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://example.com/t.json"}}
    assert len(audit(assembly(tmp_path, {"Child": stack}), today=TODAY).errors) == 1


def test_support_dates_are_judged_for_the_day(tmp_path: Path) -> None:
    """A release that is supported today is found on the day after its support ends."""
    application = {"Type": "AWS::EMRServerless::Application", "Properties": {"ReleaseLabel": "emr-7.14.0"}}
    found = assembly(tmp_path, {"A": application})
    assert not audit(found, select=["EMRG502"], today=date(2028, 9, 8)).findings
    assert audit(found, select=["EMRG502"], today=date(2028, 9, 9)).findings


WILD: dict[str, Any] = {
    "properties-are-a-function": {"A": {"Type": "AWS::EMRServerless::Application", "Properties": {"Fn::X": 1}}},
    "lists-are-text": {
        "A": {
            "Type": "AWS::EMRServerless::Application",
            "Properties": {
                "RuntimeConfiguration": "x", "NetworkConfiguration": {"SubnetIds": "x", "SecurityGroupIds": 3},
                "InitialCapacity": "x", "MaximumCapacity": [], "MonitoringConfiguration": [], "Type": 3,
                "ReleaseLabel": [], "SchedulerConfiguration": "x", "AutoStopConfiguration": [], "Architecture": {},
                "InteractiveConfiguration": "x",
            },
        },
        "R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": [], "Policies": "x"}},
        "P": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": 3, "Roles": "x", "Users": [3, None]}},
        "B": {
            "Type": "AWS::S3::Bucket", "Metadata": {"emrguard": {"tenant": "a"}},
            "Properties": {"BucketEncryption": "x", "PublicAccessBlockConfiguration": []},
        },
        "Q": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": "x"}},
        "K": {"Type": "AWS::KMS::Key", "Metadata": {"emrguard": {"tenant": "a"}}, "Properties": {"KeyPolicy": []}},
        "T": {"Type": "AWS::CloudTrail::Trail", "Properties": {"EventSelectors": ["x"], "AdvancedEventSelectors": 3}},
        "G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": "x"}},
    },
    "capacity-is-a-flag": {
        "A": {
            "Type": "AWS::EMRServerless::Application",
            "Properties": {"InitialCapacity": True, "AutoStopConfiguration": {"Enabled": False}},
        }
    },
    "no-properties": {kind: {"Type": kind} for kind in (
        "AWS::EMRServerless::Application", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::CloudTrail::Trail", "AWS::EC2::VPCEndpoint", "AWS::EC2::Route",
        "AWS::EC2::FlowLog", "AWS::Logs::LogGroup", "AWS::IAM::ManagedPolicy",
    )},
}  # fmt: skip


@pytest.mark.parametrize("case", WILD, ids=str)
def test_no_rule_crashes_on_templates_that_cloudformation_would_refuse(case: str, tmp_path: Path) -> None:
    """A malformed resource gives findings, never a crash."""
    report = audit(assembly(tmp_path, WILD[case]), today=TODAY)
    assert report.findings
    assert report.worst() != "fatal", [finding.message for finding in report.findings if finding.severity == "fatal"]


def test_ids_and_names_are_unique() -> None:
    """An id or a name stands for one rule only."""
    rules = all_rules()
    assert len({rule.id for rule in rules}) == len({rule.name for rule in rules}) == len(rules)
