"""The `emrguard` command. Exit codes of every subcommand: 0 clean, 1 could not run, 2 wrong usage, 3 findings."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import NoReturn

import click

from emrguard_policies.exceptions import EmrGuardError

# Subcommands are imported when called, so that `emrguard audit` does not pay for the local cloud.
_COMMANDS = {
    "audit": "emrguard_policies.commands.audit:audit",
    "prove": "emrguard_policies.commands.prove:prove",
    "rules": "emrguard_policies.commands.rules:rules",
    "explain": "emrguard_policies.commands.rules:explain",
    "policies": "emrguard_policies.commands.policies:policies",
    "iam": "emrguard_policies.commands.iam:iam",
    "local": "emrguard_local.commands:local",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module_name, attribute = _COMMANDS[cmd_name].split(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if cmd_name != "local":
                raise
            raise EmrGuardError(
                f"'emrguard local' needs the local cloud ({error.name} is missing): pip install 'emrguard[local]'"
            ) from error
        command = getattr(module, attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="emrguard")
def _emrguard() -> None:
    """Guardrails for Amazon EMR Serverless: audit templates, prove isolation, run the stacks on this machine."""


def run() -> None:
    """The command inside of a process that goes on: turns an `EmrGuardError` into one line on stderr and exit code 1.

    Raises:
        SystemExit: always, with the exit code.
    """
    try:
        _emrguard()
    except EmrGuardError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def main() -> None:
    """Entry point of the process."""
    if sys.argv[1:2] == ["local"]:
        run()
        return
    # The other commands end soon, and nearly all that they make is in use until then. Neither to look for garbage on
    # the way nor to take a million objects apart in the end saves a large audit a quarter of its time.
    gc.disable()
    try:
        run()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        _leave(end.code)


def _leave(code: int) -> NoReturn:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # Nobody reads on, such as `head` in a pipe.
        code = code or 1
    os._exit(code)
