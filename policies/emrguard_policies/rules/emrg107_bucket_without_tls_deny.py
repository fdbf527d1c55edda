"""S3 still answers plain HTTP, and a client may negotiate an old TLS, unless the bucket policy denies it.

Two Deny statements are needed, for every principal, every action, the bucket and its objects: one for
`aws:SecureTransport` false, one for `s3:TlsVersion` below 1.2. Conditions of one statement must hold together, so a
single statement with both hardly ever matches and does not count.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam import matching
from emrguard_policies.iam.model import Condition, Policy, Statement
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Buckets that hold a tenant's data or logs and lack one of the two statements."""
    for bucket in context.buckets:
        documents = context.bucket_policies(bucket)
        http, old = context.alike(_denied, documents, context.resolver.arn(bucket) or "")
        if http and old:
            continue
        lacking = " and ".join(text for text, there in (("plain HTTP", http), ("TLS below 1.2", old)) if not there)
        if any(document.policy is None for document in documents):
            yield Violation(bucket, "", f"the bucket policy that may deny {lacking} cannot be read", undecided=True)
        else:
            yield Violation(bucket, "", f"no statement of a bucket policy denies {lacking} to everybody")


def _denied(policies: list[Policy], arn: str) -> tuple[bool, bool]:
    """Whether plain HTTP, and whether an old TLS, is denied."""
    statements = [statement for policy in policies for statement in policy.statements]
    denies = [statement.conditions[0] for statement in statements if _denies_all(statement, arn)]
    http = any(_is(condition, "aws:securetransport", ("Bool",)) and "false" in condition.values for condition in denies)
    old = any(_is(condition, "s3:tlsversion", ("NumericLessThan",)) and _at_least(condition) for condition in denies)
    return http, old


def _denies_all(statement: Statement, arn: str) -> bool:
    if statement.effect != "Deny" or len(statement.conditions) != 1:
        return False
    everybody = any(principal.kind == "AWS" and principal.value == "*" for principal in statement.principals or ())
    all_actions = any(action.lower() in ("*", "s3:*") for action in statement.actions or ())
    patterns = [matching.arn(pattern) for pattern in statement.resources or ()]
    covered = all(any(pattern(resource) for pattern in patterns) for resource in (arn, f"{arn}/any/object"))
    return everybody and all_actions and covered


def _is(condition: Condition, key: str, operators: tuple[str, ...]) -> bool:
    return condition.key.lower() == key and condition.operator in operators and condition.quantifier is None


def _at_least(condition: Condition) -> bool:
    return any(value in ("1.2", "1.3") for value in condition.values)


RULE = Rule(
    id="EMRG107",
    name="bucket-without-tls-deny",
    severity="error",
    title="Bucket of a tenant that does not refuse plain HTTP and TLS below 1.2",
    rationale=__doc__,
    mend=(
        "Deny s3:* to everybody on the bucket and its objects, in one statement where aws:SecureTransport is "
        "false and in another where s3:TlsVersion is less than 1.2."
    ),
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    frameworks={
        "AWS Well-Architected": ("SEC09-BP02",),
        "NIST 800-53 r5": ("SC-8(1)",),
        "CIS AWS Foundations 3.0": ("2.1.1",),
    },
    check=check,
)
