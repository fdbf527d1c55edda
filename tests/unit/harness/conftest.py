"""Which tests share moto's state, which lives in the process, and so must not be mixed."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_GROUPS = {
    "server": {"cloud", "identity", "protocol", "signature", "trail"},
    "moto": {"authorizer", "deploy", "resources", "stacks"},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one group run one after another in one pytest-xdist worker."""
    for item in items:
        if _HERE in item.path.parents:
            folder = item.path.relative_to(_HERE).parts[0]
            for group, folders in _GROUPS.items():
                if folder in folders:
                    item.add_marker(pytest.mark.xdist_group(group))
