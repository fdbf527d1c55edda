"""Every IAM action that the proof asks about exists."""

from __future__ import annotations

import json
from importlib.resources import files

from emrguard_policies import goal_actions, runners


def test_every_action_exists() -> None:
    """A misspelt action would be asked about in vain: no policy ever grants it."""
    text = files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text(encoding="utf-8")
    known = json.loads(text)
    asked = {
        action
        for name, actions in vars(goal_actions).items()
        if name.isupper() and isinstance(actions, tuple)
        for action in actions
    }
    asked |= {action for _, actions in runners.CREATORS.values() for action in actions}
    asked |= {action for each in (runners._USE, runners._SENDING) for actions in each.values() for action in actions}
    assert len(asked) > 250
    unknown = []
    for action in sorted(asked):
        service, _, name = action.partition(":")
        if name.lower() not in known[service]["Actions"]:
            unknown.append(action)
    assert not unknown
