"""The concrete decision, held against AWS's documented evaluation logic."""

from __future__ import annotations

from typing import Any

import pytest

from emrguard_policies.iam.decide import (
    Decision,
    Policies,
    Principal,
    Request,
    ResourcePolicy,
    decide,
    denial_message,
    let_through,
    unbarred,
)
from emrguard_policies.iam.model import Policy, parse

ACCOUNT = "111122223333"
OTHER = "444455556666"
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ana", ACCOUNT)
SESSION = Principal(
    "role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/job/run-1", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/team/job"
)
ROOT = Principal("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
SERVICE = Principal("service", "emr-serverless.amazonaws.com", "")
ANONYMOUS = Principal("anonymous", "", "")
OBJECT = "arn:aws:s3:::data/input/x"


def identity(*statements: dict[str, Any]) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, "identity policy")


def resource(*statements: dict[str, Any], gate: bool = False) -> ResourcePolicy:
    return ResourcePolicy(
        parse({"Version": "2012-10-17", "Statement": list(statements)}, "resource policy", "resource"), gate
    )


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"} | more


def deny(**more: Any) -> dict[str, Any]:
    return allow(Effect="Deny", **more)


def ask(principal: Principal = SESSION, account: str = ACCOUNT, context: Any = None, **policies: Any) -> Decision:
    return decide(Request(principal, "s3:GetObject", OBJECT, context or {}, account), Policies(**policies))


def test_nothing_is_allowed_without_a_policy() -> None:
    """The default is deny, and the message says which kind of policy is missing."""
    request = Request(SESSION, "s3:GetObject", OBJECT, {}, ACCOUNT)
    decision = decide(request, Policies())
    assert not decision.allowed
    assert denial_message(request, decision) == (
        f"User: {SESSION.arn} is not authorized to perform: s3:GetObject on resource: "
        f'"{OBJECT}" because no identity-based policy allows the s3:GetObject action'
    )


def test_an_identity_policy_allows_in_its_own_account() -> None:
    """The deciding statement is named."""
    decision = ask(identity=[identity(allow(Sid="Read"))])
    assert decision.allowed
    assert decision.statements[0].label == "identity policy, statement Read"


def test_an_explicit_deny_wins_over_every_allow() -> None:
    """Wherever the Deny stands."""
    granted: dict[str, Any] = {"identity": [identity(allow())], "resource": resource(allow(Principal="*"))}
    assert ask(**granted).allowed
    places: list[dict[str, Any]] = [
        {"identity": [identity(allow()), identity(deny())]},
        {"resource": resource(deny(Principal="*"))},
        {"boundary": identity(allow(), deny())},
        {"session": [identity(allow(), deny())]},
        {"scps": [[identity(allow(), deny())]]},
        {"rcps": [[parse({"Statement": [allow(Principal="*"), deny(Principal="*")]}, "rcp", "resource")]]},
        {"endpoint": parse({"Statement": [allow(Principal="*"), deny(Principal="*")]}, "endpoint", "resource")},
    ]
    for denied in places:
        decision = ask(**(granted | denied))
        assert not decision.allowed, denied
        assert decision.explicit, denied


@pytest.mark.parametrize(
    ("named", "allowed"),
    [
        ("*", True),
        ({"AWS": SESSION.role_arn}, True),
        ({"AWS": SESSION.arn}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False),
        ({"AWS": ACCOUNT}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/team/other"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, False),
        ({"Service": "emr-serverless.amazonaws.com"}, False),
    ],
)
def test_who_a_resource_policy_names(named: Any, allowed: bool) -> None:
    """Naming the account only delegates to it; naming the principal grants."""
    assert ask(resource=resource(allow(Principal=named))).allowed is allowed


def test_a_key_policy_is_a_gate() -> None:
    """Identity policies count for a key only where its policy gives the right to the account."""
    own = [identity(allow(Action="*", Resource="*"))]
    delegating = resource(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), gate=True)
    assert not ask(identity=own, resource=resource(gate=True)).allowed
    assert not ask(identity=own, resource=ResourcePolicy(None, gate=True)).allowed
    assert ask(identity=own, resource=delegating).allowed
    assert not ask(resource=delegating).allowed
    assert ask(resource=resource(allow(Principal={"AWS": SESSION.role_arn}), gate=True)).allowed


