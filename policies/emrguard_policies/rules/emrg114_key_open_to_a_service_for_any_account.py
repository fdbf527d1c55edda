"""A service uses a key on behalf of whoever asks it. Without the source in a condition, that may be a stranger.

`aws:SourceArn` or `aws:SourceAccount`, or the encryption context that holds an ARN of the account, ties the use to your
own applications and log groups: the guard against the confused deputy.

EventBridge sends none of these when it publishes to an encrypted topic, so a condition would lose every event. A key
that encrypts topics and nothing else may be open to it; who may publish is up to the policy of the topic.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, services

_PROPERTY = "KeyPolicy"
_USE = ("kms:decrypt", "kms:encrypt", "kms:generatedatakey", "kms:creategrant")
_UNSOURCED = {"events.amazonaws.com"}
_SOURCES = ("aws:sourcearn", "aws:sourceaccount", "kms:calleraccount")


def check(context: Context) -> Iterator[Violation]:
    """Statements of key policies for services that name no source."""
    for key in context.keys:
        if context.given(key, _PROPERTY) is False:
            continue
        document = context.document(key, _PROPERTY, "resource")
        if document.policy is None:
            yield Violation(key, _PROPERTY, f"the key policy cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            found = sorted(services(statement) - (_UNSOURCED if _encrypts_topics_only(context, key) else set()))
            if found and statements.allowed(statement, _USE) and not _tied(statement):
                message = f"{', '.join(map(context.shown, found))} may use the key for anybody"
                yield Violation(key, document.where(statement), message)


def _encrypts_topics_only(context: Context, key: Resource) -> bool:
    return not context.keys[key] and key in context.pointing("AWS::SNS::Topic", "KmsMasterKeyId")


def _tied(statement: Statement) -> bool:
    keys = {condition.key.lower() for condition in statement.conditions}
    tying = [key for key in keys if key in _SOURCES or key.startswith("kms:encryptioncontext:")]
    return statements.tied(statement, tying)


RULE = Rule(
    id="EMRG114",
    name="key-open-to-a-service-for-any-account",
    severity="error",
    title="Key of a tenant that a service may use for anybody",
    rationale=__doc__,
    mend="Add a condition on aws:SourceArn or aws:SourceAccount to the statement for the service.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP01",), "NIST 800-53 r5": ("AC-6", "SC-12")},
    check=check,
)
