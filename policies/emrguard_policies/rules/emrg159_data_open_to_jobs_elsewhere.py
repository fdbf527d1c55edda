"""A job's credentials work wherever they are taken: code that a job runs can print them, or send them away.

Whoever has them reads the tenant's data from any place, for as long as they last. Jobs of an application in a VPC come
through its VPC endpoint, so that a bucket policy can refuse their role everywhere else (`aws:SourceVpc` or
`aws:SourceVpce`). The rule puts requests from outside to the policies of tenants' data buckets.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.model import Policy
from emrguard_policies.rules import probes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document


def check(context: Context) -> Iterator[Violation]:
    """Data buckets of a tenant with applications in a VPC, whose policy lets its execution roles in from anywhere."""
    closed = {each.mark.tenant for each in context.applications if context.subnets(each)}
    own = {context.resolver.ref(network) for network in context.vpcs} | set(_named(context))
    by_tenant: dict[str | None, list[Resource]] = {}
    for role in context.execution_roles:
        by_tenant.setdefault(role.mark.tenant, []).append(role)
    for bucket in context.buckets:
        tenant = bucket.mark.tenant
        if tenant is None or tenant not in closed or bucket.mark.part != "data-bucket":
            continue
        documents = context.bucket_policies(bucket)
        unread = probes.unread(documents)
        yield from unread
        roles = by_tenant.get(tenant, [])
        if unread or not documents or not roles:
            continue
        arns = [context.resolver.arn(role) or "" for role in roles]
        account = probes.own_account(context, bucket)
        number, actions = context.alike(_first_let_in, documents, context.resolver.arn(bucket) or "", account, arns)
        if actions:
            found = f"outside of its VPC no Deny keeps {_name(roles[number])} from {', '.join(actions)}"
            yield Violation(documents[0].resource, "PolicyDocument", found)
        for document in documents:
            for where, networks in _exempted(document, own):
                found = f"the Deny also spares {', '.join(map(context.shown, networks))}, no VPC of an application"
                yield Violation(document.resource, where, found)


def _named(context: Context) -> Iterator[str]:
    """The VPCs outside of the assembly that the security groups of applications are in."""
    for application in context.applications:
        for _, group in context.security_groups(application):
            vpc = context.get(group, "VpcId") if group is not None else None
            if isinstance(vpc, str):
                yield vpc


def _exempted(document: Document, own: set[str]) -> Iterator[tuple[str, list[str]]]:
    """Statements that refuse all VPCs but some, with those that are no application's; only where these are known."""
    for statement in document.statements if own else ():
        for condition in statement.conditions if statement.effect == "Deny" else ():
            spared = [value for value in condition.values if value not in own]
            if condition.key.lower() == "aws:sourcevpc" and "Not" in condition.operator and spared:
                yield document.where(statement), spared


def _first_let_in(policies: list[Policy], arn: str, account: str, roles: list[str]) -> tuple[int, list[str]]:
    """The first role that gets in, by its number, and what it may do."""
    for number, role in enumerate(roles):
        open_to = probes.unbarred(policies, probes.role(account, role), probes.on_bucket(arn), account)
        if open_to:
            return number, [action for action, _ in open_to]
    return 0, []


def _name(role: Resource) -> str:
    return role.construct_path.removesuffix("/Resource")


RULE = Rule(
    id="EMRG159",
    name="data-open-to-jobs-elsewhere",
    severity="warning",
    title="Data bucket that a job's credentials open from outside of the job's network",
    rationale=__doc__,
    mend="Deny object access to the execution roles where aws:SourceVpc is not the VPC of the application.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html",
    frameworks={"AWS Well-Architected": ("SEC05-BP02", "SEC03-BP05"), "NIST 800-53 r5": ("AC-4", "SC-7")},
    check=check,
)
