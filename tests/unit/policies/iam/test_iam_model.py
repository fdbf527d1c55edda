"""Reading policy documents: what IAM would refuse is refused, with the place and the mend."""

from __future__ import annotations

from typing import Any

import pytest

from emrguard_policies.iam.model import PolicyError, parse

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(**more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [STATEMENT | more]}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "a policy is an object"),
        ({"Version": "2020-01-01", "Statement": []}, "use 2012-10-17"),
        ({"Version": "2012-10-17"}, "no Statement"),
        ({"Version": "2012-10-17", "Statement": ["x"]}, "statement #0"),
        (document(Effect="allow"), "use Allow or Deny"),
        (document(Colour="red"), "unknown element Colour"),
        (document(NotAction="*"), "exclude each other"),
        (document(Action=5), "use a string"),
        (document(Principal="*"), "no Principal"),
        (document(Condition={"StringEqual": {"a": "b"}}), "unknown condition operator"),
        (document(Condition={"NullIfExists": {"a": "true"}}), "unknown condition operator"),
        (document(Condition={"StringEquals": "b"}), "use an object"),
        (document(Condition={"StringEquals": {"a": {"b": "c"}}}), "use a string"),
        ({"Statement": [{"Effect": "Allow", "Action": "*"}]}, "Resource or NotResource is missing"),
    ],
)
def test_a_malformed_policy_is_refused(broken: Any, said: str) -> None:
    """The message names the policy, the statement and the element."""
    with pytest.raises(PolicyError, match=said) as caught:
        parse(broken, "Flights/Role")
    assert str(caught.value).startswith("Flights/Role")


@pytest.mark.parametrize("principal", [5, {}, {"Person": "x"}, {"AWS": [5]}, "arn:aws:iam::111122223333:root"])
def test_a_malformed_principal_is_refused(principal: Any) -> None:
    """A principal is `*` or an object of known kinds."""
    with pytest.raises(PolicyError, match="Principal"):
        parse(document(Principal=principal), "p", "resource")


def test_a_resource_policy_needs_a_principal_and_a_trust_policy_no_resource() -> None:
    """As in bucket, key and trust policies."""
    with pytest.raises(PolicyError, match="Principal or NotPrincipal"):
        parse(document(), "p", "resource")
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}}
    (statement,) = parse(trust, "p", "resource").statements
    assert statement.resources is None


def test_shapes_that_iam_accepts() -> None:
    """One statement without a list, scalars as condition values, operators in any case, old versions."""
    policy = parse({"Statement": STATEMENT | {"Condition": {"forallvalues:STRINGLIKEifexists": {"k": [True, 5]}}}}, "p")
    (condition,) = policy.statements[0].conditions
    assert not policy.variables
    assert (condition.operator, condition.quantifier, condition.if_exists) == ("StringLike", "ForAllValues", True)
    assert condition.values == ("true", "5")
