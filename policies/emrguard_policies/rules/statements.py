"""What a single policy statement allows: the questions that several rules share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from emrguard_policies.iam import matching
from emrguard_policies.iam.model import Condition, Statement

EMR_SERVERLESS_ACTIONS = frozenset(
    f"emr-serverless:{name}".lower()
    for name in (
        "AccessInteractiveEndpoints", "AccessLivyEndpoints", "AccessSystemProfileLogs", "CancelJobRun",
        "CreateApplication", "DeleteApplication", "GetApplication", "GetDashboardForJobRun", "GetJobRun",
        "GetResourceDashboard", "GetSession", "GetSessionEndpoint", "ListApplications", "ListJobRunAttempts",
        "ListJobRuns", "ListSessions", "ListTagsForResource", "StartApplication", "StartJobRun", "StartSession",
        "StopApplication", "TagResource", "TerminateSession", "UntagResource", "UpdateApplication",
    )
)  # fmt: skip
"""All actions of EMR Serverless, in lower case:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html
"""


GRANTED_BY_CDK = frozenset(
    {
        *(f"kms:{name}*" for name in ("Decrypt", "Describe", "Encrypt", "GenerateDataKey", "ReEncrypt")),
        *(f"s3:{name}*" for name in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List")),
    }
)
"""Actions as grants of the CDK spell them; rules of their own judge what those on buckets reach."""


def allows(statement: Statement, action: str) -> bool:
    """Whether a statement allows an action (in lower case) at all, on whatever resource."""
    return bool(allowed(statement, (action,)))


def allowed(statement: Statement, actions: tuple[str, ...]) -> list[str]:
    """Those of some actions (in lower case) that a statement allows at all, on whatever resource."""
    if statement.effect != "Allow":
        return []
    return [*_allowed(statement.actions, statement.not_actions, actions)]


def named(statement: Statement, actions: tuple[str, ...]) -> list[str]:
    """Those of some actions (in lower case) that a statement allows by patterns that say which service: not by `*`."""
    if statement.effect != "Allow" or statement.actions is None:
        return []
    return [*_allowed(tuple(pattern for pattern in statement.actions if pattern not in ("*", "*:*")), None, actions)]


def start_jobs(listed: Iterable[Statement]) -> bool:
    """Whether one of some statements, by name, lets somebody start jobs or sessions of EMR Serverless."""
    return any(named(statement, ("emr-serverless:startjobrun", "emr-serverless:startsession")) for statement in listed)


# Many rules ask the same of statements that differ in their resources alone.
@lru_cache(maxsize=65536)
def _allowed(
    patterns: tuple[str, ...] | None, excepted: tuple[str, ...] | None, actions: tuple[str, ...]
) -> tuple[str, ...]:
    matchers = [matching.action(pattern) for pattern in (patterns if excepted is None else excepted) or ()]
    return tuple(action for action in actions if any(match(action) for match in matchers) == (excepted is None))


def positive(statement: Statement, key: str) -> list[Condition]:
    """The conditions that demand a value of a key: negated ones, `…IfExists` and `Null` demand none."""
    return [
        condition
        for condition in statement.conditions
        if condition.key.lower() == key
        and "Not" not in condition.operator
        and condition.operator != "Null"
        and not condition.if_exists
        and condition.quantifier != "ForAllValues"
    ]


def wild(texts: Iterable[str]) -> bool:
    """Whether all of some condition values are wildcards only, those in the form of an ARN included."""
    return all(set(text.removeprefix("arn")) <= {"*", "?", ":"} for text in texts)


def tied(statement: Statement, keys: Iterable[str]) -> bool:
    """Whether a condition demands a value of one of some keys, and takes not just any value."""
    return any(
        not any(wild((value,)) for value in condition.values) for key in keys for condition in positive(statement, key)
    )
