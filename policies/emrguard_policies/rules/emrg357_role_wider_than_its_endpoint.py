"""What a job's role may do and its VPC endpoint does not let through serves nobody but a thief of its credentials.

Jobs in the tenant's network reach Glue, DynamoDB, Kinesis and Secrets Manager through endpoints whose policies name
what each role needs. A wildcard in the role's own policy that no endpoint has is of use outside of the network only.
The rule compares roles and endpoints that are marked as the same tenant's.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_SERVICES = ("glue:", "dynamodb:", "kinesis:", "secretsmanager:")


def check(context: Context) -> Iterator[Violation]:
    """Wildcards in policies of execution roles that endpoints of their tenant for the same actions do not have."""
    let_through: dict[str, list[Statement]] = {}
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        if endpoint.mark.tenant and context.given(endpoint, "PolicyDocument"):
            document = context.document(endpoint, "PolicyDocument", "resource")
            if document.policy is None and document.opaque:
                yield Violation(endpoint, document.path, f"cannot be read: {document.problem}", undecided=True)
            let_through.setdefault(endpoint.mark.tenant, []).extend(document.statements)
    for role in context.execution_roles:
        through = let_through.get(role.mark.tenant or "", [])
        for document in context.documents_of(role) if through else ():
            for statement in document.statements:
                found = [context.shown(each) for each in _only_outside(context, statement, through)]
                if found:
                    message = f"{', '.join(found)} is let through by no endpoint of tenant {role.mark.tenant}"
                    yield Violation(document.resource, document.where(statement), message)


def _only_outside(context: Context, statement: Statement, through: list[Statement]) -> Iterator[str]:
    actions = tuple(action.lower() for action in statement.actions or () if action.lower().startswith(_SERVICES))
    wild = [item for item in statement.resources or () if "*" in item and item != "*"]
    if statement.effect != "Allow" or not actions or not wild:
        return
    patterns = [item for each in through if statements.allowed(each, actions) for item in each.resources or ("*",)]
    for item in wild if patterns else ():
        if not any(item == each or context.matches(each, item) for each in patterns):
            yield item


RULE = Rule(
    id="EMRG357",
    name="role-wider-than-its-endpoint",
    severity="warning",
    title="Execution role with rights by wildcard that its VPC endpoint does not let through",
    rationale=__doc__,
    mend="Name in the role's policy what the endpoint's policy names, or let it through with network.allow_service.",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02", "SEC03-BP05"), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
