"""`emrguard audit`: the rule pack over cloud assemblies and templates."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from emrguard_policies.assembly import load
from emrguard_policies.audit import AuditReport
from emrguard_policies.audit import audit as run_audit
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules.base import SEVERITIES
from emrguard_policies.rules.registry import rule_of


def _ids(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    ids = [item.strip() for value in values for item in value.split(",") if item.strip()]
    try:
        return tuple(rule_of(rule_id).id for rule_id in ids)
    except InputError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False), help="Write the report to this file.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 3.",
)
@click.option("--select", callback=_ids, multiple=True, metavar="IDS", help="Only these rules (comma-separated).")
@click.option("--ignore", callback=_ids, multiple=True, metavar="IDS", help="Not these rules (comma-separated).")
def audit(
    paths: tuple[str, ...],
    form: str,
    output: str | None,
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
) -> None:
    """Judge PATH (a cdk.out directory, or CloudFormation templates in JSON or YAML) by the rules of emrguard.

    Exit code 0: nothing found. 1: something could not be read. 2: wrong usage. 3: findings.
    """
    reports = [run_audit(load(path), select=select, ignore=ignore) for path in paths]
    _write(reports, form, output)
    worst = min((SEVERITIES.index(severity) for report in reports if (severity := report.worst())), default=None)
    if fail_on != "never" and worst is not None and worst <= [*SEVERITIES].index(fail_on):  # type: ignore[arg-type]
        sys.exit(3)
    if any(report.errors for report in reports):
        sys.exit(1)


def _write(reports: list[AuditReport], form: str, output: str | None) -> None:
    # rich costs a tenth of a second that JSON need not pay.
    from emrguard_policies.report import as_json

    if form == "json":
        text = as_json.render(reports)
        if output is None:
            click.echo(text, nl=False)
        else:
            _save(output, text)
        return
    import io

    from emrguard_policies.report import as_text

    if output is None:
        as_text.write(reports, sys.stdout)
        return
    buffer = io.StringIO()
    as_text.write(reports, buffer)
    _save(output, buffer.getvalue())


def _save(output: str, text: str) -> None:
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output}: {error.strerror}") from error
