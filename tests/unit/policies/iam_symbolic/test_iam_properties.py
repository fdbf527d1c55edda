"""What must hold of any policy: more Denies never widen, more Allows never narrow, the way of writing never matters."""

from __future__ import annotations

import json
from typing import Any

import iam_symbolic_support as support
from hypothesis import given, settings
from hypothesis import strategies as st

from emrguard_policies.iam.containment import contains
from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import parse

_USER = Principal("user", f"arn:aws:iam::{support.ACCOUNT}:user/x", support.ACCOUNT)
_requests = st.builds(
    lambda action, resource, context: Request(_USER, action, resource, context, support.ACCOUNT),
    st.sampled_from(support.ACTIONS), st.sampled_from(support.RESOURCES), support.contexts(),
)  # fmt: skip


def _allowed(document: Any, request: Request) -> bool:
    return decide(request, Policies([parse(document, "p")])).allowed


def _with(document: dict[str, Any], statement: dict[str, Any]) -> dict[str, Any]:
    return {**document, "Statement": [*document["Statement"], statement]}


@settings(max_examples=150, deadline=None)
@given(support.policies(), support.statements("Deny"), support.statements("Allow"), _requests)
def test_a_deny_more_never_allows_and_an_allow_more_never_refuses(
    document: dict[str, Any], deny: dict[str, Any], allow: dict[str, Any], request: Request
) -> None:
    """One decision changes only in the direction of the statement that was added."""
    before = _allowed(document, request)
    assert before or not _allowed(_with(document, deny), request)
    assert not before or _allowed(_with(document, allow), request)


@settings(max_examples=60, deadline=None)
@given(support.policies(), support.statements("Deny"), support.statements("Allow"))
def test_containment_follows_what_is_added(
    document: dict[str, Any], deny: dict[str, Any], allow: dict[str, Any]
) -> None:
    """A policy with a Deny more, or an Allow less, is inside the other one: no witness says otherwise."""
    policy = parse(document, "policy")
    assert contains(parse(_with(document, deny), "denied"), policy).witness is None
    assert contains(policy, parse(_with(document, allow), "allowed")).witness is None
    assert contains(policy, policy).holds


@settings(max_examples=40, deadline=None)
@given(support.policies(), support.policies(), support.policies())
def test_containment_is_transitive(first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]) -> None:
    """What is inside a policy that is inside a third one is inside that one, wherever all three are decided."""
    a, b, c = parse(first, "a"), parse(_with(second, first["Statement"][0]), "b"), parse(third, "c")
    if contains(a, b).holds and contains(b, c).holds:
        assert contains(a, c).witness is None


def _rewritten(document: dict[str, Any], draw: st.DataObject) -> str:
    """The same policy written in another way."""

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in draw.draw(st.permutations(sorted(value)))}
        if isinstance(value, list):
            listed = [shuffled(each) for each in draw.draw(st.permutations(value))]
            return listed[0] if len(listed) == 1 and draw.draw(st.booleans()) else listed
        return value

    return json.dumps(shuffled(document), indent=draw.draw(st.sampled_from([None, 0, 4])))


@settings(max_examples=80, deadline=None)
@given(support.policies(), support.policies(), _requests, st.data())
def test_the_way_of_writing_never_matters(
    document: dict[str, Any], other: dict[str, Any], request: Request, draw: st.DataObject
) -> None:
    """Order of keys, statements and list members, one value without a list, and white space change no answer."""
    written = _rewritten(document, draw)
    assert _allowed(written, request) == _allowed(document, request)
    once, again = (contains(parse(each, "p"), parse(other, "q")) for each in (document, written))
    # Of the requests that only may go beyond, the order decides which one is tried.
    if not once.undecided and not again.undecided:
        assert once.holds == again.holds
