"""What the proof has no model of: a resource of such a type may do anything with what it names.

It stays out of the verdict while it names only what belongs to its own tenant, or is shared on purpose. Types that open
a way by themselves never stay out.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.carriers import ROLE, USER, name_of
from emrguard_policies.proof import UNDECIDED, Counterexample
from emrguard_policies.resolution import Resolver
from emrguard_policies.tenants import Tenants

_READ = frozenset({
    "AWS::KMS::Key", "AWS::KMS::ReplicaKey", "AWS::KMS::Alias", "AWS::EMRServerless::Application",
    "AWS::LakeFormation::PrincipalPermissions", "AWS::LakeFormation::Permissions",
    "AWS::LakeFormation::DataLakeSettings", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Alias",
    "AWS::Lambda::Version", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Url", "AWS::SNS::Topic",
    "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SNS::TopicInlinePolicy", "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy", "AWS::S3::Bucket", "AWS::S3::BucketPolicy",
    "AWS::Logs::LogGroup", "AWS::Logs::ResourcePolicy", "AWS::Logs::SubscriptionFilter", "AWS::SecretsManager::Secret",
    "AWS::SecretsManager::ResourcePolicy", "AWS::ECR::RegistryPolicy", "AWS::ECR::Repository",
    "AWS::StepFunctions::StateMachine", "AWS::Events::Rule", "AWS::Events::EventBus", "AWS::Events::EventBusPolicy",
    "AWS::Kinesis::Stream", "AWS::Kinesis::ResourcePolicy", "AWS::MSK::Cluster",
    "AWS::MSK::ServerlessCluster", "AWS::MSK::ClusterPolicy", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable",
    "AWS::Scheduler::Schedule", "AWS::Pipes::Pipe", "AWS::Glue::Database",
    "AWS::Glue::Table", "AWS::CloudTrail::Trail", "AWS::CloudTrail::EventDataStore", "AWS::SSO::PermissionSet",
})  # fmt: skip
"""The types that other modules of the proof read, beside identities and what the assembly itself is made of."""
_INERT = (
    "AWS::CDK::Metadata", "AWS::CloudFormation::", "Custom::", "AWS::IAM::", "AWS::SSO::",
    "AWS::CloudWatch::", "AWS::Budgets::", "AWS::Macie::", "AWS::GuardDuty::", "AWS::Config::",
    "AWS::SecurityHub::", "AWS::AccessAnalyzer::", "AWS::SSM::Parameter", "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition", "AWS::Logs::LogStream", "AWS::Scheduler::ScheduleGroup", "AWS::ResourceGroups::",
    "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::Route", "AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl",
    "AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::Egress",
    "AWS::EC2::PrefixList", "AWS::EC2::TransitGateway", "AWS::EC2::DHCPOptions",
)  # fmt: skip
"""Beginnings of types that are read as well, or neither act for anybody nor hand data on; networks are the audit's."""
_OPENING = {
    "AWS::S3::AccessPoint": "an access point has a policy of its own",
    "AWS::S3::MultiRegionAccessPoint": "an access point has a policy of its own",
    "AWS::S3ObjectLambda::AccessPoint": "an access point has a policy of its own",
    "AWS::RAM::ResourceShare": "it shares what it names with other accounts",
    "AWS::Backup::BackupSelection": "it copies what it names to a vault",
}
"""Types that open a way to whatever they name."""
_ACCOUNT_WIDE = {
    "AWS::Oam::Link": "it shows logs and metrics of the account to another one",
    "AWS::Logs::AccountPolicy": "it can send every log group's events elsewhere",
    "AWS::S3::AccessGrant": "access grants give rights that stand in no policy",
}
"""Types that open a way to what they need not name."""
_IDENTITIES = (ROLE, USER)
_SECRET = re.compile(r"\{\{resolve:secretsmanager:(arn:[^:}]*(?::[^:}]*){5}|[^:}]+)")


