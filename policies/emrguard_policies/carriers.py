"""Who is in an assembly: every role, user and imported name, with all the policies it carries, compiled once.

What cannot be read counts as able to allow everything and to deny nothing, and is said in an assumption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from emrguard_policies.assembly import Assembly, Mark, Resource
from emrguard_policies.iam import symbolic
from emrguard_policies.iam.boxes import Box
from emrguard_policies.iam.glob import Space
from emrguard_policies.iam.model import Policy, PolicyError, PolicyKind, parse
from emrguard_policies.iam.symbolic import Compiled, Held, Subject
from emrguard_policies.managed_policies import aws_managed
from emrguard_policies.resolution import KEYS, Resolver
from emrguard_policies.resource_names import NAME
from emrguard_policies.runners import FUNCTION, function_of

ROLE, USER, GROUP = "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"
MANAGED = "AWS::IAM::ManagedPolicy"
TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
BUS = "AWS::Events::EventBus"
_ATTACHING = ("AWS::IAM::Policy", MANAGED, "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")
_NAMING = {
    "Roles": ROLE, "Users": USER, "Groups": GROUP, "RoleName": ROLE, "UserName": USER, "GroupName": GROUP,
}  # fmt: skip
# The resource policies that stand apart from their resource: type → (its type, property that names it, the document).
_APART = {
    "AWS::S3::BucketPolicy": ("AWS::S3::Bucket", "Bucket", "PolicyDocument"),
    "AWS::SecretsManager::ResourcePolicy": ("AWS::SecretsManager::Secret", "SecretId", "ResourcePolicy"),
    "AWS::Kinesis::ResourcePolicy": ("AWS::Kinesis::Stream", "ResourceArn", "ResourcePolicy"),
    "AWS::MSK::ClusterPolicy": ("AWS::MSK::Cluster", "ClusterArn", "Policy"),
    "AWS::SQS::QueuePolicy": ("AWS::SQS::Queue", "Queues", "PolicyDocument"),
    "AWS::SQS::QueueInlinePolicy": ("AWS::SQS::Queue", "Queue", "PolicyDocument"),
    "AWS::SNS::TopicPolicy": ("AWS::SNS::Topic", "Topics", "PolicyDocument"),
    "AWS::SNS::TopicInlinePolicy": ("AWS::SNS::Topic", "TopicArn", "PolicyDocument"),
}
# The resource policies that are a property of their resource.
_WITHIN = {
    **dict.fromkeys(KEYS, "KeyPolicy"), "AWS::ECR::Repository": "RepositoryPolicyText",
    BUS: "Policy",
}  # fmt: skip
# The policies of an account that count for every resource of a type.
_ACCOUNT_WIDE = {
    "AWS::Logs::ResourcePolicy": ("AWS::Logs::LogGroup", "PolicyDocument"),
    "AWS::ECR::RegistryPolicy": ("AWS::ECR::Repository", "PolicyText"),
}


@dataclass(frozen=True, eq=False)
class Carrier:
    """A principal. `resource` is None for a role or user that only its name stands for in the assembly.

    `trust` is the trust policy of a role.
    """

    subject: Subject
    held: Held
    mark: Mark
    resource: Resource | None = None
    trust: Compiled | None = None


@dataclass
class Carriers:
    """Everything that `collect` found.

    `policies_of` gives the policies of a bucket, key, secret, repository or function, `everywhere` those that may stand
    on any resource of a type; `unknown` has the names of the policies that could not be read.
    """

    carriers: list[Carrier] = field(default_factory=list)
    policies_of: dict[Resource, list[Compiled]] = field(default_factory=dict)
    everywhere: dict[str, list[Compiled]] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


def collect(assembly: Assembly, resolver: Resolver, space: Space) -> Carriers:
    """Every principal of the assembly with its policies, and the policies of resources."""
    return _Collector(assembly, resolver, space).run()


def limit_by_scps(found: Carriers, space: Space, scps: Mapping[str, Any]) -> None:
    """Adds the Denies of service control policies, by name, to every principal.

    What such a policy does not allow is not counted: which policies are attached at one level, where any of them is
    enough, their documents do not say.

    Raises:
        PolicyError: a document is not a policy.
    """
    bars = tuple(
        Compiled(compiled.policy, (), compiled.bars)
        for compiled in (symbolic.compiled(space, parse(document, name)) for name, document in scps.items())
    )
    if bars:
        found.carriers = [
            replace(each, held=replace(each.held, identity=(*each.held.identity, *bars))) for each in found.carriers
        ]


def name_of(resource: Resource) -> str:
    """How people find a resource: its construct path without CDK's last steps."""
    path = resource.construct_path
    while path.endswith("/Resource"):
        path = path.removesuffix("/Resource")
    return path


