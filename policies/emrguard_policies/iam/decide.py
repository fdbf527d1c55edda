"""The concrete decision: is one request allowed by the policies that apply to it.

AWS's evaluation logic:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from emrguard_policies.iam.model import Policy, Statement

PrincipalKind = Literal["user", "role-session", "root", "service", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request.

    `arn` of a user is `arn:aws:iam::A:user/x`, of a role session `arn:aws:sts::A:assumed-role/R/s` (with `role_arn`
    `arn:aws:iam::A:role/path/R`), of the account root `arn:aws:iam::A:root`; of a service its name, such as
    `emr-serverless.amazonaws.com`, with an empty account.
    """

    kind: PrincipalKind
    arn: str
    account: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource. `context` has the condition keys of the request; `resource_account` its owner."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    resource_account: str


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The policy on the resource (None: it has none).

    `gate` marks KMS key policies and role trust policies: they decide alone, and identity policies count only where the
    policy gives the right to the account root.
    """

    policy: Policy | None
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that applies to a request. `session` is None outside a session that has session policies."""

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    session: Sequence[Policy] | None = None
    resource: ResourcePolicy | None = None
    scps: Sequence[Sequence[Policy]] = ()
    rcps: Sequence[Sequence[Policy]] = ()
    endpoint: Policy | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`explicit` is true when a Deny statement decided; `by` names the kind of policy; `statements` decided it."""

    allowed: bool
    explicit: bool
    by: str
    why: str
    statements: tuple[Statement, ...] = field(default=())
