"""Every test has an empty account of its own in moto."""

from collections.abc import Iterator

import pytest
from moto import mock_aws


@pytest.fixture(autouse=True)
def _account() -> Iterator[None]:
    with mock_aws():
        yield
