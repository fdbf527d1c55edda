"""Patterns over texts with symbols: what may match, what must, and how long it takes to know."""

from __future__ import annotations

import contextlib
import string

import pytest

from emrguard_policies.iam.glob import Mode, Space, Undecided, common_text
from emrguard_policies.iam.index import Index
from emrguard_policies.iam.symbols import SymbolTable

LOWER = frozenset(string.ascii_lowercase + string.digits)


class Names:
    """Two generated bucket names, a parameter, an account."""

    def __init__(self) -> None:
        table = SymbolTable()
        self.flights, self.payroll = (
            table.symbol(
                name, f"{name}-data-abcdefghijkl", prefix=f"{name}-data-", alphabet=LOWER, lengths=(12, 12), unique=True
            ).char
            for name in ("flights", "payroll")
        )
        self.parameter = table.symbol("parameter", "unknown").char
        self.account = table.symbol("account", "111122223333", alphabet=frozenset(string.digits), lengths=(12, 12)).char
        self.space = Space(table)

    def match(self, pattern: str, text: str, mode: Mode) -> bool:
        wanted = [self.space.automaton((text,), "text", "glob"), self.space.automaton((pattern,), mode, "arn")]
        return common_text(wanted) is not None


@pytest.mark.parametrize(
    ("pattern", "may", "must"),
    [
        ("arn:aws:s3:::{payroll}/*", True, True),
        ("arn:aws:s3:::{flights}/*", False, False),
        ("arn:aws:s3:::*", True, True),
        ("arn:aws:s3:::payroll-*", True, True),
        ("arn:aws:s3:::payroll-data-abc*", True, False),
        ("arn:aws:s3:::payroll-data-ABC*", False, False),
        ("arn:aws:s3:::payroll-data-abcdefghijkl/*", True, False),
        ("arn:aws:s3:::payroll-data-abcdefghijk/*", False, False),
        ("arn:aws:s3:::payroll-data-????????????/*", True, False),
        ("arn:aws:s3:::{parameter}/*", True, False),
        ("{parameter}", True, False),
        ("{parameter}/*", True, False),
        ("arn:aws:s3:::{account}/*", False, False),
        ("arn:aws:s3:*:*:*", True, True),
        ("arn:aws:s3:*", True, True),
        ("arn:aws:*/x", False, False),
    ],
)
def test_a_generated_name_is_matched_by_what_its_shape_admits(pattern: str, may: bool, must: bool) -> None:
    """A literal pattern can hit a generated name; only what certainly does counts for a Deny."""
    names = Names()
    written = pattern.format(**{key: getattr(names, key) for key in ("payroll", "flights", "parameter", "account")})
    text = f"arn:aws:s3:::{names.payroll}/?*"
    assert names.match(written, text, "may") is may
    assert names.match(written, text, "must") is must


def test_a_generated_name_is_not_the_beginning_of_another_one() -> None:
    """CloudFormation shortens long names: what is left may look like the beginning of another name, and is not."""
    names = Names()
    letters = frozenset(string.ascii_letters + string.digits + "-")
    whole = names.space.table.symbol(
        "job",
        "flights-TenantExecutionRole-x",
        prefix="flights-TenantExecutionRole-",
        alphabet=LOWER,
        lengths=(12, 12),
        unique=True,
    ).char
    short = names.space.table.symbol(
        "function", "flights-x", prefix="flights", alphabet=letters, lengths=(13, 50), unique=True
    ).char
    role = "arn:aws:iam::111122223333:role/"
    assert names.match(role + "flights-TenantExecutionRole-*", role + short, "may")
    granted = names.space.automaton((role + whole,), "may", "arn")
    anything = names.space.automaton((role + "?*",), "text", "glob")
    assert common_text([anything, granted]) is not None
    known = names.space.automaton((role + whole, role + short), "text", "exact")
    assert common_text([anything, granted], [known]) is None


def test_a_symbol_inside_free_text_is_found() -> None:
    """A policy that names the account inside an object key meets the objects of a bucket."""
    names = Names()
    pattern, text = f"arn:aws:s3:::{names.payroll}/{names.account}/*", f"arn:aws:s3:::{names.payroll}/?*"
    assert names.match(pattern, text, "may")


def test_witnesses_have_no_wildcards_and_show_examples() -> None:
    """A witness reads like a real ARN."""
    names = Names()
    space = names.space
    text = common_text([
        space.automaton((f"arn:aws:s3:::{names.payroll}/?*",), "text", "glob"),
        space.automaton(("arn:*:s3:::*/input/*",), "may", "arn"),
    ])  # fmt: skip
    assert text is not None
    assert space.readable(text) == "arn:aws:s3:::payroll-data-abcdefghijkl/input/x"


def test_wildcards_stay_within_a_segment_of_an_arn() -> None:
    """`arn:aws:s3*:x` is no way around the service of a resource; the last segment may hold colons."""
    names = Names()
    assert not names.match("arn:aws:*:key/k", "arn:aws:kms:us-east-1:1:key/k", "may")
    assert names.match("arn:aws:logs:*:*:*", "arn:aws:logs:us-east-1:1:log-group:g:log-stream:?*", "may")


@pytest.mark.parametrize("length", [10, 100])
def test_pathological_patterns_are_bounded(length: int) -> None:
    """`*a*a*a…` against `*b*b*b…` is an answer or "undecided" within the budget of steps."""
    space = Space()
    wanted = [
        space.automaton(("*a" * length + "*",), "may", "arn"),
        space.automaton(("*b" * length + "*",), "may", "arn"),
        space.automaton(("?" * length + "*",), "may", "glob"),
    ]
    with contextlib.suppress(Undecided):
        assert common_text(wanted) is not None


def test_a_search_ends_with_its_budget() -> None:
    """Past the budget there is no answer, least of all a wrong one."""
    space = Space()
    wanted = [space.automaton((f"*{char * 30}*",), "may", "glob") for char in "abcdefgh"]
    with pytest.raises(Undecided, match="100 steps"):
        common_text(wanted, steps=100)


def test_the_index_leaves_out_only_what_cannot_match() -> None:
    """Whatever may match is among the candidates of the index."""
    names = Names()
    index: Index[str] = Index(names.space)
    texts = [
        f"arn:aws:s3:::{names.payroll}/?*", f"arn:aws:s3:::{names.flights}/?*", f"arn:aws:s3:::{names.payroll}",
        f"arn:aws:iam::{names.account}:role/x", "arn:aws:s3:::literal/?*", f"arn:aws:s3:::{names.parameter}/?*",
    ]  # fmt: skip
    for text in texts:
        index.add(text, text)
    patterns = [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::payroll*",
        "arn:aws:s3:::payroll-data-0*",
        f"arn:aws:s3:::{names.flights}/*",
        f"arn:aws:s3:::{names.parameter}/*",
        f"arn:aws:iam::{names.account}:role/*",
        "arn:aws:iam::111122223333:role/x",
        "arn:aws:s3",
        "arn:aws:s3:::literal/a",
        "arn:aws:s3:::l?teral/a",
        names.parameter,
    ]
    for pattern in patterns:
        found = set(index.candidates(pattern))
        assert {text for text in texts if names.match(pattern, text, "may")} <= found, pattern
    assert set(index.candidates(f"arn:aws:s3:::{names.flights}/*")) == {texts[1], texts[5]}
