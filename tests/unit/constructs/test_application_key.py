"""The key of a tenant on its own; who may use it is in test_tenant_seal.py."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from construct_support import synthesize

from emrguard import ApplicationKey
from emrguard.exceptions import ArgumentError


def test_the_window_before_a_deletion_reaches_the_template() -> None:
    """Whoever lets a key go has the time that was asked for to change their mind."""
    week = cdk.Duration.days(7)
    found = synthesize(lambda stack: ApplicationKey(stack, "Key", tenant="flights", pending_window=week))
    assert found.one("AWS::KMS::Key")["PendingWindowInDays"] == 7


@pytest.mark.parametrize("window", [cdk.Duration.days(6), cdk.Duration.days(31), cdk.Duration.hours(180), 7])
def test_a_window_outside_of_the_limits_fails_early(window: Any) -> None:
    """KMS takes whole days from 7 to 30."""
    with pytest.raises(ArgumentError, match=r"Key: pending_window is "):
        synthesize(lambda stack: ApplicationKey(stack, "Key", tenant="flights", pending_window=window))
