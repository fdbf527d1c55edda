"""What the rules ask about an assembly: who uses which role, key, bucket and network, with references followed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar

from emrguard_policies.accepted import declared
from emrguard_policies.assembly import Assembly, Resource
from emrguard_policies.iam import matching
from emrguard_policies.iam.model import Policy, PolicyError, PolicyKind, Statement, parse
from emrguard_policies.iam.symbols import is_symbol, pattern_of, symbols_in
from emrguard_policies.resolution import Resolver
from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation

_Answer = TypeVar("_Answer")
_as_text = json.JSONEncoder(ensure_ascii=False).encode

APPLICATION = "AWS::EMRServerless::Application"
SERVICE = "emr-serverless.amazonaws.com"
_BUCKET_ARN = re.compile(r"^arn:[^:]*:s3:::([^/]+)")
_IDENTITY_TYPES = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_ATTACHED_TYPES = (
    "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Document:
    """A policy document where it stands. `policy` is None when it cannot be read, `problem` says why then."""

    resource: Resource
    path: str
    policy: Policy | None
    problem: str = ""
    opaque: bool = False

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements; none when the document cannot be read."""
        return self.policy.statements if self.policy else ()

    def where(self, statement: Statement) -> str:
        """The property path of a statement."""
        return f"{self.path}.Statement[{statement.index}]"


class Grant(NamedTuple):
    """One Allow of an identity policy: where it stands, and the roles, users and groups that carry it."""

    position: int
    document: Document
    carriers: tuple[Resource, ...]
    statement: Statement


