"""What the authorizer reads of the cloud: moto's backends of one account, and what our own services tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from moto.cloudtrail.models import CloudTrailBackend, cloudtrail_backends
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.ec2.models import EC2Backend, ec2_backends
from moto.events.models import EventsBackend, events_backends
from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.logs.models import LogsBackend, logs_backends
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.sns.models import SNSBackend, sns_backends
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

_Backend = TypeVar("_Backend")


class DescribesResources(Protocol):
    """A service of ours that tells the authorizer about its resources."""

    def describe_resource(self, arn: str) -> Mapping[str, Any] | None:
        """What the resource is like, None when it does not exist.

        `tags` are its tags. Of an EMR Serverless application also, where set, the API's `monitoringConfiguration` and
        `diskEncryptionConfiguration`.
        """
        ...


class State:
    """The backends of one account, and the services that describe their own resources, by botocore's name."""

    def __init__(self, account_id: str, partition: str) -> None:
        self.account_id = account_id
        self.partition = partition
        self.sources: dict[str, DescribesResources] = {}

    @property
    def iam(self) -> IAMBackend:
        """IAM."""
        return iam_backends[self.account_id][self.partition]

    @property
    def s3(self) -> S3Backend:
        """S3."""
        return s3_backends[self.account_id][self.partition]

    def kms(self, region: str) -> KmsBackend | None:
        """KMS of a Region, None where there is no such Region."""
        return _regional(kms_backends[self.account_id], region)

    def ec2(self, region: str) -> EC2Backend | None:
        """EC2 of a Region."""
        return _regional(ec2_backends[self.account_id], region)

    def logs(self, region: str) -> LogsBackend | None:
        """CloudWatch Logs of a Region."""
        return _regional(logs_backends[self.account_id], region)

    def cloudtrail(self, region: str) -> CloudTrailBackend | None:
        """CloudTrail of a Region."""
        return _regional(cloudtrail_backends[self.account_id], region)

    def ssm(self, region: str) -> SimpleSystemManagerBackend | None:
        """Systems Manager of a Region."""
        return _regional(ssm_backends[self.account_id], region)

    def events(self, region: str) -> EventsBackend | None:
        """EventBridge of a Region."""
        return _regional(events_backends[self.account_id], region)

    def sns(self, region: str) -> SNSBackend | None:
        """SNS of a Region."""
        return _regional(sns_backends[self.account_id], region)

    def cloudwatch(self, region: str) -> CloudWatchBackend | None:
        """CloudWatch of a Region."""
        return _regional(cloudwatch_backends[self.account_id], region)

    def bucket(self, name: str) -> FakeBucket | None:
        """The bucket of that name in this account."""
        return self.s3.buckets.get(name)

    def bucket_account(self, name: str) -> str:
        """The account that owns the bucket; this one for a bucket that does not exist."""
        _, owner = s3_backends.bucket_accounts.get(name, ("", self.account_id))
        return owner

    def role(self, arn: str) -> Role | None:
        """The role with this ARN."""
        return next((role for role in list(self.iam.roles.values()) if role.arn == arn), None)

    def role_named(self, name: str) -> Role | None:
        """The role of that name."""
        return next((role for role in list(self.iam.roles.values()) if role.name == name), None)

    def user(self, arn: str) -> User | None:
        """The user with this ARN."""
        user = self.iam.users.get(arn.rsplit("/", 1)[-1])
        return user if user is not None and user.arn == arn else None

    def describe(self, service: str, arn: str) -> Mapping[str, Any] | None:
        """What a service of ours says of a resource; None when it says nothing."""
        source = self.sources.get(service)
        return source.describe_resource(arn) if source is not None else None


def _regional(backends: Mapping[str, _Backend], region: str) -> _Backend | None:
    try:
        return backends[region]
    except KeyError:
        return None
