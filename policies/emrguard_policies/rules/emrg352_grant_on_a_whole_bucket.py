"""A job that may write everywhere in its bucket may rewrite its own scripts, and a submitter the results of others.

CDK's own `grant_read(role, "input/*")` allows listing of the whole bucket. The rule judges buckets that are marked as a
tenant's data or log bucket: rights on objects name a folder, `s3:ListBucket` demands an `s3:prefix`, and nobody lists
versions (`s3:List*` does). Of the trail's bucket auditors list everything, but no versions either.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_TRAIL = "trail-bucket"
_ON_OBJECTS = ("s3:getobject", "s3:putobject", "s3:deleteobject", "s3:abortmultipartupload")
_LIST, _LIST_VERSIONS = "s3:listbucket", "s3:listbucketversions"


def check(context: Context) -> Iterator[Violation]:
    """Statements on every object of a marked bucket, and listings of all of it."""
    arns = {
        bucket: context.resolver.arn(bucket) or ""
        for bucket in context.buckets
        if bucket.mark.part == _TRAIL or (bucket.mark.tenant and bucket.mark.part in ("data-bucket", "log-bucket"))
    }
    for document, _ in context.identity_documents if arns else ():
        if document.policy is None and document.opaque:
            yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
    for _, document, _, statement in context.granting((*_ON_OBJECTS, _LIST, _LIST_VERSIONS)) if arns else ():
        acts = statements.allowed(statement, _ON_OBJECTS)
        lists = statements.allows(statement, _LIST) and not statements.tied(statement, ("s3:prefix",))
        versions = statements.named(statement, (_LIST_VERSIONS,))
        if not (acts or lists or versions):
            continue
        for bucket in arns if _any_name(statement) else dict.fromkeys(context.buckets_in(statement)):
            if bucket not in arns:
                continue
            trail = bucket.mark.part == _TRAIL
            if acts and not trail and context.covers(statement, f"{arns[bucket]}/any-folder/object"):
                found = f"{', '.join(acts)} on every object of {bucket.logical_id}"
                yield Violation(document.resource, document.where(statement), found)
            if versions and (trail or not lists) and context.covers(statement, arns[bucket]):
                found = f"s3:ListBucketVersions on {bucket.logical_id}: what was overwritten and deleted shows"
                yield Violation(document.resource, document.where(statement), found)
            if lists and not trail and context.covers(statement, arns[bucket]):
                found = f"s3:ListBucket without s3:prefix on {bucket.logical_id}"
                yield Violation(document.resource, document.where(statement), found)


def _any_name(statement: Statement) -> bool:
    """Whether a statement may mean buckets that it does not name."""
    names = [pattern.partition("/")[0] for pattern in statement.resources or ("*",)]
    return any("*" in name or "?" in name for name in names)


RULE = Rule(
    id="EMRG352",
    name="grant-on-a-whole-bucket",
    severity="warning",
    title="Role with rights on all objects of a tenant's bucket where a folder would do",
    rationale=__doc__,
    mend="Name a folder (<bucket ARN>/input/*), and give s3:ListBucket a condition StringLike s3:prefix.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
