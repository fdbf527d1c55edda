"""A key policy that lets the account root use the key lets every principal whose IAM policy says so use it.

The IAM policies of the account are then the only gate, and an administrator, or anybody who can attach a policy, reads
every tenant's data. So is the policy that KMS writes when a template gives none. The root should keep administration,
without Decrypt, Encrypt, ReEncrypt, GenerateDataKey and CreateGrant; use goes to named roles and services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "KeyPolicy"
_USE = ("kms:decrypt", "kms:encrypt", "kms:reencryptfrom", "kms:generatedatakey", "kms:creategrant")
_ACCOUNT = re.compile(r"^(\d{12}|arn:[^:]*:iam::[^:]*:root)$")


def check(context: Context) -> Iterator[Violation]:
    """Keys of tenants whose use is open to the whole account or to everybody."""
    for key in context.keys:
        if context.given(key, _PROPERTY) is False:
            yield Violation(key, _PROPERTY, "no KeyPolicy is set: KMS writes one that opens the key to the account")
            continue
        document = context.document(key, _PROPERTY, "resource")
        if document.policy is None:
            yield Violation(key, _PROPERTY, f"the key policy cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            everybody = _everybody(context, statement)
            used = statements.allowed(statement, _USE)
            if everybody and used and not _confined(statement):
                label = statement.sid or f"#{statement.index}"
                yield Violation(
                    key, document.where(statement), f"statement {label} lets {everybody} call {', '.join(used)}"
                )


def _everybody(context: Context, statement: Statement) -> str:
    if statement.not_principals is not None:
        return "everybody but some"
    for principal in statement.principals or ():
        if principal.kind == "AWS" and principal.value == "*":
            return "everybody"
        if principal.kind == "AWS" and _ACCOUNT.match(context.resolver.symbols.readable(principal.value)):
            return f"every principal of {context.shown(principal.value)}"
    return ""


def _confined(statement: Statement) -> bool:
    """Whether a condition narrows the statement to named principals."""
    keys = {condition.key.lower() for condition in statement.conditions}
    narrow = [key for key in keys if key in ("aws:principalarn", "aws:userid") or key.startswith("aws:principaltag/")]
    return statements.tied(statement, narrow)


RULE = Rule(
    id="EMRG109",
    name="key-open-to-the-account",
    severity="error",
    title="Key of a tenant that every principal of the account may come to use",
    rationale=__doc__,
    mend=(
        "Give use of the key to named roles and services only; let the account root administer it without "
        "kms:Decrypt, kms:Encrypt, kms:ReEncrypt*, kms:GenerateDataKey* and kms:CreateGrant."
    ),
    source="https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02", "SEC08-BP01"), "NIST 800-53 r5": ("AC-6", "SC-12")},
    check=check,
)
