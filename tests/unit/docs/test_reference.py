"""The reference pages say what the constructs are today, and their examples run."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
import reference_pages
from construct_support import new_app
from constructs import Construct

import emrguard

PAGES = Path(__file__).parents[3] / "docs" / "reference"
CONSTRUCTS = [
    name for name in emrguard.__all__ if isinstance(each := getattr(emrguard, name), type) and issubclass(each, Construct)
]


def test_pages_are_those_of_the_docstrings() -> None:
    """Nobody reads yesterday's arguments: after a change of a docstring, `make docs` has been run."""
    on_disk = {page.name: page.read_text(encoding="utf-8") for page in PAGES.glob("*.md")}
    assert on_disk == dict(reference_pages.pages()), "run: make docs"


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_every_construct_has_an_example_that_runs(name: str) -> None:
    """An example can be pasted below `app = cdk.App(); stack = cdk.Stack(app, "Docs")`, and synthesizes."""
    example = reference_pages.snippets()[name]
    app = new_app()
    names: dict[str, object] = {"app": app, "stack": cdk.Stack(app, "Docs")}
    exec(compile(example, f"{name}.md", "exec"), names)
    assert names["app"] is app, "the example makes an app of its own"
    app.synth()
