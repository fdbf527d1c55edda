"""With `kms:ViaService` a role uses the key when it reads from S3 or submits a job, and in no other way.

Without it whoever becomes the role can decrypt a data key that was copied elsewhere, or encrypt with the key what no
bucket policy sees. The condition must stand in the key policy and in the role's own policy: either one is enough to
allow. The rule judges marked keys, and keys outside of the app that roles marked as a tenant's may use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_KEY = re.compile(r"arn:[^:]*:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]+$")
_VIA = "kms:viaservice"
_RUN_CODE = ("ec2", "ecs", "lambda", "sagemaker", "codebuild")
"""Services whose disks and functions are anybody's, so that a key used through them is used for anything."""
_USE = ("kms:decrypt", "kms:encrypt", "kms:generatedatakey")


def check(context: Context) -> Iterator[Violation]:
    """Statements of identity policies and key policies that let roles use a marked key without a service."""
    keys = dict.fromkeys(key for key in context.keys if key.mark.tenant or key.mark.shared)
    own = [(key, context.document(key, "KeyPolicy", "resource")) for key in keys if _has_policy(context, key)]
    documents = [document for document, _ in context.identity_documents if keys] + [document for _, document in own]
    for document in documents:
        if document.policy is None and document.opaque:
            yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
    for _, document, carriers, statement in context.granting(_USE):
        used = _used_directly(statement)
        reached = [key.logical_id for key in context.covered(statement, keys)] if used else []
        if used and any(role.mark.tenant for role in carriers):
            reached += [arn for arn in statement.resources or () if _KEY.match(arn) and not context.resolver.find(arn)]
        yield from _judge(document, statement, used, reached)
    # A key's own policy is about that key alone.
    for key, document in own:
        for statement in document.statements:
            yield from _judge(document, statement, _used_directly(statement), [key.logical_id])


def _has_policy(context: Context, key: Resource) -> bool:
    return context.given(key, "KeyPolicy") is not False


def _judge(document: Document, statement: Statement, used: list[str], reached: list[str]) -> Iterator[Violation]:
    if used and reached:
        found = f"{', '.join(used)} with {', '.join(reached)} without kms:ViaService of a store"
        yield Violation(document.resource, document.where(statement), found)


def _used_directly(statement: Statement) -> list[str]:
    """The actions that a statement allows roles without a service between."""
    by_roles = statement.principals is None or any(item.kind == "AWS" for item in statement.principals)
    used = statements.allowed(statement, _USE) if by_roles else []
    through = [value for item in statements.positive(statement, _VIA) for value in item.values]
    runs_code = any(value.partition(".")[0] in _RUN_CODE for value in through)
    return [] if used and statements.tied(statement, (_VIA,)) and not runs_code else used


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
