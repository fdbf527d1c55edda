"""The symbolic engine against the concrete one, and the properties that make its answers safe."""

from __future__ import annotations

import contextlib
from typing import Any

import iam_symbolic_support as support
from hypothesis import given, settings
from hypothesis import strategies as st

from emrguard_policies.iam import symbolic
from emrguard_policies.iam.decide import Policies, Principal, Request, ResourcePolicy, decide
from emrguard_policies.iam.glob import Space, Undecided
from emrguard_policies.iam.model import Policy, PolicyKind, parse
from emrguard_policies.iam.symbolic import Answer, Held, Subject, Target

ACCOUNT, ROLE = support.ACCOUNT, support.ROLE

PRINCIPAL = Principal("role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/flights/s", ACCOUNT, ROLE)
SUBJECT = Subject("role", ROLE, ACCOUNT)


def _policy(document: dict[str, Any], name: str = "p", kind: PolicyKind = "identity") -> Policy:
    return parse(document, name, kind)


def _reach(
    action: str, resource: str, *identity: Policy, on: Policy | None = None, gate: bool = False
) -> Answer | None:
    space = Space()
    held = Held(tuple(symbolic.compiled(space, each) for each in identity))
    policies = (symbolic.compiled(space, on),) if on else ()
    return symbolic.reach(space, SUBJECT, held, action, Target((resource,), ACCOUNT, policies, gate))


def _may(action: str, resource: str, *identity: Policy) -> bool:
    try:
        return _reach(action, resource, *identity) is not None
    except Undecided:
        return True


@settings(max_examples=400, deadline=None)
@given(support.policies(), st.sampled_from(support.ACTIONS), st.sampled_from(support.RESOURCES), support.contexts())
def test_what_the_concrete_engine_allows_is_reached(
    document: dict[str, Any], action: str, resource: str, context: dict[str, str | list[str]]
) -> None:
    """Soundness: no request that is allowed is missed, whatever the policy and the context are."""
    policy = _policy(document)
    request = Request(PRINCIPAL, action, resource, context, ACCOUNT)
    if decide(request, Policies(identity=[policy])).allowed:
        assert _may(action, resource, policy)


@settings(max_examples=400, deadline=None)
@given(
    support.policies(),
    st.sampled_from(support.ACTIONS),
    st.sampled_from(["arn:aws:s3:::a/?*", "arn:aws:s3:::*", "arn:aws:kms:us-east-1:1:key/k"]),
)
def test_a_witness_is_a_request_that_the_concrete_engine_allows(
    document: dict[str, Any], action: str, target: str
) -> None:
    """Every counterexample can be tried: its request is allowed, and holds no wildcard."""
    if "${" in str(document):
        return
    policy = _policy(document)
    try:
        answer = _reach(action, target, policy)
    except Undecided:
        return
    if answer is not None:
        assert "*" not in answer.resource
        request = Request(PRINCIPAL, answer.action, answer.resource, answer.context, ACCOUNT)
        assert decide(request, Policies(identity=[policy])).allowed


@settings(max_examples=150, deadline=None)
@given(support.policies(), support.statements("Deny"), st.sampled_from(support.ACTIONS))
def test_a_deny_more_never_widens(document: dict[str, Any], deny: dict[str, Any], action: str) -> None:
    """What cannot be reached stays out of reach when a Deny is added."""
    wider = {**document, "Statement": [*document["Statement"], deny]}
    if not _may(action, "arn:aws:s3:::a/?*", _policy(document)):
        assert not _may(action, "arn:aws:s3:::a/?*", _policy(wider))


@settings(max_examples=150, deadline=None)
@given(support.policies(), support.statements("Allow"), st.sampled_from(support.ACTIONS))
def test_an_allow_more_never_narrows(document: dict[str, Any], allow: dict[str, Any], action: str) -> None:
    """What can be reached stays in reach when an Allow is added."""
    wider = {**document, "Statement": [*document["Statement"], allow]}
    if _may(action, "arn:aws:s3:::a/?*", _policy(document)):
        assert _may(action, "arn:aws:s3:::a/?*", _policy(wider))


@settings(max_examples=150, deadline=None)
@given(support.policies(2), st.randoms(use_true_random=False), st.sampled_from(support.ACTIONS))
def test_the_order_of_statements_does_not_matter(document: dict[str, Any], random: Any, action: str) -> None:
    """The same statements in another order, or in two policies, give the same answer."""
    shuffled = list(document["Statement"])
    random.shuffle(shuffled)
    first, second = ({**document, "Statement": part} for part in (shuffled[:1], shuffled[1:]))
    before = _may(action, "arn:aws:s3:::a/?*", _policy(document))
    assert _may(action, "arn:aws:s3:::a/?*", _policy({**document, "Statement": shuffled})) == before
    assert _may(action, "arn:aws:s3:::a/?*", _policy(first), _policy(second, "q")) == before


