"""The concrete decision: is one request allowed by the policies that apply to it.

AWS's evaluation logic:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from emrguard_policies.iam import conditions, matching
from emrguard_policies.iam.conditions import Context
from emrguard_policies.iam.model import Effect, Policy, PrincipalPattern, Statement

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


def decide(request: Request, policies: Policies) -> Decision:
    """Decide one request as AWS does: an explicit Deny anywhere wins, then every kind of policy must allow.

    What cannot be judged (a number that is none, a principal of unknown form) counts against the request: in an Allow
    it does not apply, in a Deny it does.
    """
    asked = _Asked.of(request)
    for by, policy in _all(policies):
        denying = asked.applying(policy, "Deny")
        if denying:
            return Decision(False, True, by, f"an explicit deny in {_a(by)}: {denying[0].label}", tuple(denying[:1]))
    if request.principal.kind != "service":
        for by, levels in (("resource control policy", policies.rcps), ("service control policy", policies.scps)):
            for level in levels:
                if not any(asked.applying(policy, "Allow") for policy in level):
                    return _implicit(by, request)
    if policies.endpoint and not asked.applying(policies.endpoint, "Allow"):
        return _implicit("VPC endpoint policy", request)
    return _granted(asked, policies)


def unbarred(policy: Policy, request: Request, asked: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of some pairs of action and resource those that no Deny of a policy meets, in requests like `request` otherwise.

    Asking for many pairs at once is quicker than `decide`: principal and condition keys are judged once.
    """
    like = _Asked.of(request)
    denying = like.meant(policy, "Deny")
    return [pair for pair in asked if not like.met(denying, *pair, cautious=True)]


