"""Every VPC endpoint is a door out of the network. With the default policy it opens to every account.

A job with foreign credentials then reaches the logs, keys or queues of a stranger, and no IAM policy of yours has a
say. The endpoint for S3 has a rule of its own, EMRG207.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.iam.model import Statement
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PolicyDocument"


def check(context: Context) -> Iterator[Violation]:
    """Endpoints, but those for S3, in VPCs of applications that let everybody do everything."""
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        service = str(context.get(endpoint, "ServiceName"))
        if context.target(endpoint, "VpcId") not in context.vpcs or service.endswith(".s3"):
            continue
        if context.given(endpoint, _PROPERTY) is False:
            found = f"no PolicyDocument is set for {service.rpartition('.')[2]}: everybody may do everything"
            yield Violation(endpoint, _PROPERTY, found)
            continue
        document = context.document(endpoint, _PROPERTY, "resource")
        if document.policy is None:
            yield Violation(endpoint, _PROPERTY, f"the policy cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            if _is_open(statement):
                found = "the statement allows everybody every action on everything, unconditionally"
                yield Violation(endpoint, document.where(statement), found)


def _is_open(statement: Statement) -> bool:
    return (
        statement.effect == "Allow"
        and not statement.conditions
        and "*" in (statement.actions or ())
        and "*" in (statement.resources or ())
        and any(item.value == "*" for item in statement.principals or ())
    )


RULE = Rule(
    id="EMRG208",
    name="endpoint-with-open-policy",
    severity="warning",
    title="VPC endpoint with the policy that allows everything",
    rationale=__doc__,
    mend=(
        "Give the endpoint a PolicyDocument with the actions and resources that jobs need, for principals of your "
        "account (aws:PrincipalAccount)."
    ),
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP05",), "NIST 800-53 r5": ("AC-4", "SC-7(5)")},
    check=check,
)
