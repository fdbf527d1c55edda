"""The server under test."""

import pytest
from local_server_support import Running, running


@pytest.fixture
def cloud() -> Running:
    """A running server in this process."""
    return running()
