"""The policy of an endpoint is what holds code with stolen or smuggled credentials: IAM of another account cannot help.

The rule puts requests to it: of a principal of another account, for a resource of another account or tenant, and for an
action that changes policies. Each must fail. Endpoints with the default policy have rules of their own, EMRG207 and
EMRG208; the rule judges those that are marked as a tenant's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import itemgetter

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.decide import Principal
from emrguard_policies.iam.model import Policy, Statement
from emrguard_policies.rules import probes, statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "PolicyDocument"
_KEY = "key/00000000-0000-4000-8000-000000000000"
_PROBES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # service: what jobs do, what they never do, names of resources that are nobody's
    "s3": (
        ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"),
        ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutLifecycleConfiguration", "s3:PutObjectRetention"),
        ("arn:aws:s3:::somebody-elses/object", "arn:aws:s3:::somebody-elses", "arn:aws:s3:::prod.x.appinfo.src/object"),
    ),
    "logs": (
        ("logs:PutLogEvents", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:CreateLogGroup"),
        ("logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:PutSubscriptionFilter"),
        ("arn:aws:logs:{region}:{account}:log-group:/somebody/else:log-stream:x",
         "arn:aws:logs:{region}:{account}:log-group:/somebody/else"),
    ),
    "kms": (
        ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"),
        ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateGrant"),
        (f"arn:aws:kms:{{region}}:{{account}}:{_KEY}",),
    ),
    "sts": (
        ("sts:GetCallerIdentity",), ("sts:AssumeRole",), ("arn:aws:iam::{account}:role/somebody-elses",),
    ),
}  # fmt: skip


# What stands before the first wildcard, or the stand-in of one (see `matching`).
_PLAIN = re.compile("[^*?\ue000-\ue002]*")
_ANY_PLACE = re.compile(r"^arn:[^:]*:(?:s3:::[^/]+\*|(?:logs|kms):(?:[^:]*\*[^:]*:[^:]*|[^:]*:[^:]*\*[^:]*):)")
_WITHOUT_PLACE = re.compile(
    r"^arn:[^:]*:(?:iam::[^:]*\*[^:]*|(?!s3:|iam:)[^:]+:(?:[^:]*\*[^:]*:[^:]*|[^:]*:[^:]*\*[^:]*)):"
)
_WHOLE = re.compile(r"^arn:[^:]*:(?:glue|dynamodb|kinesis|secretsmanager)(?::[^:]*){2}:(?:\w+[:/])?\*(?:/\*)?$")
_KNOWS_NO_RESOURCE = re.compile(
    r"[\w-]+:(?:describe\w*|list(?!bucket|multipart)\w*|getcalleridentity|getauthorizationtoken|getdataaccess|putmetricdata|put(trace|tele)\w*)$"
)
_WHO = ("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalservicename")
_STORES = {"s3": ("AWS::S3::Bucket",), "logs": ("AWS::Logs::LogGroup",), "kms": ("AWS::KMS::Key",)}


def check(context: Context) -> Iterator[Violation]:
    """Marked endpoints whose policy lets one of the requests through."""
    for endpoint in context.of("AWS::EC2::VPCEndpoint"):
        if not endpoint.mark.tenant or context.given(endpoint, _PROPERTY) is False:
            continue
        document = context.document(endpoint, _PROPERTY, "resource")
        if document.policy is None:
            yield Violation(endpoint, _PROPERTY, f"the policy cannot be read: {document.problem}", undecided=True)
            continue
        for statement in document.policy.statements:
            found = [*_wide(statement), *_past(context, statement)] if statement.effect == "Allow" else []
            if found:
                yield Violation(endpoint, document.where(statement), ", ".join(found))
        service = str(context.get(endpoint, "ServiceName")).rpartition(".")[2]
        if service in _PROBES:
            yield from _judge(context, endpoint, document.policy, service)


def _wide(statement: Statement) -> Iterator[str]:
    """What of a statement is no list of names, whatever the service."""
    for element, excluded in (("NotAction", statement.not_actions), ("NotResource", statement.not_resources)):
        if excluded is not None:
            yield f"{element} {', '.join(excluded)}"
    yield from (f"Action {action}" for action in statement.actions or () if "*" in action)
    actions = _lower(statement)
    for pattern in statement.resources or ():
        if _WITHOUT_PLACE.match(pattern) or _WHOLE.match(pattern):
            yield f"Resource {pattern}"
        elif pattern == "*" and not all(map(_KNOWS_NO_RESOURCE.match, actions)):
            yield f"{', '.join(statement.actions or ('all actions',))} on Resource *"
    if not statements.tied(statement, _WHO):
        yield "no condition says whose principals may use it"
    if "cloudwatch:putmetricdata" in actions and not statements.tied(statement, ("cloudwatch:namespace",)):
        yield "metrics may be put into any namespace"


def _lower(statement: Statement) -> tuple[str, ...]:
    return tuple(action.lower() for action in statement.actions or ())


def _past(context: Context, statement: Statement) -> Iterator[str]:
    """Wildcards for roles of the app that their own policies do not have."""
    named = [value for item in statements.positive(statement, "aws:principalarn") for value in item.values]
    roles = [role for role in map(context.resolver.find, named) if role is not None and role.type == "AWS::IAM::Role"]
    if not named or len(roles) < len(named) or all(map(_KNOWS_NO_RESOURCE.match, _lower(statement))):
        return
    own = [
        pattern
        for role in roles
        for document in context.documents_of(role)
        for each in document.statements
        if statements.allowed(each, _lower(statement))
        for pattern in each.resources or ()
    ]
    for pattern in statement.resources or ():
        if "*" in pattern and pattern not in own and not any(context.matches(each, pattern) for each in own):
            yield f"Resource {context.shown(pattern)}, which the policies of {roles[0].logical_id} do not name"


def _judge(context: Context, endpoint: Resource, policy: Policy, service: str) -> Iterator[Violation]:
    account, region = probes.own_account(context, endpoint), context.resolver.region(endpoint.template)
    used, never, nobodys = _PROBES[service]
    named_apart = (*used, *never) if service in _STORES else never
    own, stranger = probes.role(account), probes.role(probes.STRANGER)
    named = [pattern.replace("*", "x") for item in policy.statements for pattern in item.resources or ()]
    vpc = {"aws:SourceVpc": context.resolver.ref(target)} if (target := context.target(endpoint, "VpcId")) else {}
    by = [
        vpc,
        *(vpc | {"aws:PrincipalServiceName": name} for name in ("ec2.amazonaws.com", "emr-serverless.amazonaws.com")),
    ]
    asked: list[tuple[str, Principal, tuple[str, ...], list[str], list[dict[str, str]]]] = [
        ("a principal of another account", stranger, (*used, *never), named, by[:2]),
        ("nobody who says who they are", Principal("anonymous", "", ""), used, named, by[:1]),
        ("a principal of this account, for what no job does", own, never, named, by),
        ("a principal of this account, on a resource of another one", own, named_apart,
         [name.format(region=region, account=probes.STRANGER) for name in nobodys], by),
        ("a principal of this account, on a resource of another Region", own, used,
         [name.format(region="xx-none-1", account=account) for name in nobodys if "{region}" in name], by),
        ("a principal of this account, on what is not the tenant's", own,
         tuple(item for item in (*used, *never) if "Describe" not in item),
         [name.format(region=region, account=account) for name in nobodys if service in ("logs", "kms")], by),
    ]  # fmt: skip
    for pattern in (item for statement in policy.statements for item in statement.resources or ()):
        if _ANY_PLACE.match(pattern):
            yield Violation(endpoint, _PROPERTY, f"{context.shown(pattern)} in any account or Region")
            return
    for who, principal, actions, resources, contexts in asked:
        found = _passing(policy, principal, actions, resources, account, contexts)
        if found:
            yield Violation(endpoint, _PROPERTY, f"{', '.join(found)} by {who} gets through")
            return
    statements = [item for item in policy.statements if item.effect == "Allow" and not _looks(item)]
    for other in _near(context, statements, service):
        if other.mark.tenant in (None, endpoint.mark.tenant):
            continue
        names = _names(context, other)
        if any(context.covers(item, name) for item in statements for name in names):
            yield Violation(endpoint, _PROPERTY, f"{other.logical_id} of tenant {other.mark.tenant} is reached")
            return


def _passing(
    policy: Policy,
    who: Principal,
    actions: Iterable[str],
    names: list[str],
    account: str,
    contexts: list[dict[str, str]],
) -> list[str]:
    """Those of some actions that get through to one of some resources in one of some contexts."""
    found: set[str] = set()
    for owner, theirs in (
        (probes.STRANGER, [name for name in names if _is_strange(name)]),
        (account, [name for name in names if not _is_strange(name)]),
    ):
        asked = [(action, name) for action in actions for name in theirs]
        for keys in contexts if asked else ():
            found.update(action for action, _ in probes.passing(policy, who, asked, owner, keys))
    return [action for action in actions if action in found]


def _is_strange(name: str) -> bool:
    return probes.STRANGER in name or "somebody-elses" in name


def _names(context: Context, store: Resource) -> tuple[str, str, str]:
    """A store and something in it, as statements name them."""
    arn = context.resolver.arn(store) or ""
    return arn, f"{arn}/x", f"{arn}:x"


def _near(context: Context, statements: list[Statement], service: str) -> list[Resource]:
    """The stores of a service of which some statements may name one: all that begin as one of their patterns does."""
    stores = context.of(*_STORES.get(service, ()))
    if any(item.resources is None for item in statements):
        return stores
    names = context.once(_sorted_names)
    near: set[Resource] = set()
    for pattern in {pattern for item in statements for pattern in item.resources or ()}:
        for text in (pattern, context.resolver.symbols.readable(pattern)):
            start = _PLAIN.match(text)[0]  # type: ignore[index]
            first = bisect_left(names, start, key=itemgetter(0))
            for index in range(first, len(names)):
                if not names[index][0].startswith(start):
                    break
                near.add(names[index][1])
    return [store for store in stores if store in near]


def _sorted_names(context: Context) -> list[tuple[str, Resource]]:
    """The names of all stores, with symbols and as people read them."""
    stores = context.of(*(kind for kinds in _STORES.values() for kind in kinds))
    names = [(name, store) for store in stores for name in _names(context, store)]
    names += [(context.resolver.symbols.readable(name), store) for name, store in names]
    return sorted(names, key=itemgetter(0))


def _looks(statement: Statement) -> bool:
    return all(":Describe" in action for action in statement.actions or ("",))


RULE = Rule(
    id="EMRG250",
    name="endpoint-wider-than-its-tenant",
    severity="error",
    title="VPC endpoint that reaches more than its tenant needs",
    rationale=__doc__,
    mend="Name the tenant's resources and the actions of jobs, for principals of this account (aws:PrincipalAccount).",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP05",), "NIST 800-53 r5": ("AC-4", "SC-7(5)")},
    check=check,
)
