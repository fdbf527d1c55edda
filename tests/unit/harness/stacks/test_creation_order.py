"""Things are made after what they need."""

from __future__ import annotations

import pytest

from emrguard_local.stacks.order import CycleError, in_order


def test_order_is_that_of_the_template_where_it_can_be() -> None:
    """Only needs move an item; the rest stays as written, so that deployments are the same each time."""
    assert in_order(["d", "a", "c", "b"], {"d": ["b"], "a": ["a2"]}) == ["a", "c", "b", "d"]


def test_circle_is_named_without_what_leads_to_it() -> None:
    """The error shows the circle itself."""
    with pytest.raises(CycleError) as error:
        in_order(["a", "b", "c", "d"], {"a": ["b"], "b": ["c"], "c": ["b"], "d": []})
    assert error.value.circle == ["b", "c", "b"]


def test_what_needs_itself_is_a_circle() -> None:
    """A resource that refers to itself cannot be made."""
    with pytest.raises(CycleError, match="a -> a"):
        in_order(["a"], {"a": ["a"]})
