"""Reasons for what is less safe than the default: each reaches the manifest, and the rule that would report it."""

from __future__ import annotations

from constructs import IConstruct

from emrguard import _arguments
from emrguard_policies.nag import acknowledge


class Reasons:
    """The reasons that one construct was given."""

    def __init__(self, scope: IConstruct) -> None:
        self._scope = scope
        self.given: dict[str, str] = {}
        """Reason by argument."""

    def take(self, argument: str, reason: str | None, rule: str | None = None) -> bool:
        """Record a reason if there is one, and acknowledge the rule that reports what it is for.

        Returns:
            Whether there is a reason.

        Raises:
            ArgumentError: the reason says nothing.
        """
        if reason is None:
            return False
        self.given[argument] = _arguments.reason(self._scope.node.path, argument, reason)
        if rule is not None:
            acknowledge(self._scope, rule, self.given[argument])
        return True
