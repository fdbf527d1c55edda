"""The audit as workflow commands of GitHub Actions: an annotation on the line of each finding.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterable

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.report.as_text import verdict
from emrguard_policies.report.places import relative

_COMMANDS = {"fatal": "error", "error": "error", "warning": "warning", "info": "notice"}


def render(reports: Iterable[AuditReport]) -> str:
    """One command a finding that nobody acknowledged, one for each thing that was not read, and the verdict."""
    listed = list(reports)
    lines = [_command(finding) for report in listed for finding in report.findings if finding.acknowledged is None]
    lines += [f"::error title=not read::{_data(error)}" for report in listed for error in report.errors]
    return "\n".join([*lines, verdict(listed).plain]) + "\n"


def _command(finding: Finding) -> str:
    place = {"file": relative(finding.template), "title": f"{finding.rule} {finding.title}"}
    if finding.line:
        place["line"] = str(finding.line)
    options = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    where = ": ".join(part for part in (finding.construct_path, finding.property) if part)
    text = "\n".join(part for part in (where, finding.message, finding.mend) if part)
    return f"::{_COMMANDS[finding.severity]} {options}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
