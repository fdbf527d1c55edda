"""The name of a bucket does not say whose it is: once its owner deletes it, a stranger can make one of that name.

The condition `aws:ResourceAccount` says whose it must be. The rule judges roles and VPC endpoints that are marked as a
tenant's, where they name a bucket of no template of the app; of such a bucket, too, they name a folder, and list by
prefix. Endpoints may let through what goes to a bucket that the app imports for a reason. Where a job may assume a role
of another account, or use a key there, the condition keeps out roles and keys of the app's own account, in case it is
deployed to just that account: there they may be another tenant's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_BUCKET = re.compile(r"arn:[^:]*:s3:::(?P<name>[a-z0-9][a-z0-9.-]+[a-z0-9])(?P<objects>/.*)?")
_SOME_BUCKETS = re.compile(r"arn:[^:]*:s3:::[^/]*[*?][^/]*(?:/.*)?")
_OF_AWS = re.compile(r"prod\.[a-z0-9-]+\.appinfo\.src")
"""Where EMR Serverless keeps what the Spark UI shows."""
_OTHERS = re.compile(r"arn:[^:]*:(?:iam|kms):[^:]*:(?P<account>\d{12}):(?P<kind>role|key)/.*")
_OWNER = "aws:resourceaccount"
_ASSUME, _LIST, _LIST_VERSIONS = "sts:assumerole", "s3:listbucket", "s3:listbucketversions"
_ON_OBJECTS = ("s3:getobject", "s3:putobject", "s3:deleteobject")
_ON_KEYS = ("kms:decrypt", "kms:encrypt", "kms:generatedatakey")


def check(context: Context) -> Iterator[Violation]:
    """Statements of marked roles and endpoints about what is not the app's, without a condition on its owner."""
    for role in context.of("AWS::IAM::Role"):
        if role.mark.tenant:
            yield from _judge(context, context.documents_of(role))
    imported = context.imported("data-bucket", "arn", "")
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        if endpoint.mark.tenant and context.given(endpoint, "PolicyDocument"):
            yield from _judge(context, [context.document(endpoint, "PolicyDocument", "resource")], imported)


def _judge(context: Context, documents: list[Document], imported: frozenset[str] = frozenset()) -> Iterator[Violation]:
    for document in documents:
        if document.policy is None and document.opaque:
            yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
    abroad = {account for document in documents for item in document.statements for account in _owners(item)}
    for document in documents:
        own = context.resolver.account(document.resource.template)
        for statement in document.statements:
            found = [*_on_buckets(context, statement, imported), *_on_others(statement, own, abroad - {own})]
            if found:
                yield Violation(document.resource, document.where(statement), ", ".join(found))


def _owners(statement: Statement) -> Iterable[str]:
    return (value for condition in statements.positive(statement, _OWNER) for value in condition.values)


def _on_buckets(context: Context, statement: Statement, imported: frozenset[str]) -> Iterator[str]:
    acts = statements.named(statement, _ON_OBJECTS)
    lists = statements.named(statement, (_LIST,))
    for pattern in statement.resources or () if acts or lists else ():
        if _SOME_BUCKETS.fullmatch(pattern):
            yield f"{pattern} is buckets of others, too"
        match = _BUCKET.fullmatch(pattern)
        if match is None or _OF_AWS.fullmatch(match["name"]) or context.resolver.find(match["name"]) is not None:
            continue
        if pattern.partition("/")[0] in imported:
            continue
        if len(set(_owners(statement))) > 1:
            yield f"{match['name']} of several accounts"
        if not statements.tied(statement, (_OWNER,)):
            yield f"{match['name']} without aws:ResourceAccount"
        if acts and match["objects"] == "/*":
            yield f"{', '.join(acts)} on every object of {match['name']}"
        if lists and match["objects"] is None and not statements.tied(statement, ("s3:prefix",)):
            yield f"s3:ListBucket without s3:prefix on {match['name']}"
        elif lists and match["objects"] is None and statements.named(statement, (_LIST_VERSIONS,)):
            yield f"s3:ListBucketVersions on {match['name']}"


def _on_others(statement: Statement, own: str, abroad: set[str]) -> Iterator[str]:
    assumes, uses = statements.named(statement, (_ASSUME,)), statements.named(statement, _ON_KEYS)
    if not (assumes or uses) or _elsewhere(statement, own):
        return
    for pattern in statement.resources or ():
        match = _OTHERS.fullmatch(pattern)
        # A role or a key of an account that is known to be another one cannot turn out to be the app's own.
        if match is None or (own.isdecimal() and match["account"] != own):
            continue
        if match["kind"] == "role" and assumes:
            yield f"sts:AssumeRole on {pattern} without aws:ResourceAccount"
        elif match["kind"] == "key" and uses and match["account"] in abroad:
            yield f"{', '.join(uses)} with {pattern} without aws:ResourceAccount"


def _elsewhere(statement: Statement, own: str) -> bool:
    """Whether a condition names the owner, or keeps out what is of the app's own account."""
    return statements.tied(statement, (_OWNER,)) or any(
        condition.key.lower() == _OWNER
        and condition.operator in ("StringNotEquals", "StringNotLike")
        and not condition.if_exists
        and own in condition.values
        for condition in statement.conditions
    )


RULE = Rule(
    id="EMRG355",
    name="foreign-resource-without-owner",
    severity="warning",
    title="Right of a tenant on what is not the app's, without a condition on whose it is",
    rationale=__doc__,
    mend="Add StringEquals aws:ResourceAccount with the owner's account, name a folder, and list by s3:prefix.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-4", "AC-6")},
    check=check,
)
