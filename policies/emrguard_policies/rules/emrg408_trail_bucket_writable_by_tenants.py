"""A tenant that can write, delete or re-configure where the trail delivers can hide what it did, or invent deeds.

Log file validation shows a deletion afterwards. It brings no record back.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_WRITES = (
    "s3:deleteobject",
    "s3:deleteobjectversion",
    "s3:putbucketpolicy",
    "s3:putlifecycleconfiguration",
    "s3:putobject",
)


def check(context: Context) -> Iterator[Violation]:
    """Statements of tenants' roles with rights to change the bucket of a trail."""
    trails = context.pointing("AWS::CloudTrail::Trail", "S3BucketName")
    arns = {bucket.logical_id: context.resolver.arn(bucket) or "" for bucket in trails}
    roles = set(context.execution_roles)
    roles.update(role for role in context.of("AWS::IAM::Role") if role.mark.part == "submitter-role")
    for document, carriers in context.identity_documents if arns else ():
        if roles.isdisjoint(carriers):
            continue
        if document.policy is None:
            yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            writes = statements.allowed(statement, _WRITES)
            found = [
                name
                for name, arn in arns.items()
                if context.covers(statement, arn) or context.covers(statement, f"{arn}/AWSLogs/x")
            ]
            if writes and found:
                message = (
                    f"a tenant's role may call {', '.join(writes)} on {', '.join(found)}, where the trail delivers"
                )
                yield Violation(document.resource, document.where(statement), message)


RULE = Rule(
    id="EMRG408",
    name="trail-bucket-writable-by-tenants",
    severity="error",
    title="Bucket of the trail that a tenant's role may change",
    rationale=__doc__,
    mend="Keep the trail's bucket out of the policies of execution and submitter roles.",
    source="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-9",), "PCI DSS 4.0": ("10.3.2",)},
    check=check,
)
