"""The record of every call: management events, and each access to an object of the tenants."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from emrguard import _actions, _arguments, _key_policy, _retention, _trail_alerts, _wildcards
from emrguard._kept import as_json, place_of
from emrguard._manifest import Owner
from emrguard._reasons import Reasons
from emrguard._sealed_bucket import SealedBucket
from emrguard.alerts import PLATFORM_TAG, Alerts
from emrguard.auditor_role import AuditorRole
from emrguard.data_bucket import TenantBucket
from emrguard.exceptions import ArgumentError
from emrguard.object_lock import ObjectLock

_SERVICE = "cloudtrail.amazonaws.com"
_LOCKED_DAYS = 365
_MOST_BUCKETS = 490
"""A trail has room for 500 values in all its selectors:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html"""
_MOST_DENIED = 100
"""Whoever tries doors needs no more calls than these; EMRG455 reports an alarm that comes later."""
_SHARED = "one trail records all tenants; no tenant's role can read, change or stop it"


class AuditTrail(Construct):
    """A multi-Region CloudTrail trail with log file validation, a key and a sealed bucket of its own.

    It records all management events (every EMR Serverless, IAM and KMS call is one) and the object-level events of the
    tenants' buckets, refused calls included, in the bucket and in a CloudWatch log group. Only CloudTrail writes to the
    bucket, only for this trail; only the auditor role, assumed with MFA, reads it; nobody may delete from it. Who may
    change the bucket policy or stop the trail can undo that; the trail records it, and an alert tells of it. What is
    written stays for a year whatever anybody asks for (S3 Object Lock).
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html

    `alerts` hears of

    - each change of an application: created, updated, started, stopped, deleted, tagged (EventBridge);
    - each refused call to EMR Serverless, S3, KMS or STS that the trail records, reads of objects included: as a metric
      filter on the trail's log group, because EventBridge is not told of refused reads of data (CloudWatch alarm);
    - each attempt to stop, change or delete the trail, what it writes to, its key, or these alerts (EventBridge).

    An organization that has a trail already: `OrganizationTrail`.

    An account has room for five trails in a Region; the first copy of management events is free, data events cost per
    event.

    Args:
        buckets: the tenants' buckets whose object-level events are recorded; at least one.
        auditors: who may assume the auditor role, with MFA; default every principal of the account that is allowed to.
        expire_after: how long the bucket keeps the records, default 7 years (2557 days).
        retention: how long CloudWatch keeps them, default one year.
        retention_because: needed where either keeps them for less than 90 days, or CloudWatch for ever: why that is
            right.
        alerts: where alerts go, default an `Alerts` of its own, to which somebody should subscribe.
        denied_calls: how many refused calls within five minutes alert, 1 to 100, default 1.
        object_lock: how long nobody can delete a record, default 365 days in governance mode; at least 90 days.
        no_object_lock_because: leaves Object Lock off, for this reason; default None: on.

    ```python
    import aws_cdk as cdk

    from emrguard import Alerts, AuditTrail, Tenant

    stack = cdk.Stack(cdk.App(), "Platform")
    team = Tenant(stack, "Flights", name="flights")
    AuditTrail(
        stack,
        "AuditTrail",
        buckets=[team.data, team.logs.bucket],
        alerts=Alerts(stack, "Alerts", emails=["security@example.com"]),
    )
    ```
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        buckets: Sequence[TenantBucket],
        auditors: iam.PrincipalBase | None = None,
        expire_after: cdk.Duration | None = None,
        retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        retention_because: str | None = None,
        alerts: Alerts | None = None,
        denied_calls: int = 1,
        object_lock: ObjectLock | None = None,
        no_object_lock_because: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        if not buckets:
            raise ArgumentError(
                self.node.path,
                "buckets",
                [],
                "pass the tenants' buckets: without data events no access to data is recorded",
            )
        if len(buckets) > _MOST_BUCKETS:
            mend = f"a trail takes {_MOST_BUCKETS} at most: make a second AuditTrail with the same alerts for the rest"
            raise ArgumentError(self.node.path, "buckets", f"{len(buckets)} buckets", mend)
        self._stack = cdk.Stack.of(self)
        self._owner = Owner(shared=_SHARED)
        cdk.Tags.of(self).add(PLATFORM_TAG, "audit-trail")
        reasons = Reasons(self)
        unlocked = reasons.take("no_object_lock_because", no_object_lock_because, "EMRG452")
        if unlocked and object_lock is not None:
            raise ArgumentError(
                self.node.path, "no_object_lock_because", no_object_lock_because, "leave it out or object_lock"
            )
        lock = None if unlocked else object_lock or ObjectLock(days=_LOCKED_DAYS)
        if lock is not None and lock.days < _retention.LEAST_DAYS:
            mend = f"lock for at least {_retention.LEAST_DAYS} days: most incidents are found weeks later"
            raise ArgumentError(self.node.path, "object_lock.days", lock.days, mend)
        kept = expire_after or cdk.Duration.days(2557)
        _retention.check(self, reasons, retention, kept, retention_because)
        threshold = int(_arguments.whole_number(self, "denied_calls", denied_calls, 1, _MOST_DENIED, "calls"))
        name = cdk.Names.unique_resource_name(self, max_length=64, separator="-")
        self.trail_arn = self._stack.format_arn(service="cloudtrail", resource="trail", resource_name=name)
        """ARN of the trail."""
        log_group_name = f"/aws/cloudtrail/{name}"

        self.auditor_role = AuditorRole(self, "AuditorRole", shared=_SHARED, assumed_by=auditors)
        """The role that reads the trail's bucket."""
        self._key = self._make_key(log_group_name)
        self._bucket = self._make_bucket(kept, lock)
        log_group, log_role, delivery = self._make_log_group(log_group_name, retention)
        trail = cloudtrail.CfnTrail(
            self,
            "Resource",
            trail_name=name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            s3_bucket_name=self._bucket.bucket.bucket_name,
            kms_key_id=self._key.key_arn,
            cloud_watch_logs_log_group_arn=log_group.log_group_arn,
            cloud_watch_logs_role_arn=log_role.role_arn,
            advanced_event_selectors=[
                _selector("Management events", _field(field="eventCategory", equal_to=["Management"])),
                _objects("Objects of the tenants", [bucket.bucket_arn for bucket in buckets]),
                # But not CloudTrail's own writes, which would feed themselves.
                _objects("Records of the trail", [self._bucket.bucket.bucket_arn], but="PutObject"),
            ],
        )
        assert self._bucket.bucket.policy is not None
        trail.node.add_dependency(self._bucket.bucket.policy)
        delivery.apply_before(trail)
        self._owner.mark(trail, "trail", reasons.given)
        self.alerts = alerts if alerts is not None else Alerts(self, "Alerts")
        """Where alerts go."""
        rules = [
            _trail_alerts.application_changes(self, self.alerts),
            _trail_alerts.trail_changes(self, self.alerts, [name, self.trail_arn]),
            _trail_alerts.record_changes(
                self, self.alerts, bucket=self._bucket.bucket, key=self._key, log_group_name=log_group_name
            ),
        ]
        denied = _trail_alerts.denied_calls(self, self.alerts, self._owner, log_group, threshold)
        _trail_alerts.alert_changes(self, self.alerts, rules, [denied])

    @property
    def bucket_name(self) -> str:
        """Name of the bucket that holds the records."""
        return self._bucket.bucket.bucket_name

    def add_outputs(self) -> None:
        """Give the stack the outputs `TrailArn`, `TrailBucketName`, `AuditorRoleArn` and `AlertsTopicArn`."""
        for output, value in {
            "TrailArn": self.trail_arn,
            "TrailBucketName": self.bucket_name,
            "AuditorRoleArn": self.auditor_role.role_arn,
            "AlertsTopicArn": self.alerts.topic_arn,
        }.items():
            cdk.CfnOutput(self._stack, output, value=value)

    def _of_this_trail(self, **equals: str) -> dict[str, dict[str, str]]:
        return {"StringEquals": {"aws:SourceArn": self.trail_arn, **equals}}

    def _make_key(self, log_group_name: str) -> kms.Key:
        """A key for this trail only, by `aws:SourceArn`.

        No condition on the encryption context: digest files get the default encryption of the bucket, whose context
        is S3's own.
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
        """
        stack = self._stack
        log_group = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        key = _key_policy.new_key(
            self,
            "Key",
            "The audit trail",
            _key_policy.new_policy(
                place_of(self),
                as_json(
                    [*_actions.TRAIL_KEY_USE, *_actions.DESCRIBE_KEY],
                    ["*"],
                    principal={"Service": _SERVICE},
                    conditions=self._of_this_trail(),
                    sid="Trail",
                ),
                _key_policy.log_groups(stack.region, [log_group]),
            ),
        )
        _key_policy.grant_through(key, self.auditor_role, _actions.DECRYPT, stack.region, ("s3",))
        self._owner.mark(key, "trail-key")
        return key

    def _make_bucket(self, expire_after: cdk.Duration, lock: ObjectLock | None) -> SealedBucket:
        """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html"""
        sealed = SealedBucket(
            self,
            "Bucket",
            owner=self._owner,
            part="trail-bucket",
            key=self._key,
            lifecycle=[s3.LifecycleRule(expiration=expire_after, noncurrent_version_expiration=cdk.Duration.days(365))],
            written_by=_SERVICE,
            object_lock=lock,
            access_log_reason="The trail records each access to its own bucket but CloudTrail's writes, refused ones "
            "included; S3 server access logs are best effort and would be a second copy",
        )
        bucket, service = sealed.bucket, iam.ServicePrincipal(_SERVICE)
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailChecksAcl",
                principals=[service],
                actions=list(_actions.CHECK_BUCKET_ACL),
                resources=[bucket.bucket_arn],
                conditions=self._of_this_trail(),
            )
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailWrites",
                principals=[service],
                actions=list(_actions.WRITE_OBJECT),
                resources=[bucket.arn_for_objects(f"AWSLogs/{self._stack.account}/*")],
                conditions=self._of_this_trail(**{"s3:x-amz-acl": "bucket-owner-full-control"}),
            )
        )
        auditor = self.auditor_role
        sealed.admit(auditor)
        _wildcards.grant(
            auditor,
            _actions.READ_OBJECTS,
            bucket.arn_for_objects("AWSLogs/*"),
            "An auditor reads every record of the trail, and this bucket holds nothing else",
        )
        iam.Grant.add_to_principal(
            grantee=auditor, actions=list(_actions.LIST_OBJECTS), resource_arns=[bucket.bucket_arn]
        )
        return sealed

    def _make_log_group(self, name: str, retention: logs.RetentionDays) -> tuple[logs.LogGroup, iam.Role, iam.Grant]:
        """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html"""
        group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=name,
            encryption_key=self._key,
            retention=retention,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self._owner.mark(group, "trail-log-group")
        role = iam.Role(
            self,
            "LogRole",
            description="Delivers the audit trail to CloudWatch Logs",
            assumed_by=iam.ServicePrincipal(_SERVICE, conditions=self._of_this_trail()),
        )
        self._owner.mark_role(role, "trail-role")
        delivery = iam.Grant.add_to_principal(
            grantee=role, actions=list(_actions.DELIVER_TRAIL_EVENTS), resource_arns=[group.log_group_arn]
        )
        return group, role, delivery


_field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


def _selector(
    name: str, *fields: cloudtrail.CfnTrail.AdvancedFieldSelectorProperty
) -> cloudtrail.CfnTrail.AdvancedEventSelectorProperty:
    return cloudtrail.CfnTrail.AdvancedEventSelectorProperty(name=name, field_selectors=list(fields))


def _objects(
    name: str, bucket_arns: Sequence[str], *, but: str | None = None
) -> cloudtrail.CfnTrail.AdvancedEventSelectorProperty:
    """All object-level events of the buckets, or all but those of one name."""
    fields = [
        _field(field="eventCategory", equal_to=["Data"]),
        _field(field="resources.type", equal_to=["AWS::S3::Object"]),
        _field(field="resources.ARN", starts_with=[f"{arn}/" for arn in bucket_arns]),
    ]
    if but is not None:
        fields.append(_field(field="eventName", not_equals=[but]))
    return _selector(name, *fields)
