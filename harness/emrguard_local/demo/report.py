"""The one-page HTML report of the demo."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from emrguard_local.demo.story import Denial, JobRun
from emrguard_policies.assembly import Assembly
from emrguard_policies.audit import AuditReport
from emrguard_policies.proof import Proof
from emrguard_policies.rules.acknowledgments import every_acknowledgment

RECORD_COLUMNS = ("event", "principal", "on", "outcome")


@dataclass(frozen=True)
class Acknowledged:
    """Findings of one rule that were accepted for one reason, on these constructs."""

    rule: str
    reason: str
    constructs: tuple[str, ...]


def acknowledged(assembly: Assembly) -> list[Acknowledged]:
    """What the templates acknowledge, of every rule pack; one entry a rule and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for resource in assembly.resources():
        for _, rule, reason in every_acknowledgment(resource):
            found.setdefault((rule.partition("[")[0], reason), []).append(resource.construct_path)
    return [Acknowledged(rule, reason, tuple(where)) for (rule, reason), where in sorted(found.items())]


@dataclass
class Facts:
    """What the demo found out, part by part."""

    audit: AuditReport | None = None
    acknowledged: list[Acknowledged] = field(default_factory=list)
    proof: Proof | None = None
    deployed: list[tuple[str, str, str]] = field(default_factory=list)
    jobs: list[JobRun] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[tuple[str, float]] = field(default_factory=list)


def record_rows(records: list[dict[str, Any]]) -> list[list[str]]:
    """The last record of each event name and outcome, refused ones first."""
    latest: dict[tuple[str, str], list[str]] = {}
    for record in records:
        outcome = record.get("errorCode", "allowed")
        latest[record["eventName"], outcome] = [record["eventName"], principal(record), _object(record), outcome]
    return sorted(latest.values(), key=lambda row: (row[3] == "allowed", row[0]))


def principal(record: dict[str, Any]) -> str:
    """Who made the call, short: role/session, user name or service."""
    identity = record["userIdentity"]
    arn = str(identity.get("arn", identity.get("invokedBy", identity["type"])))
    return arn.rsplit(":", 1)[-1].removeprefix("assumed-role/").removeprefix("user/")


def _object(record: dict[str, Any]) -> str:
    asked = record.get("requestParameters") or {}
    if "bucketName" in asked:
        return "/".join(str(asked[key]) for key in ("bucketName", "key") if asked.get(key))
    arns = [str(each["ARN"]) for each in record.get("resources") or [] if "ARN" in each]
    if arns:
        return arns[0]
    return str(next((value for value in asked.values() if isinstance(value, str)), ""))


def write(facts: Facts, path: Path) -> None:
    """Render the report; the page needs no network and no script."""
    environment = Environment(
        loader=PackageLoader("emrguard_local.demo", ""),
        autoescape=select_autoescape(["j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["principal"] = principal
    page = environment.get_template("report.html.j2").render(
        facts=facts, record_columns=RECORD_COLUMNS, record_rows=record_rows(facts.records)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