class Unmodelled:
    """Looks for them in an assembly. `assumptions` grows by what leaves it."""

    def __init__(self, resolver: Resolver, tenants: Tenants) -> None:
        self._resolver = resolver
        self._tenants = tenants
        self.assumptions: list[str] = []

    def counterexamples(self) -> Iterator[Counterexample]:
        """What may cross from tenant to tenant by them; values of secrets that a template takes certainly do."""
        for resource in self._resolver.assembly.resources():
            yield from self._secrets(resource)
            if resource.type in _ACCOUNT_WIDE:
                yield self._doubt(resource, None, "the account", _ACCOUNT_WIDE[resource.type])
            elif resource.type not in _READ and not resource.type.startswith(_INERT):
                yield from self._naming(resource)

    def _naming(self, resource: Resource) -> Iterator[Counterexample]:
        mark = self._tenants.mark(resource)
        if mark.shared is not None:
            return
        named: dict[str, Resource] = {}
        for each in self._named(resource):
            its = self._tenants.mark(each)
            for owner in (its.tenant, *its.prefixes):
                if owner is not None:
                    named.setdefault(owner, each)
            if each.type == ROLE and its.tenant is not None:
                self._assume(
                    f"{name_of(resource)} ({resource.type}) acts in {name_of(each)} of {its.tenant}: who may start or"
                    " change it is not judged"
                )
        opening = _OPENING.get(resource.type)
        foreign = [owner for owner in named if owner != mark.tenant]
        if opening is None and mark.tenant is None and len(named) < 2:
            return
        for owner in sorted(named if opening is not None else foreign):
            yield self._doubt(resource, owner, name_of(named[owner]), opening or "nobody here knows what it does")

    def _doubt(self, resource: Resource, owner: str | None, target: str, why: str) -> Counterexample:
        name = name_of(resource)
        whose = f", which belongs to {owner}" if owner else ""
        return Counterexample(
            UNDECIDED, f"{name} ({resource.type})", "*", target, {}, (), (name,),
            f"take {name} out, or let it name only what belongs to its own tenant; what tenants share on purpose is"
            " marked as shared, with a reason",
            self._tenants.mark(resource).tenant, owner, f"{name} names {target}{whose}: {why}",
        )  # fmt: skip

    def _named(self, resource: Resource) -> Iterator[Resource]:
        """What the properties of a resource refer to or write out by name; instance profiles stand for their roles."""
        template = resource.template
        found = [*self._resolver.pointed(template, dict(resource.properties))]
        found += [each for text in _texts(resource.properties) if (each := self._by_text(text)) is not None]
        for each in dict.fromkeys(found):
            if each.type == "AWS::IAM::InstanceProfile":
                yield from self._resolver.pointed(each.template, each.properties.get("Roles"))
            elif each.type in _IDENTITIES or not each.type.startswith(_INERT):
                yield each

    def _by_text(self, text: str) -> Resource | None:
        for form in (
            text,
            text.removeprefix("s3://").partition("/")[0],
            text.partition("/")[0],
            text.rstrip("*"),
        ):
            found = self._resolver.find(form.removesuffix("/"))
            if found is not None:
                return found
        return None

    # Values of secrets: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html

    def _secrets(self, resource: Resource) -> Iterator[Counterexample]:
        mine = self._tenants.mark(resource)
        for secret, action in self._values_in(resource):
            owner = self._tenants.mark(secret).tenant
            if owner is not None and owner != mine.tenant and mine.shared is None:
                yield Counterexample(
                    "secrets", name_of(resource), action, name_of(secret), {}, (), (name_of(resource),),
                    f"let {name_of(resource)} use a secret of its own", mine.tenant, owner,
                    f"the template itself puts a secret of {owner}'s into {name_of(resource)}",
                )  # fmt: skip

    def _values_in(self, resource: Resource) -> Iterator[tuple[Resource, str]]:
        """The secrets whose values, and the users whose access keys, a template puts into a resource."""
        text = json.dumps(dict(resource.properties), default=str)
        if "resolve:secretsmanager" in text:
            for value in _dynamic(resource.properties):
                for each in self._resolver.pointed(resource.template, value):
                    if each.type == "AWS::SecretsManager::Secret":
                        yield each, "secretsmanager:GetSecretValue"
                for match in (match for text in _texts(value) for match in _SECRET.finditer(text)):
                    if (found := self._secret_called(match[1])) is not None:
                        yield found, "secretsmanager:GetSecretValue"
        if self._resolver.assembly.has("AWS::IAM::AccessKey") and resource.type != "AWS::IAM::AccessKey":
            for each in self._resolver.pointed(resource.template, dict(resource.properties)):
                user = each.properties.get("UserName") if each.type == "AWS::IAM::AccessKey" else None
                if user is not None and (target := self._resolver.target(each.template, user)) is not None:
                    yield target, "iam:CreateAccessKey"

    def _secret_called(self, name: str) -> Resource | None:
        for each in self._resolver.assembly.resources("AWS::SecretsManager::Secret"):
            if name in (self._resolver.properties(each).get("Name"), self._resolver.arn(each)):
                return each
        return None

    def _assume(self, text: str) -> None:
        if text not in self.assumptions:
            self.assumptions.append(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _dynamic(value: Any) -> Iterator[Any]:
    """The texts with a dynamic reference to a secret, whole: a literal, or the function that makes one."""
    if isinstance(value, str):
        if "resolve:secretsmanager" in value:
            yield value
    elif isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Fn::Join", "Fn::Sub"):
        if "resolve:secretsmanager" in json.dumps(value, default=str):
            yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _dynamic(item)
