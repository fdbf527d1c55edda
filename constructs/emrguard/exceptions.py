"""Errors of the constructs."""

from __future__ import annotations

from emrguard_policies.exceptions import EmrGuardError


class ArgumentError(EmrGuardError, ValueError):
    """An argument that a construct cannot accept: names the construct, the argument, the value found and the mend."""

    def __init__(self, path: str, argument: str, found: object, mend: str) -> None:
        super().__init__(f"{path}: {argument} is {found!r}; {mend}")


class SettingsError(EmrGuardError, ValueError):
    """A file of settings that cannot be used: names the file, the key, the value found and the mend."""
