"""A policy that cannot be read cannot be judged: an unknown element, a wrong operator, a missing Effect.

The deployment would fail, or, worse, somebody would mend it by hand on the spot. Nor can a statement be judged whose
action, principal or pattern is a parameter, or comes from elsewhere: it may be `*`, which is said as undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import resource_policies
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_ENDPOINT = "AWS::EC2::VPCEndpoint"
_PATTERN = re.compile("Like|Arn|Not")


def check(context: Context) -> Iterator[Violation]:
    """Policy documents of tenants that do not parse, and statements of which only the deployment knows enough."""
    marked = any(resource.mark.tenant or resource.mark.shared for resource in context.assembly.resources())
    ours = bool(marked or context.applications or context.execution_roles)
    for document in _documents(context):
        if document.policy is None:
            yield Violation(document.resource, document.path, document.problem, undecided=document.opaque)
        for statement in document.statements if ours else ():
            found = list(_open(context, document, statement))
            if found:
                message = f"{' and '.join(found)} may be anything: the deployment decides"
                yield Violation(document.resource, document.where(statement), message, undecided=True)


def _documents(context: Context) -> Iterator[Document]:
    yield from (document for document, _ in context.identity_documents)
    yield from (context.trust(role) for role in context.of("AWS::IAM::Role"))
    yield from resource_policies.documents(context)
    for endpoint in context.of(_ENDPOINT):
        if context.given(endpoint, "PolicyDocument") is not False:
            yield context.document(endpoint, "PolicyDocument", "resource")


def _open(context: Context, document: Document, statement: Statement) -> Iterator[str]:
    """What of a statement is not known, and would make it allow more, or deny less, if it were the worst."""
    allows = statement.effect == "Allow"
    principals = statement.principals or statement.not_principals or ()
    if allows and context.any_open(statement.actions or statement.not_actions or ()):
        yield "Action"
    if allows and context.any_open([item.value for item in principals]):
        yield "Principal"
    # The rules about roles and buckets judge resources themselves.
    if allows and document.resource.type == _ENDPOINT and context.any_open(statement.resources or ()):
        yield "Resource"
    for condition in statement.conditions:
        # An Allow for one value, whichever it is, is for one. A pattern may be `*`, and a switch on either side.
        loose = not allows or condition.operator in ("Bool", "Null") or _PATTERN.search(condition.operator)
        if loose and context.any_open(condition.values):
            yield f"{condition.operator} {condition.key}"


RULE = Rule(
    id="EMRG310",
    name="unreadable-policy",
    severity="error",
    title="Policy document that IAM would refuse, or that nobody can judge",
    rationale=__doc__,
    mend="Write the document after the grammar of IAM policies.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
    check=check,
)
