"""The endpoint is the door of the network to S3. With the default policy it opens to every bucket of every account.

Then a job with foreign credentials copies data to a bucket of a stranger without any IAM policy of yours having a say.
The policy must still allow what the service itself needs: see the source.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PolicyDocument"


def check(context: Context) -> Iterator[Violation]:
    """Endpoints for S3 in VPCs of applications that let everybody do everything with every bucket."""
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        service = context.get(endpoint, "ServiceName")
        if context.target(endpoint, "VpcId") not in context.vpcs or not str(service).endswith(".s3"):
            continue
        if context.given(endpoint, _PROPERTY) is False:
            yield Violation(endpoint, _PROPERTY, "no PolicyDocument is set: the endpoint opens to every bucket")
            continue
        document = context.document(endpoint, _PROPERTY, "resource")
        if document.policy is None:
            yield Violation(endpoint, _PROPERTY, f"the policy cannot be read: {document.problem}", undecided=True)
        for statement in document.statements:
            everything = "*" in (statement.resources or ()) or "arn:aws:s3:::*" in (statement.resources or ())
            if statement.effect == "Allow" and (everything or statement.not_resources is not None):
                if statement.conditions:
                    continue
                yield Violation(
                    endpoint, document.where(statement), "the statement allows every bucket, unconditionally"
                )


RULE = Rule(
    id="EMRG207",
    name="storage-endpoint-open-to-any-bucket",
    severity="error",
    title="S3 endpoint whose policy allows any bucket of any account",
    rationale=__doc__,
    mend=(
        "Give the endpoint a PolicyDocument that names the buckets of the tenant and the bucket "
        "prod.<region>.appinfo.src."
    ),
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP05",), "NIST 800-53 r5": ("AC-4", "SC-7(5)")},
    check=check,
)
