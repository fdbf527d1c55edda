"""A policy that cannot be read cannot be judged: an unknown element, a wrong operator, a missing Effect.

The deployment would fail, or, worse, somebody would mend it by hand on the spot. Nor can a statement be judged whose
action or principal is a parameter, or comes from elsewhere: it may be `*`, which is said as undecided.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import resource_policies
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document


def check(context: Context) -> Iterator[Violation]:
    """Every policy document of tenants that does not parse, and statements that may allow anything or anybody."""
    marked = any(resource.mark.tenant or resource.mark.shared for resource in context.assembly.resources())
    ours = bool(marked or context.applications or context.execution_roles)
    for document in _documents(context):
        if document.policy is None:
            yield Violation(document.resource, document.path, document.problem, undecided=document.opaque)
        for statement in document.statements if ours else ():
            found = [name for name, texts in _open(statement) if any(_anything(context, text) for text in texts)]
            if found and statement.effect == "Allow":
                message = f"{' and '.join(found)} may be anything: the deployment decides"
                yield Violation(document.resource, document.where(statement), message, undecided=True)


def _documents(context: Context) -> Iterator[Document]:
    yield from (document for document, _ in context.identity_documents)
    yield from (context.trust(role) for role in context.of("AWS::IAM::Role"))
    yield from resource_policies.documents(context)
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        if context.given(endpoint, "PolicyDocument") is not False:
            yield context.document(endpoint, "PolicyDocument", "resource")


def _open(statement: Statement) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "Action", statement.actions or statement.not_actions or ()
    yield "Principal", tuple(item.value for item in statement.principals or statement.not_principals or ())


def _anything(context: Context, text: str) -> bool:
    return len(text) == 1 and context.unknown(text)


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
