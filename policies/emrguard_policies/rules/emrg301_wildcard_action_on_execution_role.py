"""Every job of the application runs with all rights of its execution role, and so does whoever gets a job to run.

A wildcard over a whole service includes the actions that delete, that change policies and that come next year.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Statements of execution roles that allow `*`, a whole service, or all but some actions."""
    for role in context.execution_roles:
        for document in context.documents_of(role):
            if document.policy is None:
                yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
            for statement in document.statements:
                if statement.effect != "Allow":
                    continue
                found = [action for action in statement.actions or () if action == "*" or action.endswith(":*")]
                if statement.not_actions is not None:
                    where = document.where(statement)
                    yield Violation(document.resource, where, f"NotAction {', '.join(statement.not_actions)}")
                elif found:
                    where = document.where(statement)
                    yield Violation(document.resource, where, f"Action {', '.join(found)}")
                elif any(map(context.unknown, statement.actions or ())):
                    where = document.where(statement)
                    yield Violation(document.resource, where, "an action depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG301",
    name="wildcard-action-on-execution-role",
    severity="error",
    title="Execution role with all actions of a service",
    rationale=__doc__,
    mend="List the actions that the jobs need, such as s3:GetObject and s3:PutObject.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-execution-role.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
