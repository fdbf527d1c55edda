"""The trail records what matters and cannot be read, changed or stopped by a tenant."""

from __future__ import annotations

import pytest
from construct_support import ACCOUNT, REGION, Synthesized, administrator, synthesize

from emrguard import ArgumentError, AuditTrail
from emrguard_policies.iam.decide import Principal

_SERVICE = Principal("service", "cloudtrail.amazonaws.com", "")


def _key(trail: Synthesized) -> str:
    return trail.arn("AWS::KMS::Key", "trail-key")


def _of_trail(trail: Synthesized, **more: str) -> dict[str, str]:
    (output,) = [trail.resolve(each["Value"]) for name, each in trail.template["Outputs"].items() if name == "TrailArn"]
    return {"aws:SourceArn": output, "aws:PrincipalServiceName": "cloudtrail.amazonaws.com", **more}


def test_the_trail_is_complete_and_validated(trail: Synthesized) -> None:
    """All Regions, global services, digest files, own key, and a copy in CloudWatch."""
    found = trail.one("AWS::CloudTrail::Trail")
    for name in ("IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation"):
        assert found[name] is True, name
    assert found["KMSKeyId"] == _key(trail)
    assert found["S3BucketName"] == trail.bucket("trail-bucket")
    assert found["CloudWatchLogsLogGroupArn"] == trail.arn("AWS::Logs::LogGroup", "trail-log-group")


def test_each_access_to_an_object_is_recorded(trail: Synthesized) -> None:
    """Management events, data events of both buckets of the tenant, and reads of the trail itself."""
    management, tenants, own = [
        {field["Field"]: field for field in selector["FieldSelectors"]}
        for selector in trail.one("AWS::CloudTrail::Trail")["AdvancedEventSelectors"]
    ]
    assert management["eventCategory"]["Equals"] == ["Management"]
    assert tenants["eventCategory"]["Equals"] == ["Data"]
    assert tenants["resources.type"]["Equals"] == ["AWS::S3::Object"]
    assert tenants["resources.ARN"]["StartsWith"] == [
        f"arn:aws:s3:::{trail.bucket(part)}/" for part in ("data-bucket", "log-bucket")
    ]
    assert set(tenants) == {"eventCategory", "resources.type", "resources.ARN"}, "reads and writes, with no exception"
    assert own["resources.ARN"]["StartsWith"] == [f"arn:aws:s3:::{trail.bucket('trail-bucket')}/"]
    assert own["eventName"]["NotEquals"] == ["PutObject"]


def test_only_this_trail_writes_its_bucket(trail: Synthesized) -> None:
    """CloudTrail for another trail, or anyone else, cannot forge a record."""
    name = f"arn:aws:s3:::{trail.bucket('trail-bucket')}/AWSLogs/{ACCOUNT}/CloudTrail/x.json.gz"
    acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
    assert trail.ask((_SERVICE, []), "s3:PutObject", name, _of_trail(trail, **acl)).allowed
    other = {"aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:999999999999:trail/other"}
    assert not trail.ask((_SERVICE, []), "s3:PutObject", name, _of_trail(trail, **acl) | other).allowed
    assert trail.ask(administrator(), "s3:PutObject", name).explicit


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"])
def test_nobody_deletes_a_record(trail: Synthesized, action: str) -> None:
    """Not an administrator, not the auditor, not CloudTrail."""
    name = f"arn:aws:s3:::{trail.bucket('trail-bucket')}/AWSLogs/{ACCOUNT}/CloudTrail/x.json.gz"
    assert trail.ask(administrator(), action, name).explicit
    assert not trail.ask(trail.session("auditor-role"), action, name).allowed
    assert not trail.ask((_SERVICE, []), action, name, _of_trail(trail)).allowed


def test_only_the_auditor_reads(trail: Synthesized) -> None:
    """The auditor lists, reads and decrypts through S3; tenants and administrators do not."""
    bucket = f"arn:aws:s3:::{trail.bucket('trail-bucket')}"
    name, via = f"{bucket}/AWSLogs/{ACCOUNT}/CloudTrail/x.json.gz", {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    auditor = trail.session("auditor-role")
    assert trail.ask(auditor, "s3:ListBucket", bucket).allowed
    assert trail.ask(auditor, "s3:GetObject", name).allowed
    assert trail.ask(auditor, "kms:Decrypt", _key(trail), via).allowed
    assert not trail.ask(auditor, "kms:Decrypt", _key(trail)).allowed
    assert not trail.ask(auditor, "s3:GetObject", f"arn:aws:s3:::{trail.bucket('data-bucket')}/input/a").allowed
    for who in (administrator(), trail.session("execution-role"), trail.session("submitter-role")):
        assert not trail.ask(who, "s3:GetObject", name).allowed
        assert not trail.ask(who, "kms:Decrypt", _key(trail), via).allowed


def test_auditors_come_with_mfa(trail: Synthesized) -> None:
    """As submitters do."""
    user = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ann", ACCOUNT)
    assert trail.may_assume("auditor-role", user, {"aws:MultiFactorAuthPresent": "true"})
    assert not trail.may_assume("auditor-role", user, {})


def test_what_is_shared_says_why(trail: Synthesized) -> None:
    """The manifest gives the reason for all that belongs to no tenant."""
    shared = [trail.mark(name) for name in trail.resources if "tenant" not in trail.mark(name)]
    assert {mark["part"] for mark in shared} == {
        "trail",
        "trail-bucket",
        "trail-key",
        "trail-log-group",
        "trail-role",
        "auditor-role",
        "alerts",
        "alerts-key",
    }
    assert all(mark["shared"] for mark in shared)


def test_a_trail_over_nothing_fails_early() -> None:
    """Without the tenants' buckets no access to data would be recorded."""
    with pytest.raises(ArgumentError, match=r"buckets is \[\]; pass the tenants' buckets"):
        synthesize(lambda stack: AuditTrail(stack, "AuditTrail", buckets=[]))
