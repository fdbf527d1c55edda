"""Each action of EMR Serverless is judged on one kind of resource: an application, or a job run of one.

`GetJobRun` on the ARN of an application allows nothing, nor does `StartJobRun` on `…/jobruns/*`. The usual repair in a
hurry is a wildcard, so it is worth to be told at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_APPLICATION = re.compile(r"^arn:[^:]*:emr-serverless:[^:]*:[^:]*:/applications/[^/*?]+$")
_JOB_RUN = re.compile(r"^arn:[^:]*:emr-serverless:[^:]*:[^:]*:/applications/[^/]+/jobruns/[^/]+$")
_ON_JOB_RUNS = {
    f"emr-serverless:{name}"
    for name in ("accesssystemprofilelogs", "canceljobrun", "getdashboardforjobrun", "getjobrun", "listjobrunattempts")
}
_ON_APPLICATIONS = {
    f"emr-serverless:{name}"
    for name in (
        "accessinteractiveendpoints", "accesslivyendpoints", "deleteapplication", "getapplication", "listjobruns",
        "startapplication", "startjobrun", "stopapplication", "updateapplication",
    )
}  # fmt: skip
_WRONG = (("an application", _ON_JOB_RUNS, _APPLICATION), ("a job run", _ON_APPLICATIONS, _JOB_RUN))


def check(context: Context) -> Iterator[Violation]:
    """Statements whose resources are all of the other kind than an action needs."""
    for _, document, _, statement in context.granting((*_ON_JOB_RUNS, *_ON_APPLICATIONS)):
        actions = {action.lower() for action in statement.actions or ()}
        if actions.isdisjoint(_ON_JOB_RUNS) and actions.isdisjoint(_ON_APPLICATIONS):
            continue
        where = document.where(statement)
        if any(map(context.unknown, statement.resources or ())):
            yield Violation(document.resource, where, "a resource depends on the deployment", undecided=True)
            continue
        for kind, needed, form in _WRONG:
            useless = [action for action in statement.actions or () if action.lower() in needed]
            if useless and _all_match(context, statement, form):
                message = f"{', '.join(useless)} on the ARN of {kind} allows nothing"
                yield Violation(document.resource, where, message)


def _all_match(context: Context, statement: Statement, form: re.Pattern[str]) -> bool:
    readable = context.resolver.symbols.readable
    resources = statement.resources or ()
    return bool(resources) and all(form.match(readable(item)) for item in resources)


RULE = Rule(
    id="EMRG319",
    name="action-on-the-wrong-resource",
    severity="warning",
    title="Action of EMR Serverless on a resource that it cannot be used with",
    rationale=__doc__,
    mend="Give job run actions <application ARN>/jobruns/*, and the others the ARN of the application.",
    source="https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html",
    check=check,
)
