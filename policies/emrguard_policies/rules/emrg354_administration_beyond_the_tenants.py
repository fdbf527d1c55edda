"""Who creates, stops and tags applications of tenants has no business with the applications of others in the account.

Tags draw that line: a right on all applications, subnets or groups demands a tag of the request or of the resource, or
the service that calls. A right to tag must not reach the tag itself: who may put it on a foreign application takes it
over. The rule judges roles that are marked as the platform's administrators.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import statements, tagged
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_TAG = ("emr-serverless:tagresource", "emr-serverless:untagresource")


def check(context: Context) -> Iterator[Violation]:
    """Statements with a wildcard resource that no tag or service narrows, and rights to set the tag of a tenant."""
    for role in context.of("AWS::IAM::Role"):
        if role.mark.part != "platform-admin-role":
            continue
        for document in context.documents_of(role):
            if document.policy is None:
                yield Violation(document.resource, document.path, f"cannot be read: {document.problem}", undecided=True)
            for statement in document.statements:
                if statement.effect == "Allow" and not tagged.narrow(statement):
                    found = f"{', '.join(statement.actions or ('all but some actions',))} without a tag of a tenant"
                    yield Violation(document.resource, document.where(statement), found)
                elif statement.effect == "Allow" and (others := tagged.no_tenants(context, statement)):
                    found = f"a tag may be {', '.join(others)}, which is no tenant of the app"
                    yield Violation(document.resource, document.where(statement), found)
                elif statements.allowed(statement, _TAG) and not tagged.keeps_tag(statement):
                    found = "the tag of a tenant may be set on what belongs to another one"
                    yield Violation(document.resource, document.where(statement), found)


RULE = Rule(
    id="EMRG354",
    name="administration-beyond-the-tenants",
    severity="error",
    title="Administrator of the platform with rights over what is no tenant's",
    rationale=__doc__,
    mend="Add a condition on aws:ResourceTag or aws:RequestTag, and keep the tenant's tag out of aws:TagKeys.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security_iam_service-with-iam.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