_ROOT = f"arn:aws:iam::{ACCOUNT}:root"
_PRINCIPALS: list[Any] = [
    {"AWS": ROLE}, {"AWS": "*"}, "*", {"AWS": _ROOT}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:role/payroll"},
    {"Service": "s3.amazonaws.com"}, {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/flights/s"},
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    support.policies(),
    st.lists(
        st.tuples(support.statements(), st.sampled_from(["Principal", "Principal", "NotPrincipal"]),
                  st.sampled_from(_PRINCIPALS)),
        max_size=3,
    ),
    st.booleans(), st.sampled_from(support.ACTIONS), st.sampled_from(support.RESOURCES), support.contexts(),
)  # fmt: skip
def test_resource_policies_and_gates_are_sound(
    document: dict[str, Any], named: list[tuple[dict[str, Any], str, Any]], gate: bool, action: str, resource: str,
    context: dict[str, str | list[str]],
) -> None:  # fmt: skip
    """With a bucket policy, a key policy or a trust policy, too, no request that is allowed is missed."""
    on = _policy(
        {"Version": "2012-10-17", "Statement": [{**each, key: who} for each, key, who in named]}, "r", "resource"
    )
    policy = _policy(document)
    request = Request(PRINCIPAL, action, resource, context, ACCOUNT)
    if decide(request, Policies(identity=[policy], resource=ResourcePolicy(on, gate))).allowed:
        with contextlib.suppress(Undecided):
            assert _reach(action, resource, policy, on=on, gate=gate) is not None


def test_to_except_one_session_leaves_the_other_sessions_of_a_role() -> None:
    """An Allow for all but one session of a role is an Allow for the role."""
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/flights/other"
    on = _policy({"Statement": {**allow, "NotPrincipal": {"AWS": session}}}, "r", "resource")
    request = Request(PRINCIPAL, "s3:GetObject", "arn:aws:s3:::a/x", {}, ACCOUNT)
    assert decide(request, Policies(resource=ResourcePolicy(on))).allowed
    assert _reach("s3:GetObject", "arn:aws:s3:::a/?*", on=on) is not None


def test_a_boundary_limits_what_identity_policies_give() -> None:
    """A role can do only what its permissions boundary allows as well."""
    space = Space()
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    limit = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::own/*"}
    held = Held(
        (symbolic.compiled(space, _policy({"Statement": allow})),),
        symbolic.compiled(space, _policy({"Statement": limit}, "boundary")),
    )
    other = Target(("arn:aws:s3:::other/?*",), ACCOUNT)
    own = Target(("arn:aws:s3:::own/?*",), ACCOUNT)
    assert symbolic.reach(space, SUBJECT, held, "s3:GetObject", other) is None
    assert symbolic.reach(space, SUBJECT, held, "s3:GetObject", own) is not None


def test_an_unreadable_condition_counts_for_an_allow_and_not_for_a_deny() -> None:
    """A number that is none may let an Allow apply, and never a Deny."""
    nonsense = {"NumericLessThan": {"s3:max-keys": "many"}}
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    target = "arn:aws:s3:::a/?*"
    assert _may("s3:GetObject", target, _policy({"Statement": {**allow, "Condition": nonsense}}))
    assert _may("s3:GetObject", target, _policy({"Statement": [allow, {**deny, "Condition": nonsense}]}))
    assert not _may("s3:GetObject", target, _policy({"Statement": [allow, deny]}))


def test_many_overlapping_denies_are_decided_or_said_to_be_undecided() -> None:
    """A policy made to explode gives an answer within the budget, never an endless search."""
    keys = [f"aws:RequestTag/t{number}" for number in range(60)]
    denies = [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*",
         "Condition": {"StringEquals": {keys[number]: "a"}, "StringLike": {keys[(number * 7 + 3) % 60]: "*b*"}}}
        for number in range(60)
    ]  # fmt: skip
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
             "Condition": {"StringLike": {key: ["a", "b"] for key in keys}}}  # fmt: skip
    assert _may("s3:GetObject", "arn:aws:s3:::a/?*", _policy({"Statement": [allow, *denies]})) in (True, False)
