"""The audit as JUnit XML, which GitLab, Jenkins and others show as tests: a test case for every finding.

A finding that fails the audit is a failed test, an acknowledged one a skipped test, another one a passed test with
its text as output. What could not be read is a test with an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from xml.etree import ElementTree

from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.report.places import relative
from emrguard_policies.rules.base import Severity


def render(reports: Iterable[AuditReport], failing: Collection[Severity]) -> str:
    """The reports as one suite; `failing` are the severities that fail the audit."""
    listed = list(reports)
    suite = ElementTree.Element("testsuite", name="emrguard audit")
    for report in listed:
        for finding in report.findings:
            _add(suite, finding, failing)
        for error in report.errors:
            _element(_case(suite, error, "not read"), "error", message=error)
    if not len(suite):
        _case(suite, "no findings", "emrguard")
    suite.set("tests", str(len(suite)))
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{kind}"))))
    document = ElementTree.Element("testsuites", suite.attrib)
    document.append(suite)
    ElementTree.indent(document)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(document, encoding="unicode") + "\n"


def _add(suite: ElementTree.Element, finding: Finding, failing: Collection[Severity]) -> None:
    case = _case(suite, f"{finding.rule} {finding.title}", finding.construct_path or "emrguard")
    place = relative(finding.template) + (f":{finding.line}" if finding.line else "")
    at = f"{finding.property}: " if finding.property else ""
    text = f"{place}\n{at}{finding.message}\n{finding.mend}"
    if finding.acknowledged is not None:
        _element(case, "skipped", message=finding.acknowledged)
    elif finding.severity in failing:
        _element(case, "failure", text, message=finding.message, type=finding.severity)
    else:
        _element(case, "system-out", text)


def _case(suite: ElementTree.Element, name: str, group: str) -> ElementTree.Element:
    return _element(suite, "testcase", name=name, classname=group)


def _element(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, {name: _clean(value) for name, value in attributes.items()})
    element.text = _clean(text) or None
    return element


def _clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(char if char in "\t\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
