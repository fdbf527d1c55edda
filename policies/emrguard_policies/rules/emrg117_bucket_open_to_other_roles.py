"""Inside one account an IAM policy alone opens a bucket. Only a Deny in the bucket policy keeps other roles out.

The Deny names who is exempt (`aws:PrincipalArn` with `ArnNotEquals`, `aws:userId` with `StringNotLike`): then a
policy that somebody attaches elsewhere, an administrator's included, opens nothing. The rule judges buckets that are
marked as the data or log bucket of one tenant.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam import matching
from emrguard_policies.iam.model import Condition, Statement
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PolicyDocument"
_NAMING = ("aws:principalarn", "aws:userid")


def check(context: Context) -> Iterator[Violation]:
    """Marked buckets of one tenant whose policy denies reading to nobody."""
    for bucket in context.buckets:
        if not bucket.mark.tenant or bucket.mark.part not in ("data-bucket", "log-bucket"):
            continue
        documents = context.bucket_policies(bucket)
        arn = f"{context.resolver.arn(bucket)}/object"
        if any(_keeps_out(context, statement, arn) for document in documents for statement in document.statements):
            continue
        unread = [document for document in documents if document.policy is None]
        for document in unread:
            message = f"the bucket policy cannot be read: {document.problem}"
            yield Violation(document.resource, _PROPERTY, message, undecided=True)
        if not unread:
            found = "no Deny of its policy names who may read" if documents else "no bucket policy is set"
            yield Violation(documents[0].resource if documents else bucket, _PROPERTY if documents else "", found)


def _keeps_out(context: Context, statement: Statement, arn: str) -> bool:
    everybody = any(item.kind == "AWS" and item.value == "*" for item in statement.principals or ())
    reads = any(matching.action(pattern)("s3:getobject") for pattern in statement.actions or ())
    if statement.effect != "Deny" or not everybody or not reads or not context.covers(statement, arn):
        return False
    # A condition beside the exemption makes the Deny apply to fewer requests, unless it only exempts more.
    return (
        any(map(_names_principals, statement.conditions))
        and all("Not" in condition.operator for condition in statement.conditions)
    )  # fmt: skip


def _names_principals(condition: Condition) -> bool:
    """Whether a condition exempts some principals: not by a pattern that any role matches."""
    wide = any(set(value.rpartition("/")[2]) <= {"*"} for value in condition.values)
    return condition.key.lower() in _NAMING and bool(condition.values) and not wide


RULE = Rule(
    id="EMRG117",
    name="bucket-open-to-other-roles",
    severity="error",
    title="Bucket of a tenant that any role with an IAM policy may read",
    rationale=__doc__,
    mend="Deny object access in the bucket policy to everybody but the tenant's roles (ArnNotEquals aws:PrincipalArn).",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-3", "AC-6")},
    check=check,
)