class Context:
    """Answers of one assembly, computed once. `today` is the day for which support dates are judged."""

    def __init__(self, assembly: Assembly, today: date) -> None:
        self.assembly = assembly
        self.today = today
        self.resolver = Resolver(assembly)
        self._by_type: dict[str, list[Resource]] = {}
        for resource in assembly.resources():
            self._by_type.setdefault(resource.type, []).append(resource)
        self._targets: dict[tuple[Resource, str], Resource | None] = {}
        self._documents: dict[tuple[Resource, str], Document] = {}
        self._spelled: dict[str, str] = {}
        self._pointing: dict[tuple[str, str], dict[Resource, list[Resource]]] = {}
        self._violations: dict[str, tuple[Violation, ...]] = {}
        self._answers: dict[Callable[[Context], Any], Any] = {}
        self._alike: dict[tuple[Callable[..., Any], str, str], Any] = {}
        self._patterns: dict[tuple[Document, ...], tuple[str, dict[str, str]]] = {}

    def violations(self, rule: Rule) -> tuple[Violation, ...]:
        """What a rule finds, computed once. Whatever the rule raises is raised."""
        if rule.id not in self._violations:
            self._violations[rule.id] = tuple(rule.check(self))
        return self._violations[rule.id]

    def once(self, question: Callable[[Context], _Answer]) -> _Answer:
        """What a function says of this assembly, computed once."""
        if question not in self._answers:
            self._answers[question] = question(self)
        answer: _Answer = self._answers[question]
        return answer

    def alike(self, question: Callable[..., _Answer], documents: Collection[Document], *facts: Any) -> _Answer:
        """What a function says of the policies of documents and of facts (of which JSON can be made).

        Computed once for all that differ in their symbols alone, as the policies of tenants do that one construct
        made. The function must take symbols like any other character, as `decide` does, ask nothing of what is known
        about them, and have none in its answer.
        """
        policies = [document.policy for document in documents if document.policy is not None]
        listed = tuple(documents)
        if listed not in self._patterns:
            numbers: dict[str, str] = {}
            # JSON has no character 0, so that it parts the texts.
            self._patterns[listed] = pattern_of("\0".join(policy.text for policy in policies), numbers), numbers
        pattern, numbers = self._patterns[listed]
        key = (question, pattern, pattern_of(_as_text(facts), numbers.copy()))
        if key not in self._alike:
            self._alike[key] = question(policies, *facts)
        answer: _Answer = self._alike[key]
        return answer

    # Values

    def declared(self, part: str) -> bool:
        """Whether a template says, with a reason, that a part exists outside of the assembly."""
        return any(part == found for template in self.assembly.templates for found, _ in declared(template))

    def imported(self, part: str, fact: str, tenant: str) -> frozenset[str]:
        """What templates say, with a reason, to be outside of the assembly: one fact of each such part.

        Of what is for one tenant that of `tenant`; without one what is for all.
        """
        found = set()
        for template in self.assembly.templates:
            metadata = template.body.get("Metadata")
            ours = metadata.get("emrguard") if isinstance(metadata, Mapping) else None
            for entry in ours.values() if isinstance(ours, Mapping) else ():
                if not isinstance(entry, Mapping) or entry.get("part") != part:
                    continue
                reason, name = entry.get("shared"), self.resolver.resolve(template, entry.get(fact))
                named = isinstance(reason, str) and reason.strip() and isinstance(name, str)
                if named and not set(name) & set("*?") and entry.get("for_tenant", "") == tenant:
                    found.add(name)
        return frozenset(found)

    def of(self, *types: str) -> list[Resource]:
        """All resources of some types."""
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    def get(self, resource: Resource, path: str) -> Any:
        """The resolved value at a dotted property path; None where nothing is. Text that is unknown stays a symbol."""
        value: Any = self.resolver.properties(resource)
        for key in _keys(path):
            if type(value) is dict:
                value = value.get(key)
            elif value is None or not self.unknown(value):
                return None
        return value

    def raw(self, resource: Resource, path: str) -> Any:
        """The value at a dotted property path as written; None where nothing is.

        An `Fn::If` on the way counts as the branch that it decides for, or ends the way.
        """
        value: Any = resource.properties
        for key in _keys(path):
            value = self.resolver.chosen(resource.template, value.get(key) if isinstance(value, dict) else None)
            if isinstance(value, dict) and "Fn::If" in value:
                break
        return value

    def given(self, resource: Resource, path: str) -> bool | None:
        """Whether a property is set; None where that depends on a condition. A parameter is a value, so it is set."""
        value = self.get(resource, path)
        if not self.unknown(value):
            return value is not None and value != ""
        written = self.raw(resource, path)
        return None if written is None or (isinstance(written, dict) and "Fn::If" in written) else True

    def target(self, resource: Resource, path: str) -> Resource | None:
        """The resource that a property points at, across stacks."""
        key = (resource, path)
        if key not in self._targets:
            value = self.raw(resource, path)
            self._targets[key] = None if value is None else self.resolver.target(resource.template, value)
        return self._targets[key]

    def unknown(self, value: Any) -> bool:
        """Whether a resolved value is text, some of which could be anything."""
        return self.resolver.is_opaque(value)

    def anything(self, value: Any) -> bool:
        """Whether nothing at all is known of a resolved value: it could also be `*`."""
        return isinstance(value, str) and len(value) == 1 and self.unknown(value)

    def any_open(self, values: Iterable[str]) -> bool:
        """Whether nothing at all is known of one of some resolved texts."""
        for value in values:  # noqa: SIM110 - asked of every statement
            if len(value) == 1 and self.unknown(value):
                return True
        return False

    def flag(self, value: Any) -> bool | None:
        """A resolved boolean, which templates also write as text; None where it is unknown or no boolean."""
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None

    def shown(self, value: Any) -> str:
        """A resolved value for people."""
        if isinstance(value, str) and len(value) == 1 and is_symbol(value) and self.unknown(value):
            return "a value that only the deployment knows"
        text = self.resolver.symbols.readable(str(value))
        return text if len(text) <= 120 else f"{text[:117]}..."

    def pointing(self, kind: str, path: str) -> Mapping[Resource, list[Resource]]:
        """Resources of a type by the resource that one of their properties points at."""
        key = (kind, path)
        if key not in self._pointing:
            found = self._pointing.setdefault(key, {})
            for resource in self.of(kind):
                target = self.target(resource, path)
                if target is not None:
                    found.setdefault(target, []).append(resource)
        return self._pointing[key]

    # Applications

    @cached_property
    def applications(self) -> list[Resource]:
        """All EMR Serverless applications."""
        return self.of(APPLICATION)

    def engine(self, application: Resource) -> str:
        """`SPARK`, `HIVE`, or `` where it is unknown."""
        kind = self.get(application, "Type")
        return kind.upper() if isinstance(kind, str) and self.resolver.is_known(kind) else ""

    # Policies

    def document(self, resource: Resource, path: str, kind: PolicyKind, value: Any = None) -> Document:
        """The policy document at a property path (or `value`, which stands there), read once."""
        key = (resource, path)
        if key not in self._documents:
            body = self.get(resource, path) if value is None else value
            if self.unknown(body):
                problem = "the policy document is a value that only the deployment knows"
                self._documents[key] = Document(resource, path, None, problem, opaque=True)
            else:
                try:
                    policy = parse(body, f"{resource.construct_path} {path}", kind)
                    self._documents[key] = Document(resource, path, policy)
                except PolicyError as error:
                    problem = self.shown(error)
                    self._documents[key] = Document(resource, path, None, problem, opaque=_holds_symbol(body))
        return self._documents[key]

    def trust(self, role: Resource) -> Document:
        """The trust policy of a role."""
        return self.document(role, "AssumeRolePolicyDocument", "resource")

    @cached_property
    def identity_documents(self) -> list[tuple[Document, tuple[Resource, ...]]]:
        """Every identity policy with the roles, users and groups that carry it."""
        found: dict[Document, list[Resource]] = {}
        for principal in self.of(*_IDENTITY_TYPES):
            inline = self.get(principal, "Policies")
            if isinstance(inline, list):
                for index, item in enumerate(inline):
                    body = item.get("PolicyDocument") if isinstance(item, Mapping) else item
                    path = f"Policies[{index}].PolicyDocument"
                    found[self.document(principal, path, "identity", body)] = [principal]
            elif inline is not None:
                found[self.document(principal, "Policies", "identity", inline)] = [principal]
        for attached in self.of(*_ATTACHED_TYPES):
            found[self.document(attached, "PolicyDocument", "identity")] = list(self._carriers(attached))
        return [(document, tuple(carriers)) for document, carriers in found.items()]

    def _carriers(self, attached: Resource) -> Iterator[Resource]:
        seen: set[Resource] = set()
        for name in ("Roles", "Users", "Groups"):
            listed = attached.properties.get(name)
            for value in listed if isinstance(listed, list) else [listed]:
                target = None if value is None else self.resolver.target(attached.template, value)
                if target is not None and target.type in _IDENTITY_TYPES and target not in seen:
                    seen.add(target)
                    yield target
        for name in ("RoleName", "UserName", "GroupName"):
            if attached.type.endswith("Policy") and name in attached.properties:
                target = self.target(attached, name)
                if target is not None and target not in seen:
                    seen.add(target)
                    yield target
        if attached.type == "AWS::IAM::ManagedPolicy":
            yield from (item for item in self._by_managed_policy.get(attached, ()) if item not in seen)

    @cached_property
    def _by_managed_policy(self) -> dict[Resource, list[Resource]]:
        found: dict[Resource, list[Resource]] = {}
        for principal in self.of(*_IDENTITY_TYPES):
            listed = principal.properties.get("ManagedPolicyArns")
            for value in listed if isinstance(listed, list) else ():
                target = self.resolver.target(principal.template, value)
                if target is not None:
                    found.setdefault(target, []).append(principal)
        return found

    def documents_of(self, principal: Resource) -> list[Document]:
        """The identity policies of one role, user or group."""
        return self._documents_by_carrier.get(principal, [])

    @cached_property
    def _documents_by_carrier(self) -> dict[Resource, list[Document]]:
        found: dict[Resource, list[Document]] = {}
        for document, carriers in self.identity_documents:
            for carrier in carriers:
                found.setdefault(carrier, []).append(document)
        return found

    def granting(self, actions: tuple[str, ...]) -> list[Grant]:
        """The statements of identity policies that allow one of some actions (in lower case), in their order."""
        found = [
            grant
            for alike in self._grants.values()
            if statements.allowed(alike[0].statement, actions)
            for grant in alike
        ]
        return sorted(found, key=lambda grant: grant.position)

    @cached_property
    def _grants(self) -> dict[tuple[Any, Any], list[Grant]]:
        """Every Allow of an identity policy by its actions, which are the same for most tenants."""
        found: dict[tuple[Any, Any], list[Grant]] = {}
        position = 0
        for document, carriers in self.identity_documents:
            for statement in document.statements:
                position += 1
                if statement.effect == "Allow":
                    grant = Grant(position, document, carriers, statement)
                    found.setdefault((statement.actions, statement.not_actions), []).append(grant)
        return found

    @cached_property
    def execution_roles(self) -> list[Resource]:
        """Roles that EMR Serverless may assume, and roles marked as such."""
        return [
            role
            for role in self.of("AWS::IAM::Role")
            if role.mark.part == "execution-role"
            or any(SERVICE in services(statement) for statement in self.trust(role).statements)
        ]

    def covered(self, statement: Statement, resources: Collection[Resource]) -> list[Resource]:
        """Those of some resources that a statement includes."""
        if statement.not_resources is not None:
            return [item for item in resources if self.covers(statement, self.resolver.arn(item) or "")]
        found: dict[Resource, None] = {}
        for pattern in statement.resources or ():
            if "*" in pattern or "?" in pattern:
                found.update((item, None) for item in resources if self.matches(pattern, self.resolver.arn(item) or ""))
            else:
                target = self.resolver.find(pattern)
                if target is not None and target in resources:
                    found[target] = None
        return list(found)

    def covers(self, statement: Statement, arn: str) -> bool:
        """Whether the resources of a statement include an ARN."""
        if statement.not_resources is not None:
            return not any(self.matches(pattern, arn) for pattern in statement.not_resources)
        return any(self.matches(pattern, arn) for pattern in statement.resources or ())

    def matches(self, pattern: str, arn: str) -> bool:
        """Whether a resource pattern includes an ARN; a wildcard is also tried on an example of a generated name."""
        if matching.arn(pattern)(arn):
            return True
        return ("*" in pattern or "?" in pattern) and matching.arn(self._readable(pattern))(self._readable(arn))

    def _readable(self, text: str) -> str:
        if text not in self._spelled:
            self._spelled[text] = self.resolver.symbols.readable(text)
        return self._spelled[text]

    # Buckets

    @cached_property
    def buckets(self) -> list[Resource]:
        """Buckets of tenants: marked ones, those that execution roles may reach, and those of the S3 logs."""
        found = {bucket for bucket in self.of("AWS::S3::Bucket") if bucket.mark.tenant or bucket.mark.shared}
        for role in self.execution_roles:
            for document in self.documents_of(role):
                for statement in document.statements:
                    found.update(self.buckets_in(statement))
        for application in self.applications:
            bucket = self._log_bucket(application)
            if bucket is not None:
                found.add(bucket)
        return [bucket for bucket in self.of("AWS::S3::Bucket") if bucket in found]

    @cached_property
    def log_buckets(self) -> list[Resource]:
        """Buckets that applications write their logs to, and those marked as such."""
        found = {bucket for bucket in self.buckets if bucket.mark.part == "log-bucket"}
        for application in self.applications:
            bucket = self._log_bucket(application)
            if bucket is not None:
                found.add(bucket)
        return [bucket for bucket in self.buckets if bucket in found]

    def _log_bucket(self, application: Resource) -> Resource | None:
        uri = self.get(application, "MonitoringConfiguration.S3MonitoringConfiguration.LogUri")
        match = re.match(r"^s3a?://([^/]+)", uri) if isinstance(uri, str) else None
        return self.resolver.find(match[1]) if match else None

    def buckets_in(self, statement: Statement) -> Iterator[Resource]:
        """The buckets that an Allow names in its resources; wildcards in the name of a bucket name none."""
        for pattern in statement.resources or () if statement.effect == "Allow" else ():
            match = _BUCKET_ARN.match(pattern)
            bucket = self.resolver.find(match[1]) if match else None
            if bucket is not None and bucket.type == "AWS::S3::Bucket":
                yield bucket

    def bucket_policies(self, bucket: Resource) -> list[Document]:
        """The bucket policies that stand on a bucket."""
        policies = self.pointing("AWS::S3::BucketPolicy", "Bucket").get(bucket, ())
        return [self.document(policy, "PolicyDocument", "resource") for policy in policies]

    # Keys

    @cached_property
    def keys(self) -> dict[Resource, list[Resource]]:
        """Customer keys of tenants: marked ones, and those of applications, buckets, log groups, trails; with users."""
        found: dict[Resource, list[Resource]] = {
            key: [] for key in self.of("AWS::KMS::Key") if key.mark.tenant or key.mark.shared
        }
        users = [(user, path) for user in self.applications for path in KEY_PATHS]
        users += [(group, "KmsKeyId") for group in self.of("AWS::Logs::LogGroup") if group in self.log_groups]
        users += [(trail, "KMSKeyId") for trail in self.of("AWS::CloudTrail::Trail")]
        for user, path in users:
            key = self._key(self.target(user, path))
            if key is not None:
                found.setdefault(key, []).append(user)
        for bucket in self.buckets:
            for written in self.bucket_keys(bucket):
                key = self._key(self.resolver.target(bucket.template, written))
                if key is not None:
                    found.setdefault(key, []).append(bucket)
        return found

    def bucket_keys(self, bucket: Resource) -> Iterator[Any]:
        """The KMS keys of a bucket's default encryption, as written."""
        rules = self.raw(bucket, "BucketEncryption.ServerSideEncryptionConfiguration")
        for rule in rules if isinstance(rules, list) else ():
            default = rule.get("ServerSideEncryptionByDefault") if isinstance(rule, Mapping) else None
            if isinstance(default, Mapping) and "KMSMasterKeyID" in default:
                yield default["KMSMasterKeyID"]

    def _key(self, target: Resource | None) -> Resource | None:
        """The key that a reference leads to, an alias followed."""
        if target is not None and target.type == "AWS::KMS::Alias":
            target = self.target(target, "TargetKeyId")
        return target if target is not None and target.type == "AWS::KMS::Key" else None

    # Logs

    @cached_property
    def log_groups(self) -> set[Resource]:
        """Log groups that applications write to, and marked ones."""
        found = {group for group in self.of("AWS::Logs::LogGroup") if group.mark.tenant or group.mark.shared}
        for application in self.applications:
            group = self.log_group(application)
            if group is not None:
                found.add(group)
        return found

    def log_group(self, application: Resource) -> Resource | None:
        """The log group, in the assembly, that an application writes to."""
        name = self.get(application, "MonitoringConfiguration.CloudWatchLoggingConfiguration.LogGroupName")
        found = self.resolver.find(name) if isinstance(name, str) else None
        return found if found is not None and found.type == "AWS::Logs::LogGroup" else None

    # Networks

    def subnets(self, application: Resource) -> list[tuple[str, Resource | None]]:
        """Property path and subnet of an application's network; None for a subnet outside of the assembly."""
        return self._network(application, "NetworkConfiguration.SubnetIds")

    def security_groups(self, application: Resource) -> list[tuple[str, Resource | None]]:
        """Property path and security group of an application's network; None for one outside of the assembly."""
        return self._network(application, "NetworkConfiguration.SecurityGroupIds")

    def _network(self, application: Resource, path: str) -> list[tuple[str, Resource | None]]:
        written, resolved = self.raw(application, path), self.get(application, path)
        if isinstance(written, list):
            targets = [self.resolver.target(application.template, item) for item in written]
        elif isinstance(resolved, list):
            targets = [self.resolver.find(item) if isinstance(item, str) else None for item in resolved]
        else:
            return [] if resolved is None else [(path, None)]
        return [(f"{path}[{index}]", target) for index, target in enumerate(targets)]

    def security_group_rules(self, group: Resource, direction: str) -> list[tuple[Resource, str, Any]]:
        """The rules (`Ingress` or `Egress`) of a security group: where each stands, and the resolved rule."""
        path = f"SecurityGroup{direction}"
        listed = self.get(group, path)
        items = listed if isinstance(listed, list) else [] if listed is None else [listed]
        rules = [(group, f"{path}[{index}]", item) for index, item in enumerate(items)]
        for single in self.pointing(f"AWS::EC2::SecurityGroup{direction}", "GroupId").get(group, ()):
            rules.append((single, "", dict(self.resolver.properties(single))))
        return rules

    @cached_property
    def vpcs(self) -> list[Resource]:
        """VPCs that applications run in, and marked ones."""
        found = {vpc for vpc in self.of("AWS::EC2::VPC") if vpc.mark.tenant or vpc.mark.shared}
        found.update(self._applications_by_vpc)
        return [vpc for vpc in self.of("AWS::EC2::VPC") if vpc in found]

    def applications_in(self, vpc: Resource | None) -> list[Resource]:
        """The applications with a subnet in a VPC."""
        return self._applications_by_vpc.get(vpc, []) if vpc is not None else []

    @cached_property
    def _applications_by_vpc(self) -> dict[Resource, list[Resource]]:
        found: dict[Resource, dict[Resource, None]] = {}
        for application in self.applications:
            for _, subnet in self.subnets(application):
                vpc = self.target(subnet, "VpcId") if subnet is not None else None
                if vpc is not None and vpc.type == "AWS::EC2::VPC":
                    found.setdefault(vpc, {})[application] = None
        return {vpc: list(applications) for vpc, applications in found.items()}