class _Collector:
    def __init__(self, assembly: Assembly, resolver: Resolver, space: Space) -> None:
        self._assembly = assembly
        self._resolver = resolver
        self._space = space
        self._found = Carriers()
        self._managed: dict[Resource, Compiled] = {}
        self._attached: dict[Resource, list[Compiled]] = {}
        self._outside: dict[tuple[str, str], list[tuple[Compiled, Resource]]] = {}
        self._by_aws: dict[str, Compiled] = {}

    def run(self) -> Carriers:
        for resource in self._assembly.resources(*_ATTACHING):
            self._attach(resource)
        for resource in self._assembly.resources(ROLE, USER, GROUP):
            self._own(resource)
        memberships = self._memberships()
        for resource in self._assembly.resources(ROLE, USER):
            self._carrier(resource, memberships.get(resource, []))
        for (kind, name), policies in self._outside.items():
            self._stranger(kind, name, policies)
        for resource in self._assembly.resources("AWS::SSO::PermissionSet"):
            self._permission_set(resource)
        self._resource_policies()
        return self._found

    # Identity policies

    def _attach(self, resource: Resource) -> None:
        compiled = self._compiled(resource, "PolicyDocument", "identity")
        if resource.type == MANAGED:
            self._managed[resource] = compiled
        for key, kind in _NAMING.items():
            listed = resource.properties.get(key)
            if listed is None:
                continue
            if not isinstance(listed, list):
                listed = [listed]
            for value in listed:
                target = self._resolver.target(resource.template, value)
                if target is not None and target.type == kind:
                    self._add(target, compiled)
                    continue
                name = self._resolver.resolve(resource.template, value)
                for text in name if isinstance(name, list) else [name]:
                    if isinstance(text, str):
                        self._outside.setdefault((kind, text), []).append((compiled, resource))

    def _add(self, carrier: Resource, compiled: Compiled) -> None:
        listed = self._attached.setdefault(carrier, [])
        if compiled not in listed:
            listed.append(compiled)

    def _own(self, resource: Resource) -> None:
        """The inline policies and the managed policies that a role, user or group names itself."""
        alternatives = self._resolver.alternatives(resource.template, resource.properties.get("Policies"))
        found = [list(self._inline(resource, inline)) for inline in alternatives]
        for policy in found[0] if len(found) == 1 else _either(found):
            self._add(resource, policy)
        raw = resource.properties.get("ManagedPolicyArns")
        if raw is not None and not isinstance(raw, list):
            self._add(resource, self._unknown(f"{name_of(resource)} ManagedPolicyArns", "the list is not known"))
        for value, certain in self._branches(resource, raw if isinstance(raw, list) else []):
            target = self._resolver.target(resource.template, value)
            text = self._resolver.resolve(resource.template, value)
            if target is not None and target in self._managed:
                policy = self._managed[target]
            elif text is None:
                continue
            else:
                policy = self._owned_by_aws(text) or self._unknown(
                    self._shown(text), f"attached to {name_of(resource)}"
                )
            self._add(resource, policy if certain else _without_bars(policy))

    def _inline(self, resource: Resource, inline: Any) -> Iterator[Compiled]:
        if inline is not None and not isinstance(inline, list):
            yield self._unknown(f"{name_of(resource)} Policies", "it is known only after a deployment")
        for index, item in enumerate(inline if isinstance(inline, list) else []):
            document = item.get("PolicyDocument") if isinstance(item, Mapping) else item
            yield self._read(document, f"{name_of(resource)} Policies[{index}]", "identity")

    def _branches(self, resource: Resource, values: list[Any]) -> Iterator[tuple[Any, bool]]:
        """The values of a list, both of an `Fn::If` that cannot be decided: those may be absent."""
        for written in values:
            todo = [(written, True)]
            while todo:
                value, certain = todo.pop()
                value = self._resolver.chosen(resource.template, value)
                operands = value.get("Fn::If") if isinstance(value, Mapping) and len(value) == 1 else None
                if isinstance(operands, list) and len(operands) == 3:
                    todo += [(each, False) for each in operands[1:]]
                elif value is not None:
                    yield value, certain

    def _owned_by_aws(self, text: Any) -> Compiled | None:
        """A policy that AWS manages, as far as its text is known here."""
        known = aws_managed(text) if isinstance(text, str) else None
        if known is None:
            return None
        if text not in self._by_aws:
            self._assume(
                f"the policy {text} of AWS's is taken to say what its version {known.version} says; AWS may change it"
            )
            self._by_aws[text] = self._read(known.document, text, "identity")
        return self._by_aws[text]

    def _memberships(self) -> dict[Resource, list[Resource]]:
        """The groups of each user."""
        found: dict[Resource, list[Resource]] = {}
        for user in self._assembly.resources(USER):
            for group in self._targets(user, user.properties.get("Groups")):
                found.setdefault(user, []).append(group)
        for addition in self._assembly.resources("AWS::IAM::UserToGroupAddition"):
            for group in self._targets(addition, [addition.properties.get("GroupName")]):
                for user in self._targets(addition, addition.properties.get("Users")):
                    found.setdefault(user, []).append(group)
        return found

    def _targets(self, resource: Resource, listed: Any) -> Iterator[Resource]:
        for value in listed if isinstance(listed, list) else []:
            target = self._resolver.target(resource.template, value)
            if target is not None:
                yield target

    def _carrier(self, resource: Resource, groups: list[Resource]) -> None:
        arn = self._resolver.arn(resource)
        assert arn is not None
        account = self._resolver.account(resource.template)
        kind = resource.type
        identity = list(self._attached.get(resource, []))
        for group in groups:
            identity += [each for each in self._attached.get(group, []) if each not in identity]
        boundary: Compiled | None = None
        value = resource.properties.get("PermissionsBoundary")
        if value is not None:
            target = self._resolver.target(resource.template, value)
            boundary = self._managed.get(target) if target is not None else None
            text = self._resolver.resolve(resource.template, value)
            if boundary is None:
                boundary = self._owned_by_aws(text)
            if boundary is None:
                shown = self._shown(text)
                self._assume(f"the permissions boundary {shown} is not in the assembly; it is taken to limit nothing")
            elif boundary.unknown:
                boundary = None
        trust = self._compiled(resource, "AssumeRolePolicyDocument", "resource") if kind == ROLE else None
        subject = Subject("role" if kind == ROLE else "user", arn, account)
        self._found.carriers.append(Carrier(subject, Held(tuple(identity), boundary), resource.mark, resource, trust))

    def _stranger(self, kind: str, name: str, policies: list[tuple[Compiled, Resource]]) -> None:
        """A role or user that is not in the assembly but gets policies from it."""
        if kind == GROUP:
            return
        template = policies[0][1].template
        account = self._resolver.account(template)
        path = "role" if kind == ROLE else "user"
        partition = self._resolver.partition(template)
        arn = f"arn:{partition}:iam::{account}:{path}/{name}"
        subject = Subject("role" if kind == ROLE else "user", arn, account)
        marks = {each.mark.tenant: each.mark for _, each in policies}
        mark = next(iter(marks.values())) if len(marks) == 1 else Mark()
        others = self._unknown(
            f"the other policies of {self._shown(arn)}", f"{path} {self._shown(name)} is not in the assembly"
        )
        self._found.carriers.append(Carrier(subject, Held((*(each for each, _ in policies), others)), mark))

    def _permission_set(self, resource: Resource) -> None:
        """The role that IAM Identity Center makes of a permission set in each account where it is assigned.

        https://docs.aws.amazon.com/singlesignon/latest/userguide/using-iam-policies-in-permission-sets.html
        """
        properties = self._resolver.properties(resource)
        places = {self._resolver.account(each): self._resolver.partition(each) for each in self._assembly.templates}
        inline = self._compiled(resource, "InlinePolicy", "identity")
        listed = properties.get("ManagedPolicies")
        by_aws = [
            self._owned_by_aws(each) or self._unknown(self._shown(each), f"attached to {name_of(resource)}")
            for each in (listed if isinstance(listed, list) else [] if listed is None else [listed])
        ]
        for account, partition in places.items():
            named = properties.get("CustomerManagedPolicyReferences")
            own = [
                self._referenced(each, partition, account)
                for each in (named if isinstance(named, list) else [] if named is None else [named])
            ]
            bound = properties.get("PermissionsBoundary")
            boundary = None
            if isinstance(bound, Mapping):
                boundary = self._owned_by_aws(bound.get("ManagedPolicyArn")) or self._referenced(
                    bound.get("CustomerManagedPolicyReference"), partition, account
                )
            within, ending = (
                self._resolver.symbols.symbol(
                    f"{name_of(resource)} {account} {part}", example, alphabet=NAME | {"/"}, lengths=(0, 30)
                ).char
                for part, example in (("region", ""), ("suffix", "0123456789abcdef"))
            )
            arn = (
                f"arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/{within}"
                f"AWSReservedSSO_{properties.get('Name')}_{ending}"
            )
            held = Held((inline, *by_aws, *own), None if boundary is None or boundary.unknown else boundary)
            self._found.carriers.append(Carrier(Subject("role", arn, account), held, resource.mark, resource))

    def _referenced(self, reference: Any, partition: str, account: str) -> Compiled:
        """The customer managed policy of an account that a permission set names."""
        name, path = (
            (reference.get("Name"), reference.get("Path") or "/") if isinstance(reference, Mapping) else (None, "/")
        )
        arn = f"arn:{partition}:iam::{account}:policy{path}{name}"
        target = self._resolver.find(arn)
        if target is not None and target in self._managed:
            return self._managed[target]
        return self._unknown(self._shown(arn), "named by a permission set, and not in the assembly")

    # Resource policies

    def _resource_policies(self) -> None:
        for resource in self._assembly.resources(*_WITHIN):
            if resource.type in KEYS or resource.properties.get(_WITHIN[resource.type]) is not None:
                self._found.policies_of[resource] = [self._compiled(resource, _WITHIN[resource.type], "resource")]
        for resource in self._assembly.resources(*TABLES):
            self._table_policies(resource)
        for resource in self._assembly.resources(*_APART):
            kind, names, document = _APART[resource.type]
            compiled = self._compiled(resource, document, "resource")
            listed = resource.properties.get(names)
            for value in listed if isinstance(listed, list) else [listed]:
                self._stands_on(resource, self._resolver.target(resource.template, value), kind, compiled)
        for resource in self._assembly.resources(*_ACCOUNT_WIDE):
            kind, document = _ACCOUNT_WIDE[resource.type]
            compiled = self._compiled(resource, document, "resource")
            self._found.everywhere.setdefault(kind, []).append(_without_bars(compiled))
        for resource in self._assembly.resources("AWS::Events::EventBusPolicy"):
            written = bus_document(self._resolver.properties(resource))
            compiled = _without_bars(self._read(written, name_of(resource), "resource"))
            self._found.everywhere.setdefault(BUS, []).append(compiled)
        for resource in self._assembly.resources("AWS::Lambda::Permission"):
            self._permission(resource)

    def _table_policies(self, resource: Resource) -> None:
        """The policies of a table, of its stream and of its replicas; which one is whose is not told apart."""
        found: list[Compiled] = []
        replicas = resource.properties.get("Replicas")
        for holder in (resource.properties, *(replicas if isinstance(replicas, list) else [replicas])):
            for value in (holder, *_streams(holder)):
                written = value.get("ResourcePolicy") if isinstance(value, Mapping) else value
                for each in self._resolver.alternatives(resource.template, written):
                    document = each.get("PolicyDocument") if isinstance(each, Mapping) else each
                    if document is not None:
                        found.append(self._read(document, name_of(resource), "resource"))
        if found:
            self._found.policies_of[resource] = found if len(found) == 1 else [_without_bars(each) for each in found]

    def _stands_on(self, resource: Resource, target: Resource | None, kind: str, compiled: Compiled) -> None:
        if target is None:
            # Nobody knows on what it stands: it may grant anywhere, and denies nowhere for certain.
            self._found.everywhere.setdefault(kind, []).append(_without_bars(compiled))
            self._assume(f"{name_of(resource)} stands on a resource outside of the assembly; its Denies are ignored")
            return
        others = self._found.policies_of.setdefault(target, [])
        others.append(compiled)
        if len(others) > 1:
            # The last one deployed replaces the others, and nobody knows which one that is.
            others[:] = [_without_bars(each) for each in others]
            self._assume(f"{name_of(target)} has several policies; their Denies are ignored")

    def _permission(self, resource: Resource) -> None:
        """A statement of a function's policy, which CloudFormation writes as properties."""
        properties = self._resolver.properties(resource)
        compiled = self._read(permission_document(properties), name_of(resource), "resource")
        target = function_of(self._resolver, resource.template, resource.properties.get("FunctionName"))
        if target is not None:
            self._found.policies_of.setdefault(target, []).append(compiled)
        else:
            self._found.everywhere.setdefault(FUNCTION, []).append(compiled)

    # Reading

    def _compiled(self, resource: Resource, key: str, kind: PolicyKind) -> Compiled:
        documents = self._resolver.alternatives(resource.template, resource.properties.get(key))
        name = name_of(resource) + {"AssumeRolePolicyDocument": " (trust)", "KeyPolicy": " (key policy)"}.get(key, "")
        read = [self._read(document, name, kind) for document in documents]
        compiled = read[0] if len(read) == 1 else _one_of(read)
        conditional = "Condition" in resource.template.body["Resources"][resource.logical_id]
        if compiled.bars and conditional and resource.type not in (ROLE, USER, *KEYS):
            self._assume(f"{name} is deployed under a condition; its Denies are ignored")
            return _without_bars(compiled)
        return compiled

    def _read(self, document: Any, name: str, kind: PolicyKind) -> Compiled:
        if document is None:
            return symbolic.compiled(self._space, Policy(name, (), kind))
        try:
            return symbolic.compiled(self._space, parse(document, name, kind))
        except PolicyError as error:
            return self._unknown(name, self._shown(str(error).removeprefix(f"{name}: ")), kind)

    def _unknown(self, name: str, why: str, kind: PolicyKind = "identity") -> Compiled:
        self._found.unknown.add(name)
        self._assume(f"policy {name} is not known ({why}); it is taken to be able to allow everything")
        return symbolic.unknown_policy(name, kind)

    def _shown(self, value: Any) -> str:
        return self._resolver.symbols.readable(str(value))

    def _assume(self, text: str) -> None:
        if text not in self._found.assumptions:
            self._found.assumptions.append(text)


