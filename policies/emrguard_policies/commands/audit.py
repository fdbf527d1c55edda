"""`emrguard audit`: the rule pack over cloud assemblies and templates."""

from __future__ import annotations

import io
import sys
from collections.abc import Collection
from pathlib import Path

import click

from emrguard_policies import baseline as baselines
from emrguard_policies import config as settings
from emrguard_policies.assembly import load
from emrguard_policies.audit import AuditReport
from emrguard_policies.audit import audit as run_audit
from emrguard_policies.exceptions import EmrGuardError, InputError
from emrguard_policies.rules.base import SEVERITIES, Severity
from emrguard_policies.rules.registry import rule_of


def _ids(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    ids = [item.strip() for value in values for item in value.split(",") if item.strip()]
    try:
        return tuple(rule_of(rule_id).id for rule_id in ids)
    except InputError as error:
        raise click.BadParameter(str(error)) from error


def _configured(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Make the settings of the file the defaults of the other options."""
    if not context.resilient_parsing:
        file = settings.find(Path.cwd()) if value is None else Path(value)
        if file is not None:
            context.default_map = settings.read(file)
    return value


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    type=click.Choice(settings.FORMATS),
    default="text",
    show_default=True,
    help="Text and html are for people.",
)
@click.option("--output", type=click.Path(dir_okay=False), help="Write the report to this file.")
@click.option(
    "--fail-on",
    type=click.Choice(settings.FAIL_ON),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 3.",
)
@click.option("--baseline", metavar="FILE", help="Leave out the findings that this file holds.")
@click.option("--write-baseline", metavar="FILE", help="Write what is found to this file; then nothing of it fails.")
@click.option("--select", callback=_ids, multiple=True, metavar="IDS", help="Only these rules (comma-separated).")
@click.option("--ignore", callback=_ids, multiple=True, metavar="IDS", help="Not these rules (comma-separated).")
@click.option(
    "--config",
    callback=_configured,
    is_eager=True,
    expose_value=False,
    metavar="FILE",
    help="Defaults of these options, in TOML. Without it: the nearest emrguard.toml, or pyproject.toml with a table "
    "[tool.emrguard].",
)
def audit(
    paths: tuple[str, ...],
    format: str,
    output: str | None,
    fail_on: str,
    baseline: str | None,
    write_baseline: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
) -> None:
    """Judge PATH (a cdk.out directory, or CloudFormation templates in JSON or YAML) by the rules of emrguard.

    Each PATH is judged by itself. Templates that refer to each other belong into one directory: give that.

    Exit code 0: nothing found. 1: something could not be read, or a rule crashed. 2: wrong usage. 3: findings.
    """
    if select and set(select) <= set(ignore):
        raise click.UsageError("--ignore names all rules of --select: nothing would be judged")
    # A baseline that cannot be read stops the audit before its work, not after.
    known = baselines.read(baseline) if baseline is not None and write_baseline is None else None
    reports = [_audit(path, select, ignore, alone=len(paths) == 1) for path in paths]
    if write_baseline is not None:
        baselines.write(write_baseline, reports)
        known = baselines.read(write_baseline)
    if known is not None:
        reports = baselines.apply(reports, known)
    failing = SEVERITIES[: [*SEVERITIES].index(fail_on) + 1] if fail_on != "never" else ()  # type: ignore[arg-type]
    text = _render(reports, format, failing, coloured=output is None)
    if output is not None:
        _save(output, text)
    elif text:
        click.echo(text, nl=False)
    if any(report.worst() in failing for report in reports):
        sys.exit(3)
    if any(report.errors or report.worst() == "fatal" for report in reports):
        sys.exit(1)


def _audit(path: str, select: tuple[str, ...], ignore: tuple[str, ...], *, alone: bool) -> AuditReport:
    """The report of one path. One of several that cannot be read does not hide what is found in the others."""
    try:
        return run_audit(load(path), select=select, ignore=ignore)
    except EmrGuardError as error:
        if alone:
            raise
        return AuditReport((), (str(error),))


def _render(reports: list[AuditReport], form: str, failing: Collection[Severity], *, coloured: bool) -> str:
    """The report as text; `text` for a terminal is written at once, in its colours."""
    # Each format is imported when asked for: rich alone costs a tenth of a second that JSON need not pay.
    if form == "json":
        from emrguard_policies.report import as_json

        return as_json.render(reports)
    if form == "sarif":
        from emrguard_policies.report import as_sarif

        return as_sarif.render(reports)
    if form == "junit":
        from emrguard_policies.report import as_junit

        return as_junit.render(reports, failing)
    if form == "html":
        from emrguard_policies.report import as_html

        return as_html.render(reports)
    if form == "github":
        from emrguard_policies.report import as_github

        return as_github.render(reports)
    from emrguard_policies.report import as_text

    if coloured:
        as_text.write(reports, sys.stdout)
        return ""
    buffer = io.StringIO()
    as_text.write(reports, buffer)
    return buffer.getvalue()


def _save(output: str, text: str) -> None:
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output}: {error.strerror}") from error
