"""The published examples of the rules as template files that the audit reads."""

from __future__ import annotations

import json
from pathlib import Path

from emrguard_policies.rules import example_templates
from emrguard_policies.rules.pages import EXAMPLES


def written(file: Path, directory: Path) -> Path:
    """An example, laid over its sound templates, as a file in `directory` that is named after rule and example."""
    target = directory / f"{file.parent.name}-{file.stem}.json"
    target.write_text(json.dumps(example_templates.whole(file)), encoding="utf-8")
    return target


def all_written(pattern: str, directory: Path) -> list[Path]:
    """Every example whose path below the examples matches, as files in `directory`."""
    return [written(file, directory) for file in sorted(EXAMPLES.glob(pattern))]
