"""One AWS API call as the local cloud sees it, between the wire and the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emrguard_policies.iam.decide import Principal
from emrguard_policies.iam.model import Policy


@dataclass(frozen=True)
class Identity:
    """Who signed a call.

    `context` are the global condition keys that come with the identity, such as `aws:MultiFactorAuthPresent`,
    `aws:SourceIdentity`, `aws:PrincipalTag/team`; values are strings, lists for multi-valued keys.
    """

    principal: Principal
    access_key_id: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    session_policies: tuple[Policy, ...] = ()
    session_issued_at: datetime | None = None
    mfa: bool = False
    source_identity: str | None = None
    user_id: str = ""
    """The value of `aws:userid`: a user's unique id, `<role id>:<session name>` of a role session."""
    session_tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: frozenset[str] = frozenset()
    """The keys of those `session_tags` that go with the session into the next role."""
    subnet: str = ""
    """The id of the subnet where the caller runs: a worker of an application with a network."""


@dataclass(frozen=True)
class Call:
    """A parsed and signature-checked request.

    `service` and `operation` are botocore's names (`s3`, `GetObject`); `parameters` follow the input shape of the
    operation, without streaming bodies. `identity` is None for an anonymous call.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    account_id: str
    partition: str
    identity: Identity | None
    source_ip: str
    user_agent: str
    request_id: str
    time: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case header names."""
    invoked_by: str | None = None
    """The AWS service that makes the call on the identity's behalf, such as `s3.amazonaws.com` for its use of KMS."""
