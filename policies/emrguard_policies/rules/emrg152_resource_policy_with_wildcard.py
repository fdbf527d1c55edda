"""A resource policy that allows `s3:*`, `kms:*` or all but some actions also lets its principal rewrite that policy.

What a service or role needs of a bucket, key, topic, secret or repository is a handful of actions; where the policy is
marked as a tenant's or the platform's, `s3:Put*` is too wide as well. The account root in a key policy has a rule of
its own, EMRG109.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import resource_policies, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Allow statements of resource policies with wildcards for a whole service, or that name what they leave out."""
    for document in resource_policies.documents(context):
        if document.policy is None:
            message = f"the policy cannot be read: {document.problem}"
            yield Violation(document.resource, document.path, message, undecided=True)
        for statement in document.statements:
            about = document.resource
            marked = bool(about.mark.tenant or about.mark.shared or about.type == "AWS::ECR::Repository")
            found = list(_wide(statement, marked)) if statement.effect == "Allow" else []
            if found and not resource_policies.names_root(context, statement):
                yield from (Violation(document.resource, document.where(statement), each) for each in found)


def _wide(statement: Statement, marked: bool) -> Iterator[str]:
    if statement.not_actions is not None:
        yield f"NotAction {', '.join(statement.not_actions)}"
    wild = [action for action in statement.actions or () if "*" in action and action not in statements.GRANTED_BY_CDK]
    found = wild if marked else [action for action in wild if action == "*" or action.endswith(":*")]
    if found:
        yield f"Action {', '.join(found)}"


RULE = Rule(
    id="EMRG152",
    name="resource-policy-with-wildcard",
    severity="error",
    title="Policy of a tenant's bucket, key, topic, secret or repository that allows all actions",
    rationale=__doc__,
    mend="List the actions that the principal needs.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
