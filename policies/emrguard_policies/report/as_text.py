"""The audit for people: grouped by construct, with the value found and the mend, one verdict at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.report.as_json import document
from emrguard_policies.rules.base import SEVERITIES

_STYLES = {"fatal": "bold white on red", "error": "bold red", "warning": "yellow", "info": "cyan"}


def write(reports: Iterable[AuditReport], file: TextIO) -> None:
    """Write the report; in colour only if `file` is a terminal."""
    listed = list(reports)
    console = Console(file=file, highlight=False, soft_wrap=True)
    groups: dict[tuple[str, str], list[Finding]] = {}
    for report in listed:
        for finding in report.findings:
            groups.setdefault((finding.template, finding.construct_path), []).append(finding)
    for (template, path), findings in groups.items():
        line = findings[0].line
        place = f"{template}:{line}" if line else template
        console.print(Text(path or template, style="bold"), Text(place, "dim"), sep="  ")
        for finding in findings:
            _write_finding(console, finding)
        console.print()
    accepted = [risk for report in listed for risk in report.accepted]
    if accepted:
        console.print(
            Text("accepted risks", "bold"),
            Text("chosen in the code, or shared on purpose, with a reason", "dim"),
            sep="  ",
        )
        for risk in accepted:
            console.print(Text(f"  {risk.construct_path}  {risk.argument}"))
            console.print(Text(f"      because {risk.reason}", "dim"))
        console.print()
    for error in document(listed)["errors"]:
        console.print(Text(f"not read: {error}", style="bold red"))
    console.print(verdict(listed))


def _write_finding(console: Console, finding: Finding) -> None:
    severity = finding.severity if finding.acknowledged is None else "acknowledged"
    style = _STYLES.get(severity, "dim")
    console.print(Text("  "), Text(f"{severity:<13}", style), Text(f"{finding.rule}  {finding.title}"), sep="")
    if finding.property:
        console.print(Text(f"      at    {finding.property}"))
    console.print(Text(f"      found {finding.message}"))
    if finding.acknowledged is None:
        console.print(Text(f"      mend  {finding.mend}", "dim"))
    else:
        console.print(Text(f"      because {finding.acknowledged}", "dim"))


def verdict(reports: Iterable[AuditReport]) -> Text:
    """The last line: how many findings of which severity."""
    body = document(reports)
    summary, unread = body["summary"], len(body["errors"])
    counted = [f"{summary[severity]} {severity}" for severity in SEVERITIES if summary[severity]]
    if unread:
        counted.append(f"{unread} not read")
    set_aside = [f"{summary[kind]} {kind}" for kind in ("acknowledged", "known") if summary[kind]]
    accepted = f" ({', '.join(set_aside)})" if set_aside else ""
    if not counted:
        return Text(f"clean{accepted}", "bold green")
    return Text(f"findings: {', '.join(counted)}{accepted}", "bold red")
