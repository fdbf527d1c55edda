"""What the owner of something imported has to add to its policy, because no template here can."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _arguments
from emrguard._kept import unresolved
from emrguard._manifest import Owner, Part
from emrguard.exceptions import ArgumentError


class HandedOver:
    """Statements for the policy of one imported thing.

    The trust in it goes into the template, so that the audit and the proof show it.

    Args:
        scope: the construct that stands for it.
        part: the part it plays.
        because: why it is trusted.
        facts: what it is, for the template.

    Raises:
        ArgumentError: the reason says nothing.
    """

    def __init__(self, scope: Construct, part: Part, because: str, **facts: str) -> None:
        self._scope, self._part = scope, part
        self.reason = _arguments.reason(scope.node.path, "because", because)
        self._statements: dict[str, list[iam.PolicyStatement]] = {}
        Owner(shared=self.reason).declare_one_of(scope, part, **facts)

    def add(self, statement: iam.PolicyStatement, place: str = "") -> None:
        """One more statement, for one of several places; the first one warns that there are some."""
        if not self._statements:
            cdk.Annotations.of(self._scope).add_warning_v2(
                f"emrguard:imported-{self._part}",
                "only its owner can change its policy: hand over what statements_for_owner gives, and acknowledge this",
            )
        self._statements.setdefault(place, []).append(statement)

    def text(self) -> str:
        """The statements as JSON, also of what is granted later."""
        return self._as_text(self._statements.setdefault("", []))

    def by_place(self) -> dict[str, str]:
        """The statements as JSON, by place."""
        return {place: self._as_text(statements) for place, statements in self._statements.items()}

    def _as_text(self, statements: list[iam.PolicyStatement]) -> str:
        return cdk.Stack.of(self._scope).to_json_string(cdk.Lazy.any(_Statements(statements)))


@jsii.implements(cdk.IStableAnyProducer)
class _Statements:
    """Statements as they are when the template is written."""

    def __init__(self, statements: list[iam.PolicyStatement]) -> None:
        self._statements = statements

    def produce(self) -> Any:
        """Each as JSON."""
        return [each.to_statement_json() for each in self._statements]


def check(scope: Construct, id: str, argument: str, value: str, form: re.Pattern[str], mend: str) -> None:
    """A name or ARN of what is imported; what only the deployment knows passes.

    Raises:
        ArgumentError: it has another form.
    """
    if not unresolved(value) and not form.fullmatch(value):
        raise ArgumentError(f"{scope.node.path}/{id}", argument, value, mend)
