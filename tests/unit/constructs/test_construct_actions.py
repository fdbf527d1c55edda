"""Every IAM action in a policy exists."""

from __future__ import annotations

import fnmatch
import json
from importlib.resources import files
from typing import Any

import pytest

from emrguard import _actions
from emrguard_policies.guardrails import permissions_boundary

_WRITTEN = sorted(
    {
        action
        for name, actions in vars(_actions).items()
        if name.isupper() and isinstance(actions, tuple)
        for action in actions
    }
)


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """cfn-lint's action database: lower-case actions by service prefix."""
    text = files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.mark.parametrize("action", _WRITTEN)
def test_the_action_exists(known: dict[str, Any], action: str) -> None:
    """A misspelt action would silently grant, or deny, nothing."""
    service, _, name = action.partition(":")
    assert fnmatch.filter(known[service]["Actions"], name.lower()), f"{action} is no action of {service}"


def test_execution_roles_work_within_the_boundary(tenant: Any) -> None:
    """The permissions boundary of `emrguard policies boundary` takes nothing away that a tenant's jobs are granted."""
    limit = [action for each in permissions_boundary().document["Statement"] for action in each["Action"]]
    _, granted = tenant.session("execution-role")
    actions = {action for policy in granted for statement in policy.statements for action in statement.actions or ()}
    assert actions
    assert [each for each in actions if not any(fnmatch.fnmatchcase(each.lower(), one.lower()) for one in limit)] == []


def test_all_actions_stand_in_one_module(tenant: Any, trail: Any) -> None:
    """No policy in the templates has an action, except CDK's own TLS denials, that is not in the checked list."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                collect(item)
        elif isinstance(value, dict):
            actions = value.get("Action", [])
            found.update([actions] if isinstance(actions, str) else actions)
            for item in value.values():
                collect(item)

    collect(tenant.template)
    collect(trail.template)
    assert found - set(_WRITTEN) == {"s3:*"}