KEY_PATHS = (
    "MonitoringConfiguration.ManagedPersistenceMonitoringConfiguration.EncryptionKeyArn",
    "MonitoringConfiguration.S3MonitoringConfiguration.EncryptionKeyArn",
    "MonitoringConfiguration.CloudWatchLoggingConfiguration.EncryptionKeyArn",
)
"""Where an application names its KMS keys."""


@lru_cache(maxsize=1024)
def _keys(path: str) -> tuple[str, ...]:
    """The keys of a dotted property path: rules ask for the same one of every resource."""
    return tuple(path.split(".")) if path else ()


def unreadable_trusts(context: Context) -> Iterator[Violation]:
    """A trust policy that cannot be read may be that of an execution role, where there are applications."""
    for role in context.of("AWS::IAM::Role") if context.applications else ():
        document = context.trust(role)
        if document.policy is None:
            yield Violation(role, document.path, f"cannot be read: {document.problem}", undecided=True)


def tenant_of(user: Resource) -> str:
    """Whose a resource is, for people: its mark, or the application itself; empty where nobody can tell."""
    if user.mark.tenant:
        return f"tenant {user.mark.tenant}"
    return f"application {user.construct_path}" if user.type == APPLICATION and not user.mark.shared else ""


def services(statement: Statement) -> set[str]:
    """The services that a statement allows something."""
    if statement.effect != "Allow":
        return set()
    return {principal.value for principal in statement.principals or () if principal.kind == "Service"}


def _holds_symbol(value: Any) -> bool:
    if isinstance(value, str):
        return bool(symbols_in(value))
    if isinstance(value, dict):
        return any(map(_holds_symbol, value.values()))
    return any(map(_holds_symbol, value)) if isinstance(value, list) else False
