"""The page `docs/personas.md`: what each persona may do, read from the policies of a synthesized platform.

`python -m emrguard._personas_page docs/personas.md` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from emrguard.audit_trail import AuditTrail
from emrguard.auditor_role import AuditorRole
from emrguard.interactive import Interactive
from emrguard.interactive_user_role import InteractiveUserRole
from emrguard.platform_admin_role import PlatformAdminRole
from emrguard.submitter_role import SubmitterRole
from emrguard.tenant import Tenant
from emrguard.viewer_role import ViewerRole

_PERSONAS: Mapping[str, tuple[str, type, str]] = {
    "platform-admin-role": (
        "Platform admin",
        PlatformAdminRole,
        "Creates, changes, starts, stops and deletes applications, cancels job runs and ends sessions. Runs no job, "
        "passes no role, reads no data.",
    ),
    "submitter-role": (
        "Submitter",
        SubmitterRole,
        "Uploads scripts and inputs, runs jobs of one tenant, reads their outputs and logs.",
    ),
    "viewer-role": (
        "Viewer",
        ViewerRole,
        "Sees applications and job runs. What the lines from the dashboard on allow it has only with `logs=True`.",
    ),
    "interactive-role": (
        "Interactive user",
        InteractiveUserRole,
        "Works interactively in one application of a tenant, with all rights of its execution role. The table "
        "shows all three ways; a role has those that it was given.",
    ),
    "auditor-role": ("Auditor", AuditorRole, "Reads the records of the audit trail, and nothing else."),
}
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::Region": "<region>",
    "AWS::AccountId": "<account>",
}
_INTRO = """# Personas

Who may do what. Each persona is a role that people assume with MFA; nobody gets rights as a user. The tables are
generated from the policies of a platform with one tenant, by `make docs`; a test compares them. `<…>` stands for a
resource of the tenant or of the platform, by its part in the manifest.

A right in a table is not enough where data is concerned: bucket and key policies of a tenant name the roles that they
admit, and refuse everyone else. The roles for people of IAM Identity Center are permission sets: `ViewerRole`,
`InteractiveUserRole` and `PlatformAdminRole` give their inline policy with `permission_set()`.

| Persona | Construct | Session | Holds |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    resources = _platform()
    rows, sections = [], []
    for part, (name, construct, summary) in _PERSONAS.items():
        role_id, role = next(
            (key, each)
            for key, each in resources.items()
            if each["Type"] == "AWS::IAM::Role" and _part(resources, key) == part
        )
        hours = role["Properties"]["MaxSessionDuration"] // 3600
        statements = list(_statements(resources, role_id))
        count = len({action for statement in statements for action in _listed(statement["Action"])})
        rows.append(
            f"| [{name}](#{name.lower().replace(' ', '-')}) | `{construct.__name__}` | {hours} h | {count} actions |"
        )
        sections.append(f"\n## {name}\n\n{summary}\n\n" + _table(resources, statements))
    return _INTRO + "\n".join(rows) + "\n" + "".join(sections)


def _platform() -> Mapping[str, Any]:
    stack = cdk.Stack(cdk.App(builtin_cloud_formation_validation=False), "Platform")
    tenant = Tenant(
        stack,
        "Tenant",
        name="flights",
        interactive=Interactive(
            studio_because="analysts explore on-time statistics",
            livy_because="analysts explore on-time statistics",
            sessions_because="analysts explore on-time statistics",
        ),
    )
    AuditTrail(stack, "Trail", buckets=[tenant.data, tenant.logs.bucket])
    PlatformAdminRole(stack, "Admin", tenants=[tenant])
    ViewerRole(stack, "Viewer", tenants=[tenant], logs=True)
    InteractiveUserRole(stack, "Interactive", tenant=tenant, ways=["studio", "livy", "sessions"])
    resources: Mapping[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return resources


def _part(resources: Mapping[str, Any], logical_id: str) -> str:
    return str(resources[logical_id].get("Metadata", {}).get("emrguard", {}).get("part", ""))


def _statements(resources: Mapping[str, Any], role: str) -> Iterator[Mapping[str, Any]]:
    for each in resources.values():
        if each["Type"] == "AWS::IAM::Policy" and {"Ref": role} in each["Properties"]["Roles"]:
            yield from each["Properties"]["PolicyDocument"]["Statement"]


def _table(resources: Mapping[str, Any], statements: list[Mapping[str, Any]]) -> str:
    lines = ["| Allowed actions | On | If |", "|---|---|---|"]
    for statement in statements:
        actions = "<br>".join(f"`{action}`" for action in _listed(statement["Action"]))
        on = "<br>".join(f"`{_text(resources, each)}`" for each in _listed(statement["Resource"]))
        conditions = "<br>".join(
            f"`{key}` {operator} {' or '.join(f'`{_text(resources, value)}`' for value in _listed(values))}"
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
        lines.append(f"| {actions} | {on} | {conditions or '–'} |")
    return "\n".join(lines) + "\n"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(resources: Mapping[str, Any], value: Any) -> str:
    """A value of a template as people read it."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(_text(resources, each) for each in argument[1])
    name = argument if function == "Ref" else argument[0]
    return _PSEUDO.get(name) or f"<{_part(resources, name)}>"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
