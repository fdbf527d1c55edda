"""The audit as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.rules.base import SEVERITIES

VERSION = 1
"""The version of this format; it changes when a field changes its meaning or goes away."""
_FIELDS = ",\n      "
_BETWEEN = "\n    },\n    {\n      "


def document(reports: Iterable[AuditReport]) -> dict[str, Any]:
    """The reports of several paths as one object."""
    listed = list(reports)
    findings = [finding for report in listed for finding in report.findings]
    active = Counter(finding.severity for finding in findings if finding.acknowledged is None)
    return {
        "version": VERSION,
        "findings": [_finding(finding) for finding in findings],
        "errors": [error for report in listed for error in report.errors],
        "summary": {
            **{severity: active[severity] for severity in SEVERITIES},
            "acknowledged": sum(finding.acknowledged is not None for finding in findings),
            "known": sum(report.known for report in listed),
            "total": len(findings),
            "accepted_risks": [risk.as_json() for report in listed for risk in report.accepted],
        },
    }


def render(reports: Iterable[AuditReport]) -> str:
    """`document` as text, indented by two."""
    body = document(reports)
    findings = body["findings"]
    if not findings or any(finding["acknowledged"] for finding in findings):
        return json.dumps(body, indent=2) + "\n"
    # json indents in Python, a hundred times slower than it writes in C. Findings are flat, so that their fields can be
    # parted by lines; as no text holds an end of line, those between two findings are told from it.
    listed = json.dumps(findings, separators=(_FIELDS, ": "))[2:-2].replace("}" + _FIELDS + "{", _BETWEEN)
    rest = json.dumps({**body, "findings": []}, indent=2)
    return rest.replace('"findings": []', '"findings": [\n    {\n      ' + listed + "\n    }\n  ]", 1) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "title": finding.title,
        "message": finding.message,
        "template": finding.template,
        "logical_id": finding.logical_id,
        "property": finding.property,
        "construct_path": finding.construct_path,
        "line": finding.line,
        "acknowledged": None if finding.acknowledged is None else {"reason": finding.acknowledged},
        "fingerprint": finding.fingerprint,
        "mend": finding.mend,
    }
