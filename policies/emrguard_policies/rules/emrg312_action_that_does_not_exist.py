"""IAM accepts any word before and after the colon. A misspelt Allow gives nothing; a misspelt Deny protects nothing.

The service is `emr-serverless` in policies; `emrserverless` is its name in Step Functions only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from emrguard_policies.iam import matching
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Actions of identity policies that match no action of the service."""
    for document, _ in context.identity_documents:
        for statement in document.statements:
            for action in statement.actions or statement.not_actions or ():
                if context.unknown(action):
                    where = document.where(statement)
                    yield Violation(document.resource, where, "an action depends on the deployment", undecided=True)
                elif _misspelt(action):
                    where = document.where(statement)
                    yield Violation(document.resource, where, f"no action of the service matches {action}")


@lru_cache(maxsize=4096)
def _misspelt(action: str) -> bool:
    service = action.partition(":")[0].lower()
    if service == "emr-serverless":
        return not any(map(matching.action(action), statements.EMR_SERVERLESS_ACTIONS))
    return service.replace("-", "").replace("_", "") == "emrserverless"


RULE = Rule(
    id="EMRG312",
    name="action-that-does-not-exist",
    severity="warning",
    title="Action of EMR Serverless that does not exist",
    rationale=__doc__,
    mend="Write the action as the service authorization reference lists it.",
    source="https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html",
    check=check,
)
