"""Settings of `emrguard audit` in files: `emrguard.toml`, or the table `[tool.emrguard]` of a `pyproject.toml`.

Without `--config` the nearest file counts, searched from the working directory upwards; where both are in one
directory, `emrguard.toml` does. Files are not merged. Options of the command line are stronger than the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emrguard_policies.exceptions import InputError

FORMATS = ("text", "json", "sarif", "junit", "html", "github")
"""How an audit can be reported."""
FAIL_ON = ("error", "warning", "info", "never")
"""The least severities that can fail an audit; `never` fails none."""
KEYS = ("baseline", "fail-on", "format", "ignore", "select")
"""What a file may set: the options of the same names. A `baseline` is relative to the file that names it."""
_OWN, _SHARED = "emrguard.toml", "pyproject.toml"


def find(start: Path) -> Path | None:
    """The file with our settings nearest to a directory; None if there is none up to the root.

    Raises:
        InputError: a `pyproject.toml` on the way cannot be read, so nobody knows whether it has settings.
    """
    for directory in (start, *start.parents):
        own, shared = directory / _OWN, directory / _SHARED
        if own.is_file():
            return own
        if shared.is_file() and _table(_parsed(shared)) is not None:
            return shared
    return None


def read(file: Path) -> dict[str, Any]:
    """The settings of a file, by the parameter of the command that each is the default of.

    Raises:
        InputError: no such file, not TOML, an unknown key, or a value of another form; the message names all three of
            key, value and mend.
    """
    body = _parsed(file)
    table = _table(body) if file.name == _SHARED else body
    if table is None:
        raise InputError(f"{file}: has no table [tool.emrguard]; add one, or give another file")
    if not isinstance(table, Mapping):
        raise InputError(f"{file}: tool.emrguard is {_shown(table)}; use a table")
    return {key.replace("-", "_"): _value(file, key, value) for key, value in table.items()}


def _value(file: Path, key: str, value: Any) -> Any:
    if key not in KEYS:
        import difflib

        close = difflib.get_close_matches(key.replace("_", "-"), KEYS, 1)
        mend = f"did you mean {close[0]}?" if close else f"known are {', '.join(KEYS)}"
        raise InputError(f"{file}: unknown key {key} = {_shown(value)}; {mend}")
    if key in ("select", "ignore"):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(f'{file}: {key} is {_shown(value)}; use a list of rule ids, such as ["EMRG101"]')
        from emrguard_policies.rules.registry import rule_of

        try:
            return [rule_of(item).id for item in value]
        except InputError as error:
            raise InputError(f"{file}: {key} is {_shown(value)}: {error}") from error
    if key == "baseline":
        if not isinstance(value, str) or not value:
            raise InputError(f"{file}: baseline is {_shown(value)}; use the path of a file, as text")
        return str(file.parent / value)
    choices = FORMATS if key == "format" else FAIL_ON
    if value not in choices:
        raise InputError(f"{file}: {key} is {_shown(value)}; use one of {', '.join(choices)}")
    return value


def _parsed(file: Path) -> dict[str, Any]:
    # Imported here, since most directories have no such file.
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not TOML: {' '.join(str(error).split())}") from error


def _table(body: Mapping[str, Any]) -> Any:
    tool = body.get("tool")
    return tool.get("emrguard") if isinstance(tool, Mapping) else None


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
