"""A call together with what is known of the cloud, as the permission tables read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emrguard_local.authorizer.state import State
from emrguard_local.call import Call


class Asked:
    """One call and the state of the cloud."""

    __slots__ = ("account", "call", "parameters", "partition", "region", "state")

    def __init__(self, call: Call, state: State) -> None:
        self.call = call
        self.parameters: Mapping[str, Any] = call.parameters
        self.state = state
        self.account = state.account_id
        self.partition = state.partition
        self.region = call.region

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of the call's Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def iam_arn(self, resource: str) -> str:
        """The ARN of a resource of IAM, which has no Region."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"
