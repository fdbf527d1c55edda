"""Judges an assembly by the rule pack."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from emrguard_policies.accepted import AcceptedRisk, accepted_risks
from emrguard_policies.assembly import Assembly, Resource
from emrguard_policies.exceptions import EmrGuardError
from emrguard_policies.rules.acknowledgments import acknowledgments
from emrguard_policies.rules.base import SEVERITIES, Rule, Severity, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.registry import all_rules, rule_of


@dataclass(frozen=True)
class Finding:
    """One finding.

    `template` is the path of the template file, `property` the path in the resource's Properties, `line` where the
    resource begins (None if unknown), `acknowledged` the reason that somebody gave, `fingerprint` the same for the same
    finding in every run whatever the line. `resource` is what it is about; None for a rule that crashed.
    """

    rule: str
    severity: Severity
    title: str
    message: str
    template: str
    logical_id: str
    property: str
    construct_path: str
    line: int | None
    acknowledged: str | None
    fingerprint: str
    mend: str
    resource: Resource | None = None


@dataclass(frozen=True)
class AuditReport:
    """Findings, worst first within a template, what could not be read, and how many findings a baseline left out.

    `accepted` are the less safe ways that the constructs were told to go, each with its reason.
    """

    findings: tuple[Finding, ...]
    errors: tuple[str, ...]
    known: int = 0
    accepted: tuple[AcceptedRisk, ...] = ()

    def worst(self) -> Severity | None:
        """The worst severity among findings that nobody acknowledged."""
        found = {finding.severity for finding in self.findings if finding.acknowledged is None}
        return next((severity for severity in SEVERITIES if severity in found), None)


def audit(
    assembly: Assembly, *, select: Iterable[str] = (), ignore: Iterable[str] = (), today: date | None = None
) -> AuditReport:
    """Run the rules of `select` (default all) but those of `ignore`.

    Support dates are judged for `today`, by default the present day.

    Raises:
        InputError: an unknown rule id, or templates that refer to themselves in a circle.
    """
    chosen = {rule_of(rule_id).id for rule_id in select} or {rule.id for rule in all_rules()}
    chosen -= {rule_of(rule_id).id for rule_id in ignore}
    return run(assembly, [rule for rule in all_rules() if rule.id in chosen], today=today)


def run(assembly: Assembly, rules: Iterable[Rule], *, today: date | None = None) -> AuditReport:
    """Run the given rules. A rule that raises becomes a finding of severity `fatal`."""
    context = Context(assembly, today or date.today())
    findings = [finding for rule in rules for finding in _judge(rule, context)]
    order = {template: index for index, template in enumerate(assembly.templates)}
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    findings.sort(
        key=lambda finding: (
            order[finding.resource.template] if finding.resource else -1,
            ranks[finding.severity],
            finding.rule,
        )
    )
    return AuditReport(tuple(findings), assembly.unread, accepted=accepted_risks(assembly))


def _judge(rule: Rule, context: Context) -> Iterator[Finding]:
    try:
        violations = context.violations(rule)
    except EmrGuardError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in one rule must neither hide the others nor pass as clean
        message = f"the rule crashed, so nothing is known: {type(error).__name__}: {error}"
        yield Finding(
            rule.id, "fatal", rule.title, message, str(context.assembly.path), "", "", "", None, None,
            _fingerprint(rule.id, "crash"), "Report this as a bug of emrguard, with the template.",
        )  # fmt: skip
        return
    seen: set[str] = set()
    for violation in violations:
        finding = _finding(rule, violation)
        # A rule may meet one value by two ways.
        same = finding.fingerprint + finding.message
        if same not in seen:
            seen.add(same)
            yield finding


def _finding(rule: Rule, violation: Violation) -> Finding:
    resource = violation.resource
    template = resource.template
    severity: Severity = rule.severity
    message = violation.message
    if violation.undecided:
        severity = "info" if rule.severity == "info" else "warning"
        message = f"could not decide: {message}"
    return Finding(
        rule=rule.id,
        severity=severity,
        title=rule.title,
        message=message,
        template=template.file,
        logical_id=resource.logical_id,
        property=violation.property,
        construct_path=resource.construct_path,
        line=resource.line,
        acknowledged=acknowledgments(resource).get(rule.id),
        fingerprint=_fingerprint(rule.id, template.file_name, resource.logical_id, violation.property),
        mend=rule.mend,
        resource=resource,
    )


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
