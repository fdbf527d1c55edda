"""The reference pages say what the constructs are today."""

from __future__ import annotations

from pathlib import Path

import reference_pages

PAGES = Path(__file__).parents[3] / "docs" / "reference"


def test_pages_are_those_of_the_docstrings() -> None:
    """Nobody reads yesterday's arguments: after a change of a docstring, `make docs` has been run."""
    on_disk = {page.name: page.read_text(encoding="utf-8") for page in PAGES.glob("*.md")}
    assert on_disk == dict(reference_pages.pages()), "run: make docs"
