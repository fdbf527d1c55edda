"""The policies that stand on what belongs to tenants: keys, buckets, topics, secrets, repositories of images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules.context import Context, Document

_ACCOUNT = re.compile(r"^(?:arn:[^:]*:[a-z0-9-]+:[a-z0-9-]*:)?(\d{12})(?::.*)?$")
_REPOSITORY = "RepositoryPolicyText"
_ROOT = re.compile(r"^(\d{12}|arn:[^:]*:iam::[^:]*:root)$")


def documents(context: Context) -> Iterator[Document]:
    """Key policies, bucket policies, those of marked topics and secrets, and of repositories of images."""
    for key in context.keys:
        if context.given(key, "KeyPolicy") is not False:
            yield context.document(key, "KeyPolicy", "resource")
    for bucket in context.buckets:
        yield from context.bucket_policies(bucket)
    for kind, path in (
        ("AWS::SNS::TopicPolicy", "PolicyDocument"),
        ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy"),
    ):
        for resource in context.of(kind):
            if resource.mark.tenant or resource.mark.shared:
                yield context.document(resource, path, "resource")
    for repository in context.of("AWS::ECR::Repository") if context.applications else ():
        if context.given(repository, _REPOSITORY) is not False:
            yield context.document(repository, _REPOSITORY, "resource")


def names_root(context: Context, statement: Statement) -> bool:
    """Whether the principals of a statement are account roots only."""
    principals = statement.principals or ()
    readable = context.resolver.symbols.readable
    return bool(principals) and all(
        item.kind == "AWS" and _ROOT.match(readable(item.value)) is not None for item in principals
    )


def other_account(context: Context, resource: Resource, principal: str) -> str | None:
    """The account that a principal names by its number, unless it is the resource's own."""
    found = _ACCOUNT.match(principal)
    return found[1] if found and found[1] != context.resolver.account(resource.template) else None