def test_another_account_needs_both_sides() -> None:
    """Cross-account access takes an identity policy here and a resource policy there."""
    own, theirs = [identity(allow())], resource(allow(Principal={"AWS": ACCOUNT}))
    assert not ask(account=OTHER, identity=own).allowed
    assert not ask(account=OTHER, resource=theirs).allowed
    assert ask(account=OTHER, identity=own, resource=theirs).allowed


def test_a_boundary_limits_what_identity_policies_grant() -> None:
    """It grants nothing by itself."""
    everything = identity(allow(Action="*", Resource="*"))
    assert not ask(boundary=everything).allowed
    assert ask(identity=[identity(allow())], boundary=everything).allowed
    refused = ask(identity=[everything], boundary=identity(allow(Action="s3:PutObject")))
    assert refused.by == "permissions boundary"


def test_session_policies_limit_a_session_but_not_a_grant_to_it() -> None:
    """A resource policy that names the session itself goes beyond them; one that names the role does not."""
    narrow = [identity(allow(Action="s3:PutObject"))]
    assert ask(identity=[identity(allow())], session=narrow).by == "session policy"
    assert not ask(resource=resource(allow(Principal={"AWS": SESSION.role_arn})), session=narrow).allowed
    assert ask(resource=resource(allow(Principal={"AWS": SESSION.arn})), session=narrow).allowed


def test_every_level_of_service_control_policies_must_allow() -> None:
    """One level without an Allow is enough to refuse."""
    own, full = [identity(allow())], [identity(allow(Action="*", Resource="*"))]
    assert ask(identity=own, scps=[full, full]).allowed
    assert (
        ask(identity=own, scps=[full, [identity(allow(Action="ec2:*", Resource="*"))]]).by == "service control policy"
    )


def test_services_and_strangers_have_only_the_resource_policy() -> None:
    """A service principal is named as such; an anonymous request only by `*`."""
    to_service = resource(allow(Principal={"Service": SERVICE.arn}))
    assert ask(SERVICE, resource=to_service).allowed
    assert not ask(ANONYMOUS, resource=to_service).allowed
    assert ask(ANONYMOUS, resource=resource(allow(Principal="*"))).allowed
    assert not ask(SERVICE).allowed


def test_the_root_user_needs_no_identity_policy_but_obeys_denies_and_gates() -> None:
    """As AWS documents for the account's root user."""
    assert ask(ROOT).allowed
    assert not ask(ROOT, resource=resource(deny(Principal="*"))).allowed
    assert not ask(ROOT, resource=resource(gate=True)).allowed
    assert ask(ROOT, resource=resource(allow(Principal={"AWS": ROOT.arn}), gate=True)).allowed


def test_a_deny_for_all_but_some_roles_spares_only_them() -> None:
    """The usual shape of a sealed bucket: Deny unless aws:PrincipalArn is one of the tenant's roles."""
    sealed = resource(deny(Principal="*", Condition={"ArnNotLike": {"aws:PrincipalArn": [SESSION.role_arn]}}))
    own = [identity(allow())]
    assert ask(SESSION, identity=own, resource=sealed).allowed
    assert ask(USER, identity=own, resource=sealed).explicit
    assert ask(ROOT, resource=sealed).explicit
    assert not ask(SERVICE, resource=sealed).allowed


def test_not_principal_in_a_deny_spares_only_fully_listed_principals() -> None:
    """AWS wants account, role and session listed; the engine does not spare on less."""
    root = f"arn:aws:iam::{ACCOUNT}:root"
    own = [identity(allow())]
    listed = [root, SESSION.role_arn, SESSION.arn]
    assert ask(identity=own, resource=resource(deny(NotPrincipal={"AWS": listed}))).allowed
    assert not ask(identity=own, resource=resource(deny(NotPrincipal={"AWS": listed[:2]}))).allowed
    assert not ask(USER, identity=own, resource=resource(deny(NotPrincipal={"AWS": listed}))).allowed


