"""Judges a built app by everything there is: both rule packs inside of the synth, cfn-lint, the isolation proof."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, WriteNagSuppressionsToCloudFormationAspect
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from construct_support import ROOT, Synthesized

from emrguard_local.emr_serverless.application_rules import check_settings
from emrguard_local.host import ServiceError
from emrguard_local.resources.emr_serverless import _api_form
from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove
from emrguard_policies.nag import EmrGuardChecks

CALENDAR = ("EMRG502", "EMRG513", "EMRG514")
"""Rules about the age of a release: what they say depends on the day, not on the constructs."""


def judge(
    build: Callable[[cdk.App], object], directory: Path, region: str | None = None, *, lints: bool = True
) -> list[str]:
    """What anything has against an app that `build` makes, a line each. Nobody accepts anything here."""
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context = settings | {"aws:cdk:enable-path-metadata": True}
    app = cdk.App(context=context, outdir=str(directory), builtin_cloud_formation_validation=False)
    build(app)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), EmrGuardChecks())
    cdk.Aspects.of(app).add(WriteNagSuppressionsToCloudFormationAspect())
    # A violation of severity error raises; the report has it in any case.
    with contextlib.suppress(RuntimeError), contextlib.redirect_stdout(io.StringIO()):
        app.synth()
    found = list(_violations(directory))
    proof = prove(load(directory))
    if proof.verdict != "isolated":
        found += [f"proof {proof.verdict}: {each.check}: {each.principal} may {each.action} on {each.resource}"
                  for each in proof.counterexamples]  # fmt: skip
    for path in sorted(directory.glob("*.template.json")):
        found += _refused(path)
        if lints:
            found += lint_template(path, region)
    return found


def _refused(path: Path) -> Iterator[str]:
    """What the service would refuse at the deployment, as the local one does."""
    applications = Synthesized(json.loads(path.read_text(encoding="utf-8"))).of("AWS::EMRServerless::Application")
    for name, properties in applications.items():
        asked = {key[0].lower() + key[1:]: _api_form(key, value) for key, value in properties.items()}
        try:
            check_settings(properties["Type"].capitalize(), asked)
        except ServiceError as error:
            yield f"service {path.name} {name}: {error}"


def lint_template(path: Path, region: str | None) -> Iterator[str]:
    """What cfn-lint has against a template, warnings included."""
    ignored = ["W3005"]  # CDK's Function depends on its role in two ways, which is no harm.
    for match in lint(
        path.read_text(encoding="utf-8"), config=ManualArgs(regions=[region or "eu-west-1"], ignore_checks=ignored)
    ):
        place = "/".join(map(str, match.path or ()))
        yield f"cfn-lint {match.rule.id} {path.name} {place}: {match.message}"


def _violations(directory: Path) -> Iterator[str]:
    report: dict[str, Any] = json.loads((directory / "validation-report.json").read_text(encoding="utf-8"))
    names = {each["pluginName"] for each in report["pluginReports"]}
    assert {"AwsSolutions", "EmrGuard"} <= names, names
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            if violation["ruleName"] in CALENDAR:
                continue
            for construct in violation["violatingConstructs"]:
                yield f"{violation['ruleName']} {construct.get('constructPath')}: {violation['description']}"
