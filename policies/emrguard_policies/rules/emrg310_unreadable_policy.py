"""A policy that cannot be read cannot be judged: an unknown element, a wrong operator, a missing Effect.

The deployment would fail, or, worse, somebody would mend it by hand on the spot.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Every policy document of tenants that does not parse."""
    documents = [document for document, _ in context.identity_documents]
    documents += [context.trust(role) for role in context.of("AWS::IAM::Role")]
    documents += [document for bucket in context.buckets for document in context.bucket_policies(bucket)]
    documents += [
        context.document(key, "KeyPolicy", "resource")
        for key in context.keys
        if context.given(key, "KeyPolicy") is not False
    ]
    for document in documents:
        if document.policy is None:
            yield Violation(document.resource, document.path, document.problem, undecided=document.opaque)


RULE = Rule(
    id="EMRG310",
    name="unreadable-policy",
    severity="error",
    title="Policy document that IAM would refuse",
    rationale=__doc__,
    mend="Write the document after the grammar of IAM policies.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
    check=check,
)
