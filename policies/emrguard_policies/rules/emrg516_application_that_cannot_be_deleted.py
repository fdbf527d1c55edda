"""EMR Serverless deletes an application only when it is stopped, and CloudFormation does not stop it.

After a job the application stays started until its idle time is over. Who deletes or replaces the stack within that
time is left with a stack in DELETE_FAILED. A custom resource that depends on the application and stops it first helps.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import custom_resources
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Applications that no custom resource stops before they are deleted."""
    for application in context.applications:
        said = custom_resources.of_application(context, application)
        stops = said.says("stopapplication", "stopondelete", "stopbefore")
        if stops:
            continue
        if stops is None:
            message = "whether it is stopped before its deletion depends on the deployment"
            yield Violation(application, "", message, undecided=True)
        else:
            yield Violation(application, "", "no custom resource stops it before CloudFormation deletes it")


RULE = Rule(
    id="EMRG516",
    name="application-that-cannot-be-deleted",
    severity="info",
    title="Application whose deletion fails while it is started",
    rationale=__doc__,
    mend="Add a custom resource that calls StopApplication, and waits, when the stack is deleted.",
    source="https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_DeleteApplication.html",
    check=check,
)
