"""Judges calls: every permission that AWS would ask for, decided by the engine with the policies of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from emrguard_local.authorizer import context as global_context
from emrguard_local.authorizer.asked import Asked
from emrguard_local.authorizer.keys import KeyRef
from emrguard_local.authorizer.needed import CannotTellError, Needed
from emrguard_local.authorizer.permissions import TABLES
from emrguard_local.authorizer.policies import PolicyStore, UnreadablePolicyError
from emrguard_local.authorizer.state import DescribesResources, State
from emrguard_local.authorizer.verdict import Check, Refused, Verdict
from emrguard_local.authorizer.ways import Ways
from emrguard_local.call import Call, Identity
from emrguard_policies.iam.decide import (
    Decision,
    Policies,
    Principal,
    Request,
    ResourcePolicy,
    decide,
    denial_message,
)

_ANONYMOUS = Principal("anonymous", "", "")


class Authorizer:
    """The judge of one account's calls, on the state of moto's backends in this process.

    Args:
        account_id: the account of the local cloud.
        region: the Region of roles that services assume.
        partition: such as `aws`.
    """

    def __init__(self, account_id: str, region: str, partition: str = "aws") -> None:
        self._region = region
        self._state = State(account_id, partition)
        self._policies = PolicyStore(self._state)
        self._ways = Ways(self._state, self._policies)

    @property
    def sources(self) -> dict[str, DescribesResources]:
        """Services that tell about their own resources (tags, keys), by botocore's name. Add to it."""
        return self._state.sources

    def authorize(self, call: Call) -> Verdict:
        """Whether a call is allowed. What is not known is refused."""
        rule = TABLES.get(call.service, {}).get(call.operation)
        if rule is None:
            return Verdict(
                False,
                message=f"{call.service}:{call.operation} is not mapped by the local cloud's authorizer; it is refused",
                unmapped=True,
            )
        if call.identity is None and call.service != "s3":
            return Verdict(False, message=f"{call.service}:{call.operation} needs a signed request")
        try:
            needed = tuple(rule(Asked(call, self._state)))
        except CannotTellError as error:
            return Verdict(False, message=f"{call.service}:{call.operation} is refused: {error}")
        except KeyError as error:
            return Verdict(False, message=f"{call.service}:{call.operation} is refused: it has no {error.args[0]}")
        return self._judge(call, needed)

    def authorize_assume_role(self, service_principal: str, role_arn: str, context: Mapping[str, str]) -> Verdict:
        """Whether a role's trust policy lets a service assume it; `context` are the keys that the service sends."""
        call = Call(
            service="sts",
            operation="AssumeRole",
            parameters={"RoleArn": role_arn},
            region=self._region,
            account_id=self._state.account_id,
            partition=self._state.partition,
            identity=Identity(Principal("service", service_principal, ""), "", context=dict(context)),
            source_ip=service_principal,
            user_agent=service_principal,
            request_id="",
            time=datetime.now(UTC),
        )
        return self.authorize(call)

    def _judge(self, call: Call, needed: tuple[Needed, ...]) -> Verdict:
        if not needed:
            return Verdict(True)
        base = global_context.of_call(call)
        principal = call.identity.principal if call.identity is not None else _ANONYMOUS
        try:
            own = self._policies.of_identity(call.identity)
            way = self._ways.of(call)
        except UnreadablePolicyError as error:
            return _unreadable(principal, needed[0], error)
        if way.blocked:
            return Verdict(False, message=f"{call.service}:{call.operation} reaches nothing: {way.blocked}")
        if way.keys:
            # Through an endpoint a call has no public address.
            base = {**{key: value for key, value in base.items() if key != "aws:SourceIp"}, **way.keys}
            own = replace(own, endpoint=way.policy)
        checks: list[Check] = []
        refused: list[Refused] = []
        for each in needed:
            check, message = self._check(principal, each, base, own)
            checks.append(check)
            if check.decision.allowed:
                continue
            if each.item is None:
                return Verdict(False, tuple(checks), message)
            refused.append(Refused(each.item[0], each.item[1], message))
        if refused:
            return Verdict(False, tuple(checks), refused[0].message, refused=tuple(refused))
        return Verdict(True, tuple(checks))

    def _check(
        self, principal: Principal, needed: Needed, base: Mapping[str, str | list[str]], own: Policies
    ) -> tuple[Check, str]:
        account = needed.account or self._state.account_id
        if needed.via is not None and principal.kind in ("user", "role-session", "root"):
            base, own = global_context.through(base, needed.via), replace(own, endpoint=None)
        context = {**base, "aws:ResourceAccount": account, **needed.context}
        request = Request(principal, needed.action, needed.resource, context, account)
        try:
            if needed.via is not None and isinstance(needed.holder, KeyRef):
                _check_usable(needed.holder)
            resource = self._policies.of_resource(needed, anonymous=principal.kind == "anonymous")
        except UnreadablePolicyError as error:
            decision = Decision(False, True, error.by, str(error))
            return Check(needed.action, needed.resource, context, decision), _refusal(principal, needed, str(error))
        decision = decide(request, own if resource is None else _with(own, resource))
        message = "" if decision.allowed else denial_message(request, decision)
        return Check(needed.action, needed.resource, context, decision), message


def _check_usable(ref: KeyRef) -> None:
    """A service cannot use a key that is not there or not enabled, whoever asks."""
    if ref.managed_by is None and (ref.key is None or ref.key.key_state != "Enabled" or not ref.key.enabled):
        state = "not there" if ref.key is None else ref.key.key_state
        raise UnreadablePolicyError("key state", f"the key is {state}")


def _with(own: Policies, resource: ResourcePolicy) -> Policies:
    return replace(own, resource=resource)


def _unreadable(principal: Principal, needed: Needed, error: UnreadablePolicyError) -> Verdict:
    decision = Decision(False, True, error.by, str(error))
    check = Check(needed.action, needed.resource, {}, decision)
    return Verdict(False, (check,), _refusal(principal, needed, str(error)))


def _refusal(principal: Principal, needed: Needed, why: str) -> str:
    who = principal.arn or "anonymous"
    return f'User: {who} is not authorized to perform: {needed.action} on resource: "{needed.resource}": {why}'