def test_not_action_and_not_resource() -> None:
    """They mean all but the listed."""
    statement = {"Effect": "Allow", "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::secret/*"}
    assert ask(identity=[identity(statement)]).allowed
    assert not ask(identity=[identity(statement | {"NotAction": "S3:get*"})]).allowed
    assert not ask(identity=[identity(statement | {"NotResource": "arn:aws:s3:::data/*"})]).allowed


def test_variables_take_their_value_literally() -> None:
    """A tag with a wildcard in it does not widen the pattern, and a missing value matches nothing."""
    own = [identity(allow(Resource="arn:aws:s3:::data/${aws:PrincipalTag/prefix}/*"))]
    assert ask(identity=own, context={"aws:PrincipalTag/prefix": "input"}).allowed
    assert not ask(identity=own, context={"aws:PrincipalTag/prefix": "*"}).allowed
    assert not ask(identity=own).allowed
    with_default = [identity(allow(Resource="arn:aws:s3:::data/${aws:PrincipalTag/prefix, 'input'}/*"))]
    assert ask(identity=with_default).allowed
    excepting = {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:PrincipalTag/secret}/*"}
    assert not ask(identity=[identity(excepting)]).allowed


def test_what_cannot_be_judged_counts_against_the_request() -> None:
    """A broken number in an Allow does not allow, in a Deny it denies."""
    broken = {"NumericLessThan": {"s3:max-keys": "many"}}
    context = {"s3:max-keys": "5"}
    assert not ask(identity=[identity(allow(Condition=broken))], context=context).allowed
    assert not ask(identity=[identity(allow(), deny(Condition=broken))], context=context).allowed


EVERYTHING = identity(allow(Action="*", Resource="*"))
EVERYBODY = resource(allow(Action="*", Resource="*", Principal="*")).policy


@pytest.mark.parametrize("principal", [USER, SESSION, ROOT, SERVICE, ANONYMOUS], ids=lambda each: each.kind)
def test_many_requests_at_once_are_judged_as_one_by_one(principal: Principal) -> None:
    """The quick questions what no Deny meets and what an endpoint lets through answer as the decision of each does."""
    data = "arn:aws:s3:::data"
    policy = resource(
        deny(Action="s3:Delete*", Principal="*", Resource=[data, f"{data}/*"]),
        {
            "Effect": "Deny", "NotAction": "s3:Get*", "Principal": "*",
            "NotResource": [f"{data}/${{aws:PrincipalAccount}}/*", f"{data}/input/*"],
        },
        deny(Action="s3:PutObject", Principal={"AWS": SESSION.role_arn}, Resource=f"{data}/input/*"),
        deny(
            Action="s3:GetObject", NotPrincipal={"AWS": [SESSION.role_arn, f"arn:aws:iam::{ACCOUNT}:root"]},
            Resource="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": USER.arn}},
        ),
        deny(Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": "no number"}}),
        allow(Action="s3:G*", Principal="*", Resource=[data, f"{data}/*"]),
        {
            "Effect": "Allow", "NotAction": "s3:Get*", "Principal": {"AWS": ACCOUNT},
            "NotResource": f"{data}/${{aws:userid}}/*",
        },
        allow(Action="s3:*", Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": "no number"}}),
    ).policy  # fmt: skip
    assert policy is not None
    asked = [
        (action, f"{data}{key}")
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
        for key in ("", "/input/x", "/other/x", f"/{ACCOUNT}/x")
    ]
    for context in ({}, {"s3:TlsVersion": "1.3"}):
        like = Request(principal, "", "", context, ACCOUNT)
        one_by_one = [
            (action, what)
            for action, what in asked
            if not decide(
                Request(principal, action, what, context, ACCOUNT), Policies(resource=ResourcePolicy(policy))
            ).explicit
        ]
        assert unbarred(policy, like, asked) == one_by_one
        through = [
            (action, what)
            for action, what in asked
            if decide(
                Request(principal, action, what, context, ACCOUNT),
                Policies([EVERYTHING], resource=ResourcePolicy(EVERYBODY), endpoint=policy),
            ).allowed
        ]
        assert let_through(policy, like, asked) == through
        assert 0 < len(one_by_one) < len(asked)
