"""With `kms:ViaService` a role uses the key when it reads from S3 or submits a job, and in no other way.

Without it whoever becomes the role can decrypt a data key that was copied elsewhere, or encrypt with the key what no
bucket policy sees. The condition must stand in the key policy and in the role's own policy: either one is enough to
allow. The rule judges marked keys.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_USE = ("kms:decrypt", "kms:encrypt", "kms:generatedatakey")


def check(context: Context) -> Iterator[Violation]:
    """Statements of identity policies and key policies that let roles use a marked key without a service."""
    keys = dict.fromkeys(key for key in context.keys if key.mark.tenant or key.mark.shared)
    # A key's own policy is about that key alone.
    documents: list[tuple[Document, Resource | None]] = [
        (document, None) for document, _ in context.identity_documents if keys
    ]
    for key in keys:
        if context.given(key, "KeyPolicy") is not False:
            documents.append((context.document(key, "KeyPolicy", "resource"), key))
    for document, own in documents:
        if document.policy is None and document.opaque:
            yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            used = [action for action in _USE if _directly(statement, action)]
            reached = ([own] if own else context.covered(statement, keys)) if used else []
            if reached:
                names = ", ".join(key.logical_id for key in reached)
                found = f"{', '.join(used)} with {names} without kms:ViaService"
                yield Violation(document.resource, document.where(statement), found)


def _directly(statement: Statement, action: str) -> bool:
    """Whether a statement allows roles an action without a service between."""
    by_roles = statement.principals is None or any(item.kind == "AWS" for item in statement.principals)
    return by_roles and statements.allows(statement, action) and not statements.tied(statement, ("kms:viaservice",))


RULE = Rule(
    id="EMRG353",
    name="key-used-outside-of-its-services",
    severity="warning",
    title="Role that may use a tenant's key directly, not only through a service",
    rationale=__doc__,
    mend="Add the condition StringEquals kms:ViaService with the services that need the key.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP01",), "NIST 800-53 r5": ("AC-6", "SC-12")},
    check=check,
)
