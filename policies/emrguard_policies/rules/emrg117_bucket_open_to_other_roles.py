"""Inside one account an IAM policy alone opens a bucket. Only a Deny in the bucket policy keeps other roles out.

The Deny names who is exempt (`aws:PrincipalArn` with `ArnNotEquals`, `aws:userId` with `StringNotLike`): then a
policy that somebody attaches elsewhere, an administrator's included, opens nothing. The rule puts requests of others
to the policies of buckets that are marked as a tenant's data or log bucket, or as the trail's. Roles that only a
service of AWS can become (service-linked ones, such as Macie's) may be exempt, and roles outside of the assembly that
a template says, with a reason, to be the tenant's.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.decide import Principal
from emrguard_policies.iam.model import Policy
from emrguard_policies.rules import probes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, Document

_PROPERTY = "PolicyDocument"
_PARTS = ("data-bucket", "log-bucket", "trail-bucket")


def check(context: Context) -> Iterator[Violation]:
    """Marked buckets whose policy lets a principal through that it does not name."""
    for bucket in context.buckets:
        if not (bucket.mark.tenant or bucket.mark.shared) or bucket.mark.part not in _PARTS:
            continue
        documents = context.bucket_policies(bucket)
        unread = probes.unread(documents)
        yield from unread
        if not unread:
            yield from _judge(context, bucket, documents)


def _judge(context: Context, bucket: Resource, documents: list[Document]) -> Iterator[Violation]:
    if not documents:
        yield Violation(bucket, "", "no bucket policy is set")
        return
    arn, account = context.resolver.arn(bucket) or "", probes.own_account(context, bucket)
    named = dict.fromkeys(_exempted(context, bucket, documents))
    stranger, actions = context.alike(_first_let_in, documents, arn, account, [*named])
    if actions:
        who = ["any other role", "AWS Config", "Amazon EC2", *map(context.shown, named)][stranger]
        yield Violation(documents[0].resource, _PROPERTY, f"no Deny keeps {who} from {', '.join(actions)}")


def _first_let_in(policies: list[Policy], arn: str, account: str, named: list[str]) -> tuple[int, list[str]]:
    """The first of those who should be kept out that is not, by its number, and what it may do."""
    strangers: list[Principal] = [
        probes.role(account),
        probes.service("config.amazonaws.com"),
        probes.service("ec2.amazonaws.com"),
        *(probes.role(account, name) for name in named),
    ]
    asked = probes.on_bucket(arn)
    for number, principal in enumerate(strangers):
        open_to = probes.unbarred(policies, principal, asked, account)
        if open_to:
            return number, [action for action, _ in open_to]
    return 0, []


def _exempted(context: Context, bucket: Resource, documents: list[Document]) -> Iterator[str]:
    """Principals that a Deny exempts and that are no roles of the bucket's owner."""
    tenant = bucket.mark.tenant
    imported = context.imported("execution-role", "arn", tenant) if tenant else frozenset()
    for document in documents:
        for statement in document.statements if document.policy else ():
            for condition in statement.conditions if statement.effect == "Deny" else ():
                for value in condition.values if condition.key.lower() == "aws:principalarn" else ():
                    role = context.resolver.find(value)
                    if ":role/aws-service-role/" in value or value in imported:
                        continue
                    if role is None or role.mark.tenant != bucket.mark.tenant:
                        yield value


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
