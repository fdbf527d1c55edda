"""The rule pack as a cdk-nag pack: `Validations.of(app).add_plugins(EmrGuardChecks())`.

The pack judges the synthesized templates, as `emrguard audit` does, so it sees property overrides and raw
`CfnResource`s. This is the only module that imports CDK.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from cdk_nag import NagPack
from constructs import IConstruct

from emrguard_policies.assembly import Resource, load
from emrguard_policies.audit import Finding, audit
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules.acknowledgments import PACK
from emrguard_policies.rules.registry import all_rules, rule_of

_OWN_ID = re.compile(r"^EMRG\d{3}$")

_VALIDATIONS: WeakKeyDictionary[IConstruct, cdk.Validations] = WeakKeyDictionary()


class EmrGuardChecks(NagPack):
    """Every rule of emrguard over all stacks of an app, nested stacks included."""

    def __init__(self) -> None:
        super().__init__()
        self._pack_name = PACK

    @property
    def name(self) -> str:
        """The name before the rule ids in acknowledgments: `EmrGuard::EMRG201`."""
        return PACK

    @property
    def version(self) -> str:
        """The version of emrguard."""
        return version("emrguard")

    @property
    def rule_ids(self) -> list[str]:
        """The ids of all rules."""
        return [rule.id for rule in all_rules()]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Judge the templates of `context`. CDK matches acknowledgments and prints the report."""
        wanted = {Path(path).resolve() for path in context.template_paths}
        violations = []
        success = True
        for directory in _assemblies(wanted):
            report = audit(load(directory))
            if report.errors:
                raise InputError("; ".join(report.errors))
            for finding in report.findings:
                if finding.resource is None or _root(finding.resource) in wanted:
                    violations.append(_violation(finding))
                    success = success and finding.severity not in ("fatal", "error")
        return cdk.PolicyValidationPluginReport(success=success, violations=violations)

    def validate_scope(self, scope: IConstruct) -> cdk.PolicyValidationPluginReport:
        """Not supported: the rules judge templates, which a construct tree alone has not.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"{scope.node.path or 'the app'}: EmrGuardChecks judges synthesized templates; "
            "register it with Validations.of(app).add_plugins(EmrGuardChecks()) and synthesize"
        )

    def _check_resource(self, node: cdk.CfnResource) -> None:
        self.validate_scope(node)


def acknowledge(construct: IConstruct, rule_id: str, reason: str) -> None:
    """Accept a finding on a construct and all below it, for a reason that reaches every report.

    `rule_id` is one of ours (`EMRG201`), one of another pack (`AwsSolutions-EMR6`), or has its pack before it already
    (`EmrGuard::EMRG201`).

    Raises:
        InputError: the reason is empty, or the id is not that of a rule.
    """
    if not reason.strip():
        raise InputError(
            f"{construct.node.path}: the acknowledgment of {rule_id} has no reason; say why it is accepted"
        )
    _validations(construct).acknowledge(cdk.Acknowledgment(id=_qualified(rule_id), reason=reason.strip()))


def _validations(construct: IConstruct) -> cdk.Validations:
    found = _VALIDATIONS.get(construct)
    if found is None:
        found = _VALIDATIONS[construct] = cdk.Validations.of(construct)
    return found


def _qualified(rule_id: str) -> str:
    # cdk-nag's granular ids may hold '::' in brackets: AwsSolutions-IAM5[Resource::*].
    head = rule_id.partition("[")[0]
    namespace, separator, bare = head.partition("::")
    if not separator:
        namespace, bare = "", head
    if namespace == PACK or (not namespace and _OWN_ID.match(bare)):
        return f"{PACK}::{rule_of(bare).id}"
    if namespace:
        return rule_id
    pack, dash, _ = head.partition("-")
    if not dash:
        raise InputError(f"{rule_id!r} is no rule id; write EMRG201, AwsSolutions-EMR6 or <pack>::<rule>")
    return f"{pack}::{rule_id}"


def _assemblies(templates: set[Path]) -> list[Path]:
    """The outermost cloud assemblies that hold the templates."""
    found = set()
    for template in templates:
        directory = template.parent
        while (directory.parent / "manifest.json").is_file():
            directory = directory.parent
        found.add(directory)
    return sorted(found)


def _root(resource: Resource) -> Path:
    template = resource.template
    while template.parent is not None:
        template = template.parent
    return template.path.resolve()


def _violation(finding: Finding) -> cdk.PolicyViolation:
    place = cdk.PolicyViolatingResource(
        locations=[f"Properties.{finding.property}" if finding.property else "Properties"],
        # CDK finds the construct itself; the path in the metadata is not always written.
        resource_logical_id=finding.logical_id or None,
        template_path=finding.template if finding.logical_id else None,
    )
    return cdk.PolicyViolation(
        rule_name=finding.rule,
        description=f"{finding.title}: {finding.message}",
        severity=finding.severity,
        fix=finding.mend,
        violating_resources=[place],
    )
