"""The examples in the docstrings of the public constructs run as they stand."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from constructs import Construct

import emrguard

_EXAMPLES = [
    (name, example)
    for name in emrguard.__all__
    for example in re.findall(r"```python\n(.*?)```", inspect.getdoc(getattr(emrguard, name)) or "", re.DOTALL)
]


@pytest.mark.parametrize(("name", "example"), _EXAMPLES, ids=[name for name, _ in _EXAMPLES])
def test_the_example_runs(name: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied into a file, it makes what it says, without a warning."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDK_VALIDATION", "false")
    exec(compile(example, f"{name}.py", "exec"), {})


def test_each_construct_has_an_example() -> None:
    """The reference page of each shows how it is used."""
    classes = {name: each for name in emrguard.__all__ if isinstance(each := getattr(emrguard, name), type)}
    wanted = {name for name, each in classes.items() if issubclass(each, Construct)} - {"TenantBucket"}
    assert wanted | {"load_tenants", "ObjectLock"} <= {name for name, _ in _EXAMPLES}