def let_through(policy: Policy, request: Request, asked: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of some pairs of action and resource those that a policy alone allows, in requests like `request` otherwise.

    An endpoint policy so decides on a request that all other policies allow.
    """
    like = _Asked.of(request)
    allowing, left = like.meant(policy, "Allow"), unbarred(policy, request, asked)
    return [pair for pair in left if like.met(allowing, *pair, cautious=False)]


def denial_message(request: Request, decision: Decision) -> str:
    """The sentence in which AWS refuses the request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    who = request.principal.arn or "anonymous"
    because = (
        f"with an explicit deny in {_a(decision.by)}"
        if decision.explicit
        else f"because no {decision.by} allows the {request.action} action"
    )
    return f'User: {who} is not authorized to perform: {request.action} on resource: "{request.resource}" {because}'


def _granted(asked: _Asked, policies: Policies) -> Decision:
    """The Allow side, after every Deny has been found not to apply."""
    request, principal = asked.request, asked.request.principal
    same_account = principal.account == request.resource_account
    gate = policies.resource is not None and policies.resource.gate
    resource = policies.resource.policy if policies.resource else None
    grants = asked.grants(resource)
    direct = grants.to_session or grants.to_principal
    if principal.kind in ("service", "anonymous"):
        return _allow(_RESOURCE, direct) if direct else _implicit(_RESOURCE, request)

    own = [found for policy in policies.identity for found in asked.applying(policy, "Allow")]
    if principal.kind == "root" and same_account:
        # The root user needs no identity policy of its own account.
        if direct or grants.to_account or not gate:
            return Decision(True, False, "account root", "the account's root user", tuple(direct or grants.to_account))
        return _implicit(_RESOURCE, request)

    if same_account and not gate:
        if not own and not direct:
            return _implicit(_IDENTITY, request)
    elif same_account:
        if not direct and not grants.to_account:
            return _implicit(_RESOURCE, request)
        if not direct and not own:
            return _implicit(_IDENTITY, request)
    else:
        if not own:
            return _implicit(_IDENTITY, request)
        if not direct and not grants.to_account:
            return _implicit(_RESOURCE, request)

    # A grant to the session itself, or to a user of the same account, is not limited by what follows.
    unlimited = same_account and bool(grants.to_session or (principal.kind == "user" and grants.named))
    if not unlimited:
        if policies.boundary and not asked.applying(policies.boundary, "Allow"):
            return _implicit("permissions boundary", request)
        if policies.session is not None and not any(asked.applying(each, "Allow") for each in policies.session):
            return _implicit("session policy", request)
    if own:
        return _allow(_IDENTITY, own)
    return _allow(_RESOURCE, direct)


_IDENTITY = "identity-based policy"
_RESOURCE = "resource-based policy"


def _all(policies: Policies) -> Iterator[tuple[str, Policy]]:
    yield from ((_IDENTITY, policy) for policy in policies.identity)
    if policies.resource and policies.resource.policy:
        yield _RESOURCE, policies.resource.policy
    if policies.boundary:
        yield "permissions boundary", policies.boundary
    yield from (("session policy", policy) for policy in policies.session or ())
    if policies.endpoint:
        yield "VPC endpoint policy", policies.endpoint
    yield from (("service control policy", policy) for level in policies.scps for policy in level)
    yield from (("resource control policy", policy) for level in policies.rcps for policy in level)


def _allow(by: str, statements: Sequence[Statement]) -> Decision:
    return Decision(True, False, by, f"allowed by {_a(by)}: {statements[0].label}", tuple(statements))


def _implicit(by: str, request: Request) -> Decision:
    return Decision(False, False, by, f"no {by} allows the {request.action} action")


def _a(by: str) -> str:
    return f"an {by}" if by[0] in "aeiou" else f"a {by}"


@dataclass(frozen=True, slots=True)
class _Grants:
    """Allow statements of a resource policy by how they name the principal."""

    to_session: list[Statement]
    named: list[Statement]
    to_principal: list[Statement]
    to_account: list[Statement]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request with its condition keys in lower case, ready to be held against many statements."""

    request: Request
    action: str
    context: Context

    @classmethod
    def of(cls, request: Request) -> _Asked:
        context: dict[str, Sequence[str]] = {}
        for key, value in (_principal_keys(request) | dict(request.context)).items():
            context[key.lower()] = (value,) if isinstance(value, str) else value
        return cls(request, request.action.lower(), context)

    def applying(self, policy: Policy, effect: Effect) -> list[Statement]:
        """The statements of this effect that apply to the request, principal included where the policy has some."""
        cautious = effect == "Deny"
        return [
            each.statement
            for each in _compiled(policy)
            if each.statement.effect == effect
            and each.covers(self.action, self.request.resource, self.context, cautious)
            and self._meant(policy, each, cautious)
        ]

    def meant(self, policy: Policy, effect: Effect) -> list[_CompiledStatement]:
        """The statements of this effect that apply to such requests, as far as they name action and resource."""
        cautious = effect == "Deny"
        return [
            each
            for each in _compiled(policy)
            if each.statement.effect == effect and self._meant(policy, each, cautious)
        ]

    def met(self, statements: Iterable[_CompiledStatement], action: str, resource: str, *, cautious: bool) -> bool:
        """Whether one of some statements is about an action and a resource."""
        return any(each.covers(action.lower(), resource, self.context, cautious) for each in statements)

    def _meant(self, policy: Policy, each: _CompiledStatement, cautious: bool) -> bool:
        named = policy.kind == "identity" or self._names(each.statement, cautious) is not None
        return named and each.conditions_hold(self.context, cautious)

    def grants(self, policy: Policy | None) -> _Grants:
        grants = _Grants([], [], [], [])
        for statement in self.applying(policy, "Allow") if policy else []:
            how = self._names(statement, cautious=False)
            if how == "session":
                grants.to_session.append(statement)
            elif how == "account":
                grants.to_account.append(statement)
            else:
                grants.to_principal.append(statement)
                if how == "principal":
                    grants.named.append(statement)
        return grants

    def _names(self, statement: Statement, cautious: bool) -> _How | None:
        """How the statement names the request's principal, the strongest way; None when it does not."""
        if statement.not_principals is not None:
            return self._not_named(statement.not_principals, cautious)
        found: set[_How] = set()
        for pattern in statement.principals or ():
            how = self._matches(pattern, cautious)
            if how:
                found.add(how)
        order: tuple[_How, ...] = ("session", "principal", "everyone", "account")
        return next((how for how in order if how in found), None)

    def _not_named(self, patterns: Sequence[PrincipalPattern], cautious: bool) -> _How | None:
        named = {how for pattern in patterns if (how := self._matches(pattern, cautious=False))}
        if "everyone" in named:
            return None
        if not cautious:
            return None if named else "everyone"
        # AWS excepts a principal from a Deny only when its account, too, is listed, and a session only with its role.
        needed = _EXCEPTED_WHEN_NAMED.get(self.request.principal.kind, {"principal"})
        return None if needed <= named else "everyone"

    def _matches(self, pattern: PrincipalPattern, cautious: bool) -> _How | None:
        principal, value = self.request.principal, pattern.value
        if pattern.kind == "AWS":
            if value == "*":
                return "everyone"
            if principal.kind in ("service", "anonymous"):
                return None
            if value == principal.account or value == _account_root(principal):
                return "principal" if principal.kind == "root" else "account"
            if principal.kind == "role-session" and value == principal.arn:
                return "session"
            if value == (principal.role_arn or principal.arn):
                return "principal"
            # IAM refuses other wildcards here; in a Deny such a statement might be meant for anyone.
            return "everyone" if cautious and any(char in value for char in "*?") else None
        if pattern.kind == "Service":
            return "principal" if principal.kind == "service" and value in ("*", principal.arn) else None
        # Federated and canonical users are not the kinds of principals that requests here have.
        return "everyone" if cautious and value == "*" else None


_How = Literal["session", "principal", "everyone", "account"]
_EXCEPTED_WHEN_NAMED: Mapping[PrincipalKind, set[_How]] = {
    "user": {"principal", "account"},
    "role-session": {"session", "principal", "account"},
}


def _account_root(principal: Principal) -> str:
    partition = principal.arn.split(":", 2)[1] if principal.arn.startswith("arn:") else "aws"
    return f"arn:{partition}:iam::{principal.account}:root"


def _principal_keys(request: Request) -> dict[str, str | list[str]]:
    principal = request.principal
    if principal.kind == "service":
        return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal.arn}
    if principal.kind == "anonymous":
        return {"aws:PrincipalIsAWSService": "false", "aws:PrincipalType": "Anonymous"}
    kinds = {"user": "User", "role-session": "AssumedRole", "root": "Account"}
    return {
        "aws:PrincipalArn": principal.role_arn or principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalType": kinds[principal.kind],
        "aws:PrincipalIsAWSService": "false",
        "aws:ResourceAccount": request.resource_account,
    }


