"""The writer of JSON reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emrguard_policies.report import json_text


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        [[], {}, [{}]],
        {"": None, 'line\n"quoted" \\ \u00e9 \U000f0000 \ud800': [True, False, 0, -1.5, 1e300, "x"]},
        {"findings": [{"acknowledged": {"reason": "r"}, "line": 7}, {"acknowledged": None}], "errors": []},
    ],
)
def test_reports_are_written_as_json_dumps_would(value: Any) -> None:
    """Whoever keeps reports under version control sees no difference to the standard library's indented form."""
    assert json_text.dumps(value) == json.dumps(value, indent=2)
