"""EMR Serverless itself reads the secret that a configuration refers to, not the job's role.

Without a resource policy that lets emr-serverless.amazonaws.com read it, every job of the application fails. With one,
the policy says which application may: nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import secrets, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import SERVICE, Context, services

_POLICY = "AWS::SecretsManager::ResourcePolicy"


def check(context: Context) -> Iterator[Violation]:
    """References to secrets that the service may not read."""
    for application, path, secret in secrets.references(context):
        if secret is None:
            yield Violation(application, path, "the secret is not in the assembly", undecided=True)
            continue
        documents = [
            context.document(policy, "ResourcePolicy", "resource")
            for policy in context.pointing(_POLICY, "SecretId").get(secret, ())
        ]
        for document in documents:
            if document.policy is None:
                message = f"the resource policy cannot be read: {document.problem}"
                yield Violation(document.resource, document.path, message, undecided=True)
        found = [
            statement
            for document in documents
            for statement in document.statements
            if SERVICE in services(statement) and statements.allows(statement, "secretsmanager:getsecretvalue")
        ]
        if not found and all(document.policy for document in documents):
            message = f"no resource policy of {secret.logical_id} lets {SERVICE} read it"
            yield Violation(secret, "", message)


RULE = Rule(
    id="EMRG118",
    name="secret-without-resource-policy",
    severity="error",
    title="Secret of a configuration that EMR Serverless may not read",
    rationale=__doc__,
    mend=(
        "Add an AWS::SecretsManager::ResourcePolicy that allows emr-serverless.amazonaws.com "
        "secretsmanager:GetSecretValue and secretsmanager:DescribeSecret, with the application as aws:SourceArn."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/secrets-manager.html",
    check=check,
)
