"""An empty account in moto for every test."""

from collections.abc import Iterator

import pytest
from authorizer_support import Account
from moto import mock_aws


@pytest.fixture
def account() -> Iterator[Account]:
    """The account and its authorizer."""
    with mock_aws():
        yield Account()
