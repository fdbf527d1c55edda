"""The audit as one HTML page without outside files: findings that can be filtered by tenant, severity and rule.

The filters are style rules, so they also work where scripts are forbidden, as in the artifacts of many pipelines; the
page's one script only counts what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from emrguard_policies.accepted import AcceptedRisk
from emrguard_policies.audit import AuditReport, Finding
from emrguard_policies.report.as_text import verdict
from emrguard_policies.report.places import relative
from emrguard_policies.rules.base import SEVERITIES

ACKNOWLEDGED = "acknowledged"
"""The severity that the page shows for a finding that somebody accepted."""
SHARED = "shared or unmarked"
"""The tenant that the page shows for what is no tenant's."""


@dataclass(frozen=True)
class Item:
    """A finding as the page shows it: `classes` are what the filters look for."""

    finding: Finding
    severity: str
    classes: str


@dataclass(frozen=True)
class Group:
    """All findings on one construct of one template."""

    heading: str
    place: str
    tenant: str
    items: tuple[Item, ...]

    @property
    def classes(self) -> str:
        """Every class of an item, so that a group is hidden with its last item."""
        return " ".join(sorted({name for item in self.items for name in item.classes.split()}))


@dataclass(frozen=True)
class Choice:
    """One entry of a filter: `value` is its class, `text` its name, `count` how many findings it has."""

    value: str
    text: str
    count: int


def render(reports: Iterable[AuditReport]) -> str:
    """The reports of several paths as one page."""
    listed = list(reports)
    tenants: dict[str, str] = {}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for report in listed:
        for finding in report.findings:
            groups.setdefault((finding.template, finding.construct_path), []).append(finding)
            tenants.setdefault(_tenant(finding), f"t{len(tenants)}")
    shown = [_group(findings, tenants) for findings in groups.values()]
    items = [item for group in shown for item in group.items]
    names: dict[str, str] = {item.finding.rule: item.finding.title for item in items}
    environment = Environment(
        loader=PackageLoader("emrguard_policies", "report"),
        autoescape=select_autoescape(["j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    accepted: list[AcceptedRisk] = [risk for report in listed for risk in report.accepted]
    return environment.get_template("audit.html.j2").render(
        verdict=verdict(listed).plain,
        groups=shown,
        filters={
            "tenant": _choices(items, [(tenants[name], name) for name in sorted(tenants)]),
            "severity": _choices(items, [(f"s-{name}", name) for name in (*SEVERITIES, ACKNOWLEDGED)]),
            "rule": _choices(items, [(f"r-{rule}", f"{rule} {names[rule]}") for rule in sorted(names)]),
        },
        total=len(items),
        accepted=accepted,
        errors=[error for report in listed for error in report.errors],
    )


def _group(findings: list[Finding], tenants: dict[str, str]) -> Group:
    first = findings[0]
    place = relative(first.template)
    items = []
    for finding in findings:
        severity = finding.severity if finding.acknowledged is None else ACKNOWLEDGED
        classes = f"{tenants[_tenant(finding)]} s-{severity} r-{finding.rule}"
        items.append(Item(finding, severity, classes))
    return Group(
        first.construct_path or "emrguard",
        f"{place}:{first.line}" if first.line else place,
        _tenant(first),
        tuple(items),
    )


def _tenant(finding: Finding) -> str:
    return (finding.resource.mark.tenant if finding.resource else None) or SHARED


def _choices(items: list[Item], names: list[tuple[str, str]]) -> list[Choice]:
    counts = Counter(name for item in items for name in item.classes.split())
    return [Choice(value, text, counts[value]) for value, text in names if counts[value]]