def _streams(holder: Any) -> Iterator[Any]:
    """What a table, or a replica of one, says about its streams."""
    for key in ("StreamSpecification", "ReplicaStreamSpecification"):
        if isinstance(holder, Mapping) and holder.get(key) is not None:
            yield holder[key]


def permission_document(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS::Lambda::Permission adds to a function's policy.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html
    """
    principal = properties.get("Principal")
    service = isinstance(principal, str) and principal.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    conditions: dict[str, dict[str, Any]] = {}
    for key, operator, name in (
        ("SourceArn", "ArnLike", "aws:SourceArn"),
        ("SourceAccount", "StringEquals", "aws:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ):
        if properties.get(key) is not None:
            conditions.setdefault(operator, {})[name] = properties[key]
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"Service" if service else "AWS": principal},
        "Action": properties.get("Action"),
    }
    if conditions:
        statement["Condition"] = conditions
    return {"Version": "2012-10-17", "Statement": [statement]}


def bus_document(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS::Events::EventBusPolicy adds to a bus's policy: a statement, or its parts.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html
    """
    statement = properties.get("Statement")
    if statement is None:
        principal = properties.get("Principal")
        statement = {
            "Effect": "Allow", "Action": properties.get("Action"), "Resource": "*",
            "Principal": "*" if principal == "*" else {"AWS": principal},
        }  # fmt: skip
    return {"Version": "2012-10-17", "Statement": [statement]}


def _either(alternatives: list[list[Compiled]]) -> list[Compiled]:
    """Policies of which a deployment has one list: each Allow may be there, a Deny only if it is in all of them."""
    found: list[Compiled] = []
    for policies in alternatives:
        others = [each for each in alternatives if each is not policies]
        for policy in policies:
            bars = tuple(
                bar
                for bar in policy.bars
                if all(any(_same(bar, each) for other in listed for each in other.bars) for listed in others)
            )
            found.append(Compiled(policy.policy, policy.grants, bars, policy.unknown))
    return found


def _one_of(alternatives: list[Compiled]) -> Compiled:
    """The policy of which a deployment has one of several forms."""
    first = _either([[each] for each in alternatives])[0]
    grants = tuple(grant for each in alternatives for grant in each.grants)
    return Compiled(first.policy, grants, first.bars, any(each.unknown for each in alternatives))


def _same(one: Box, other: Box) -> bool:
    return replace(one.statement, index=0, policy="") == replace(other.statement, index=0, policy="")


def _without_bars(compiled: Compiled) -> Compiled:
    return Compiled(compiled.policy, compiled.grants, (), compiled.unknown)
