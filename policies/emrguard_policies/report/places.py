"""Where a finding is, as the tools of a repository name files."""

from __future__ import annotations

from pathlib import Path


def relative(path: str) -> str:
    """A path with `/`, relative to the working directory where it is below it."""
    absolute = Path(path).resolve()
    base = Path.cwd().resolve()
    return (absolute.relative_to(base) if absolute.is_relative_to(base) else absolute).as_posix()
