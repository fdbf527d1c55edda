"""A role that jobs of two applications run with joins the data of both: the seal between the applications is gone.

Which application a role may serve is not written on the role; the policies of those who start jobs say it, by
`emr-serverless:StartJobRun` and `iam:PassRole` together.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_START = ("emr-serverless:startjobrun", "emr-serverless:startsession")


def check(context: Context) -> Iterator[Violation]:
    """Execution roles that some principal can use in two applications, or two principals in one each."""
    served: dict[Resource, set[Resource]] = {}
    applications, roles = set(context.applications), set(context.execution_roles)
    for documents in _principals(context):
        started = {
            application
            for document in documents
            for statement in document.statements
            if statements.allowed(statement, _START)
            for application in context.covered(statement, applications)
        }
        if not started:
            continue
        for document in documents:
            for statement in document.statements:
                if not statements.allows(statement, "iam:passrole"):
                    continue
                if any(len(item) == 1 and context.unknown(item) for item in statement.resources or ()):
                    found = "the role that may be passed depends on the deployment"
                    yield Violation(document.resource, document.where(statement), found, undecided=True)
                for role in context.covered(statement, roles):
                    served.setdefault(role, set()).update(started)
    for role, users in served.items():
        if len(users) > 1:
            found = ", ".join(sorted(application.construct_path for application in users))
            yield Violation(role, "", f"jobs of {len(users)} applications can run with this role: {found}")


def _principals(context: Context) -> Iterator[list[Document]]:
    """The policies of everybody; a managed policy that nobody here carries stands for itself."""
    seen: set[Resource] = set()
    for document, carriers in context.identity_documents:
        for principal in carriers:
            if principal not in seen:
                seen.add(principal)
                yield context.documents_of(principal)
        if not carriers:
            yield [document]


RULE = Rule(
    id="EMRG305",
    name="execution-role-of-two-applications",
    severity="error",
    title="One execution role for two applications",
    rationale=__doc__,
    mend=(
        "Give each application its own execution role, and let each submitter pass only the role of the "
        "application it starts."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6", "AC-4")},
    check=check,
)
