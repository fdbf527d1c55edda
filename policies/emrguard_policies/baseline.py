"""A baseline: the findings of a day, by fingerprint, that later audits leave out.

It lets a team with old findings fail on new ones. What is accepted for good needs an acknowledgment with its reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.exceptions import InputError

VERSION = 1
"""The version of the file's format."""


def read(path: str) -> Counter[str]:
    """How often each fingerprint is in a baseline file.

    Raises:
        InputError: the file cannot be read, or `write` did not make it.
    """
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a baseline: {error}") from error
    if not isinstance(body, dict) or body.get("version") != VERSION or not isinstance(body.get("findings"), list):
        raise InputError(f"{path}: not a baseline of version {VERSION}; make one with --write-baseline")
    found = [item.get("fingerprint") if isinstance(item, dict) else None for item in body["findings"]]
    fingerprints = [fingerprint for fingerprint in found if isinstance(fingerprint, str)]
    if len(fingerprints) != len(found):
        raise InputError(f"{path}: a finding without a fingerprint; make the baseline again with --write-baseline")
    return Counter(fingerprints)


def write(path: str, reports: Iterable[AuditReport]) -> int:
    """Write all findings that nobody acknowledged, and return how many there are. Crashes of rules are left out.

    Raises:
        InputError: the file cannot be written.
    """
    found = [finding for report in reports for finding in report.findings if _may_be_known(finding)]
    found.sort(key=lambda finding: (finding.rule, finding.construct_path, finding.property, finding.fingerprint))
    findings = [
        {"fingerprint": finding.fingerprint, "rule": finding.rule, "construct_path": finding.construct_path}
        for finding in found
    ]
    try:
        Path(path).write_text(json.dumps({"version": VERSION, "findings": findings}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    return len(findings)


def apply(reports: Iterable[AuditReport], baseline: Counter[str]) -> list[AuditReport]:
    """The reports without what the baseline holds. A fingerprint hides as many findings as it was written for."""
    left = Counter(baseline)
    result = []
    for report in reports:
        kept = []
        for finding in report.findings:
            if _may_be_known(finding) and left[finding.fingerprint] > 0:
                left[finding.fingerprint] -= 1
            else:
                kept.append(finding)
        result.append(replace(report, findings=tuple(kept), known=len(report.findings) - len(kept)))
    return result


def _may_be_known(finding: Finding) -> bool:
    return finding.acknowledged is None and finding.severity != "fatal"
