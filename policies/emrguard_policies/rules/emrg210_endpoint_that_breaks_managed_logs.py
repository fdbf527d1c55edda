"""EMR Serverless writes the managed logs and what the Spark UI shows into a bucket of its own, through your endpoint.

An endpoint policy for S3 that names the tenant's buckets only cuts them off: the UI stays empty and managed logs are
missing, without an error. The policy must let the service put objects into `prod.<region>.appinfo.src`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.assembly import Template
from emrguard_policies.iam.model import Statement
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PolicyDocument"
_MANAGED = "MonitoringConfiguration.ManagedPersistenceMonitoringConfiguration.Enabled"
_OBJECTS = re.compile(r"^arn:[^:]*:s3:::prod\.[^/]+\.appinfo\.src/\*$")


def check(context: Context) -> Iterator[Violation]:
    """Endpoints for S3 in VPCs with managed logs that do not let the service write them."""
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        vpc = context.target(endpoint, "VpcId")
        if vpc not in context.vpcs or not str(context.get(endpoint, "ServiceName")).endswith(".s3"):
            continue
        managed = [
            item for item in context.applications_in(vpc) if context.flag(context.get(item, _MANAGED)) is not False
        ]
        if not managed or context.given(endpoint, _PROPERTY) is False:
            continue
        document = context.document(endpoint, _PROPERTY, "resource")
        if document.policy is None:
            yield Violation(endpoint, _PROPERTY, f"the policy cannot be read: {document.problem}", undecided=True)
        elif not any(_lets_write(context, statement, endpoint.template) for statement in document.statements):
            names = ", ".join(item.logical_id for item in managed)
            found = f"no statement allows s3:PutObject on prod.<region>.appinfo.src/*, which {names} needs"
            yield Violation(endpoint, _PROPERTY, found)


def _lets_write(context: Context, statement: Statement, template: Template) -> bool:
    if not statements.allows(statement, "s3:putobject"):
        return False
    region = context.resolver.region(template)
    if context.covers(statement, f"arn:aws:s3:::prod.{region}.appinfo.src/applications"):
        return True
    readable = context.resolver.symbols.readable
    return any(_OBJECTS.match(readable(pattern)) for pattern in statement.resources or ())


RULE = Rule(
    id="EMRG210",
    name="endpoint-that-breaks-managed-logs",
    severity="error",
    title="S3 endpoint whose policy cuts off managed logs and the Spark UI",
    rationale=__doc__,
    mend=(
        "Allow s3:PutObject and s3:PutObjectAcl on prod.<region>.appinfo.src and its objects, with the conditions "
        "aws:PrincipalServiceName emr-serverless.amazonaws.com and aws:SourceVpc; or turn managed logs off."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html",
    check=check,
)
