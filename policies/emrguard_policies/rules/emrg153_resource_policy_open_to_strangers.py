"""A resource policy opens what it stands on to whoever it names, whatever their own account says.

Everybody, another account, a service that acts for whoever asks it (the confused deputy), and a service that runs code
of others have no business with what belongs to a tenant. For keys that a service uses for anybody see EMRG114.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import resource_policies, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_SOURCES = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "kms:calleraccount")
_CONFINING = ("kms:calleraccount", "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:sourcevpce")
_WHOSE = ("aws:sourceaccount", "aws:sourcearn", "aws:principalaccount", "aws:principalarn", "kms:calleraccount")
_SOURCELESS = "events.amazonaws.com"
"""EventBridge names no source when it uses a key; keys that are open to a service are EMRG114's."""
_RUNS_CODE = frozenset(
    f"{name}.amazonaws.com" for name in ("ec2", "ecs-tasks", "lambda", "sagemaker", "codebuild", "elasticmapreduce")
)


def check(context: Context) -> Iterator[Violation]:
    """Allow statements of resource policies for everybody, another account, or a service that is not tied down."""
    for document in resource_policies.documents(context):
        if document.policy is None:
            message = f"the policy cannot be read: {document.problem}"
            yield Violation(document.resource, document.path, message, undecided=True)
        for statement in document.statements:
            for found, undecided in _strangers(context, document, statement) if statement.effect == "Allow" else ():
                yield Violation(document.resource, document.where(statement), found, undecided=undecided)


def _strangers(context: Context, document: Document, statement: Statement) -> Iterator[tuple[str, bool]]:
    confined = statements.tied(statement, _CONFINING)
    tied = confined or statements.tied(statement, _SOURCES)
    if statement.not_principals is not None:
        yield "NotPrincipal lets everybody but some in", False
    elsewhere = document.resource.type == "AWS::KMS::Key" and document.resource.mark.part != "alerts-key"
    for condition in statement.conditions:
        for value in condition.values if condition.key.lower() in _WHOSE and "Not" not in condition.operator else ():
            account = resource_policies.other_account(context, document.resource, value)
            if account is not None:
                message = f"{condition.key} {context.shown(value)} lets account {account} in"
                yield message, not context.resolver.is_known(_account(context, document))
    for principal in statement.principals or ():
        sourceless = principal.value == _SOURCELESS and document.resource.type == "AWS::KMS::Key"
        if principal.kind == "AWS" and principal.value == "*":
            if not confined:
                yield "everybody is let in", False
        elif principal.kind == "AWS":
            account = resource_policies.other_account(context, document.resource, principal.value)
            if account is not None:
                yield f"account {account} is let in", not context.resolver.is_known(_account(context, document))
        elif principal.kind == "Service" and principal.value in _RUNS_CODE:
            yield f"{principal.value} is let in, which acts for the code of others", False
        elif principal.kind == "Service" and not tied and not (elsewhere or sourceless):
            yield f"{context.shown(principal.value)} is let in for anybody", False


def _account(context: Context, document: Document) -> str:
    return context.resolver.account(document.resource.template)


RULE = Rule(
    id="EMRG153",
    name="resource-policy-open-to-strangers",
    severity="error",
    title="Policy of a tenant's bucket, key, topic, secret or repository that lets a stranger in",
    rationale=__doc__,
    mend="Name roles of the tenant, or the service with aws:SourceArn or aws:SourceAccount.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP07",), "NIST 800-53 r5": ("AC-3", "AC-6")},
    check=check,
)
