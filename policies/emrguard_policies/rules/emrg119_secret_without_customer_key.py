"""Secrets of configurations and of jobs need a key of yours.

EMR Serverless reads only secrets that are encrypted with a customer managed key, whose policy lets it decrypt.

With the key that AWS manages (`aws/secretsmanager`), which a secret gets by default, the reference cannot be resolved.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import secrets, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "KmsKeyId"


def check(context: Context) -> Iterator[Violation]:
    """Secrets that configurations refer to, or that execution roles may read, and that have no customer managed key."""
    judged: dict[Resource, None] = {}
    for application, path, secret in secrets.references(context):
        if secret is None:
            yield Violation(application, path, "the secret is not in the assembly", undecided=True)
        else:
            judged[secret] = None
    for role in context.execution_roles:
        for document in context.documents_of(role):
            for statement in document.statements:
                if statements.allows(statement, "secretsmanager:getsecretvalue"):
                    judged.update(dict.fromkeys(context.covered(statement, context.of("AWS::SecretsManager::Secret"))))
    for secret in judged:
        given = context.given(secret, _PROPERTY)
        if given is None or context.unknown(context.get(secret, _PROPERTY)):
            yield Violation(secret, _PROPERTY, "the key depends on the deployment", undecided=True)
        elif not given or str(context.get(secret, _PROPERTY)).endswith("alias/aws/secretsmanager"):
            yield Violation(secret, _PROPERTY, "the key is the one that AWS manages")


RULE = Rule(
    id="EMRG119",
    name="secret-without-customer-key",
    severity="error",
    title="Secret of a configuration or a job without a customer managed key",
    rationale=__doc__,
    mend="Set KmsKeyId to the tenant's key, and let emr-serverless.amazonaws.com decrypt through Secrets Manager.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/secrets-manager.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)",)},
    check=check,
)
