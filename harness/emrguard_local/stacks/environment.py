"""The cloud that is deployed to, and what templates ask of it before anything is created."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Protocol

from botocore.exceptions import ClientError

from emrguard_local.resources.exceptions import BOOTSTRAP
from emrguard_local.stacks.functions import FunctionError
from emrguard_local.stacks.naming import partition_of

_BOOTSTRAP_PARAMETER = re.compile(r"/cdk-bootstrap/[A-Za-z0-9_-]+/version")
_BOOTSTRAP_VERSION = "30"
"""Above every version that aws-cdk-lib 2 asks for (6, and 8 for lookups):
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""


class Cloud(Protocol):
    """Where to deploy: `LocalCloud`, or whatever gives clients of an administrator."""

    @property
    def region(self) -> str:
        """The region."""
        ...

    @property
    def account_id(self) -> str:
        """The account."""
        ...

    def client(self, service: str) -> Any:
        """A boto3 client."""
        ...


class Environment:
    """One account and region, with one client a service; `exceptions` collects what was conceded."""

    def __init__(self, cloud: Cloud) -> None:
        self.region = cloud.region
        self.account_id = cloud.account_id
        self.partition = partition_of(cloud.region)
        self.client = cache(cloud.client)
        self.exceptions: dict[str, None] = {}
        self.ssm_parameter = cache(self._ssm_parameter)
        self._zones = cache(self._read_zones)

    def zones(self, region: str) -> list[str]:
        """`Fn::GetAZs`: the names of the availability zones, sorted; an empty region is the stack's.

        Raises:
            FunctionError: another region than the cloud's.
        """
        if region not in ("", self.region):
            raise FunctionError(f"Fn::GetAZs of {region}: the local cloud is {self.region} only")
        return list(self._zones())

    def _read_zones(self) -> tuple[str, ...]:
        found = self.client("ec2").describe_availability_zones()["AvailabilityZones"]
        return tuple(sorted(zone["ZoneName"] for zone in found))

    def _ssm_parameter(self, name: str) -> str:
        try:
            value: str = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            if _BOOTSTRAP_PARAMETER.fullmatch(name):
                self.exceptions[f"{BOOTSTRAP.type} {BOOTSTRAP.property}: {BOOTSTRAP.reason}"] = None
                return _BOOTSTRAP_VERSION
            raise FunctionError(f"the local cloud has no SSM parameter {name}") from error
        return value