@dataclass(frozen=True, slots=True)
class _CompiledStatement:
    """A statement with its patterns compiled; `None` stands for an element that the statement does not have."""

    statement: Statement
    variables: bool
    actions: tuple[matching.Matcher, ...] | None
    not_actions: tuple[matching.Matcher, ...]

    def covers(self, action: str, resource: str, context: Context, cautious: bool) -> bool:
        """Whether an action (in lower case) and a resource are among those of the statement."""
        if self.actions is not None:
            if not any(match(action) for match in self.actions):
                return False
        elif any(match(action) for match in self.not_actions):
            return False
        statement = self.statement
        if statement.resources is not None:
            return any(self._resource(pattern, resource, context) for pattern in statement.resources)
        if statement.not_resources is not None:
            outcomes = [self._resource(pattern, resource, context) for pattern in statement.not_resources]
            # A variable without a value excepts nothing; an Allow must not grow by that.
            return not any(outcomes) and (cautious or None not in outcomes)
        return True

    def _resource(self, pattern: str, resource: str, context: Context) -> bool | None:
        if self.variables and matching.has_variables(pattern):
            expanded = matching.expand(pattern, context)
            return None if expanded is None else matching.arn(expanded)(resource)
        return matching.arn(pattern)(resource)

    def conditions_hold(self, context: Context, cautious: bool) -> bool:
        """Whether the conditions hold; one that cannot be judged holds when `cautious`."""
        for condition in self.statement.conditions:
            outcome = conditions.holds(condition, context, variables=self.variables)
            if outcome is None:
                outcome = cautious
            if not outcome:
                return False
        return True


def _compiled(policy: Policy) -> tuple[_CompiledStatement, ...]:
    # Kept on the policy object itself: it lives as long as the policy and is never shared with another one.
    found: tuple[_CompiledStatement, ...] | None = policy.__dict__.get("_compiled")
    if found is None:
        found = tuple(
            _CompiledStatement(
                each,
                policy.variables,
                None if each.actions is None else tuple(map(matching.action, each.actions)),
                tuple(map(matching.action, each.not_actions or ())),
            )
            for each in policy.statements
        )
        policy.__dict__["_compiled"] = found
    return found
