"""`GetSessionEndpoint` hands out a token that runs code in a session, with all rights of its execution role.

It reads like a right to look, and `emr-serverless:Get*` includes it. A principal that may not start sessions, or that
submits batch jobs, has no need of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_TOKEN = ("emr-serverless:getsessionendpoint",)
_START = "emr-serverless:startsession"


def check(context: Context) -> Iterator[Violation]:
    """Statements that give the token of a session to principals that start none, and to submitters."""
    for document, _ in context.identity_documents if context.applications else ():
        if document.policy is None and document.opaque:
            yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
    for _, document, carriers, statement in context.granting(_TOKEN) if context.applications else ():
        if not statements.named(statement, _TOKEN):
            continue
        for carrier in carriers or (document.resource,):
            submits = carrier.mark.part == "submitter-role"
            if submits or not _starts(context, document, carrier):
                reason = "submits batch jobs only" if submits else "may start no session"
                found = f"{carrier.logical_id} may call GetSessionEndpoint, yet it {reason}"
                yield Violation(document.resource, document.where(statement), found)


def _starts(context: Context, document: Document, carrier: Resource) -> bool:
    return any(
        statements.allows(statement, _START)
        for held in [document, *context.documents_of(carrier)]
        for statement in held.statements
    )


RULE = Rule(
    id="EMRG317",
    name="session-token-without-session",
    severity="error",
    title="Token of a session for a principal that only looks or submits",
    rationale=__doc__,
    mend="List the actions to read one by one, without emr-serverless:GetSessionEndpoint.",
    source="https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonemrserverless.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
