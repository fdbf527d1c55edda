"""The audit as SARIF 2.1.0, which code scanning of GitHub and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.report.places import relative
from emrguard_policies.rules.base import Rule
from emrguard_policies.rules.registry import all_rules

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""Where the schema of the format is published."""
FINGERPRINT = "emrguard/v1"
"""The name of our fingerprint in a result."""
_LEVELS = {"fatal": "error", "error": "error", "warning": "warning", "info": "note"}


def render(reports: Iterable[AuditReport]) -> str:
    """The reports of several paths as one run."""
    listed = list(reports)
    rules = all_rules()
    positions = {rule.id: index for index, rule in enumerate(rules)}
    findings = [finding for report in listed for finding in report.findings]
    errors = [error for report in listed for error in report.errors]
    crashed = any(finding.severity == "fatal" for finding in findings)
    run: dict[str, Any] = {
        "tool": {
            "driver": {"name": "emrguard", "semanticVersion": version("emrguard"), "rules": list(map(_rule, rules))}
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not errors and not crashed,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": error}} for error in errors],
            }
        ],
        "results": [_result(finding, positions) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    tags = [f"{framework} {control}" for framework, controls in rule.frameworks.items() for control in controls]
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.rationale.strip()},
        "help": {"text": rule.mend},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        **({"properties": {"tags": tags}} if tags else {}),
    }


def _result(finding: Finding, positions: dict[str, int]) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.template)}}
    if finding.line:
        physical["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.logical_id:
        location["logicalLocations"] = [
            {"name": finding.logical_id, "fullyQualifiedName": finding.construct_path, "kind": "resource"}
        ]
    at = f" ({finding.property})" if finding.property else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.title}: {finding.message}{at}. {finding.mend}"},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }
    if finding.rule in positions:
        result["ruleIndex"] = positions[finding.rule]
    if finding.acknowledged is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.acknowledged}]
    return result


def _uri(template: str) -> str:
    path = relative(template)
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)
