"""What the tests of the constructs share: a synthesized stack whose policies answer concrete requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template
from constructs import IConstruct
from mark_support import mark_of

from emrguard_policies.iam.decide import Decision, Policies, Principal, Request, ResourcePolicy, decide
from emrguard_policies.iam.model import Policy, parse

ROOT = Path(__file__).parents[1]
ACCOUNT = "111122223333"
REGION = "eu-west-1"

_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
_SECURE = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}


def new_app(outdir: Path | None = None) -> cdk.App:
    """An app with the feature flags of `cdk.json`; CDK's own validation of templates costs seconds a synth."""
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    return cdk.App(
        context=settings["context"],
        builtin_cloud_formation_validation=False,
        outdir=str(outdir) if outdir is not None else None,
    )


def synthesize(build: Callable[[cdk.Stack], object], *, region: str | None = None) -> Synthesized:
    """Build constructs in a stack, of any environment unless a Region is given, and synthesize it."""
    env = cdk.Environment(account=ACCOUNT, region=region) if region else None
    stack = cdk.Stack(new_app(), "Stack", env=env)
    build(stack)
    return Synthesized(Template.from_stack(stack).to_json())


def acknowledged(construct: IConstruct) -> dict[str, str]:
    """Reason by rule of what was acknowledged on a construct itself."""
    found: dict[str, str] = {}
    for entry in construct.node.metadata:
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
            found |= entry.data
    return found


def administrator() -> tuple[Principal, list[Policy]]:
    """A session that may do everything as far as its own policies go."""
    principal = Principal(
        "role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/Admin"
    )
    return principal, [parse({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, "Admin")]


class Synthesized:
    """A template with every reference replaced by a name like a deployed one."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template
        self.resources: dict[str, dict[str, Any]] = dict(template["Resources"])

    def of(self, type_name: str) -> dict[str, dict[str, Any]]:
        """Resolved properties by logical id of all resources of a type."""
        return {
            name: self.resolve(resource.get("Properties", {}))
            for name, resource in self.resources.items()
            if resource["Type"] == type_name
        }

    def one(self, type_name: str, part: str | None = None) -> dict[str, Any]:
        """Resolved properties of the only resource of a type (and of a part of the manifest)."""
        (name,) = [
            name
            for name, resource in self.resources.items()
            if resource["Type"] == type_name and part in (None, self.mark(name).get("part"))
        ]
        found: dict[str, Any] = self.resolve(self.resources[name]["Properties"])
        return found | {"_id": name}

    def mark(self, logical_id: str) -> dict[str, Any]:
        """The manifest's mark on a resource, of policies that of what they are of; empty if there is none."""
        return mark_of(self.resources, logical_id)

    def bucket(self, part: str) -> str:
        """Name of the bucket of a part."""
        return self._name(self.one("AWS::S3::Bucket", part)["_id"])

    def arn(self, type_name: str, part: str | None = None) -> str:
        """ARN of the only resource of a type and part."""
        return self._arn(self.one(type_name, part)["_id"])

    def session(self, part: str) -> tuple[Principal, list[Policy]]:
        """A session of the role of a part, and the role's policies."""
        role = self.one("AWS::IAM::Role", part)
        name = role["_id"]
        arn = self._arn(name)
        principal = Principal("role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/me", ACCOUNT, arn)
        policies = [
            parse(each["PolicyDocument"], each["PolicyName"])
            for each in self.of("AWS::IAM::Policy").values()
            if name in each["Roles"]
        ]
        policies += [parse(each["PolicyDocument"], each["PolicyName"]) for each in role.get("Policies", [])]
        return principal, policies

    def ask(
        self,
        who: tuple[Principal, list[Policy]],
        action: str,
        resource: str,
        context: Mapping[str, str | list[str]] | None = None,
    ) -> Decision:
        """Decide a request by identity, bucket and key policies.

        It comes over TLS 1.3, and the execution role's from the tenant's VPC, unless the context says else.
        """
        principal, identity = who
        keys: dict[str, str | list[str]] = {**_SECURE}
        tenants = {self.mark(name)["tenant"] for name in self._jobs() if self._arn(name) == principal.role_arn}
        for name, found in self.resources.items():
            if found["Type"] == "AWS::EC2::VPC" and self.mark(name).get("tenant") in tenants:
                keys["aws:SourceVpc"] = self._name(name)
        request = Request(principal, action, resource, {**keys, **(context or {})}, ACCOUNT)
        return decide(request, Policies(identity=identity, resource=self._resource_policy(resource)))

    def _jobs(self) -> list[str]:
        """Logical ids of the execution roles."""
        roles = [name for name, found in self.resources.items() if found["Type"] == "AWS::IAM::Role"]
        return [name for name in roles if self.mark(name).get("part") == "execution-role"]

    def may_assume(self, part: str, who: Principal, context: Mapping[str, str | list[str]]) -> bool:
        """Whether the trust policy of the role of a part lets someone in who may assume every role otherwise."""
        role = self.one("AWS::IAM::Role", part)
        trust = parse(role["AssumeRolePolicyDocument"], "trust", "resource")
        identity = administrator()[1] if who.kind != "service" else []
        request = Request(who, "sts:AssumeRole", self._arn(role["_id"]), context, ACCOUNT)
        return decide(request, Policies(identity=identity, resource=ResourcePolicy(trust, gate=True))).allowed

    def resolve(self, value: Any) -> Any:
        """A template value with its intrinsic functions replaced."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            match function:
                case "Ref":
                    return _PSEUDO.get(argument) or self._name(argument)
                case "Fn::GetAtt" if argument[1] == "Arn":
                    return self._arn(argument[0])
                case "Fn::GetAtt":
                    return f"{argument[0]}.{argument[1]}"
                case "Fn::Join":
                    return argument[0].join(self.resolve(argument[1]))
                case "Fn::FindInMap":
                    mapping, first, second = self.resolve(argument)
                    return self.template["Mappings"][mapping][first][second]
                case "Fn::Select":
                    return f"{REGION}{'abc'[int(argument[0])]}"
                case "Fn::ImportValue":
                    return f"import/{argument}"
        return {key: self.resolve(item) for key, item in value.items()}

    def _name(self, logical_id: str) -> str:
        if logical_id not in self.resources:
            return logical_id
        resource = self.resources[logical_id]
        if resource["Type"] == "AWS::S3::Bucket":
            return logical_id.lower()
        if resource["Type"] == "AWS::SNS::Topic":
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:{logical_id}"
        if resource["Type"] == "AWS::Logs::LogGroup":
            return str(self.resolve(resource["Properties"]["LogGroupName"]))
        return logical_id

    def _arn(self, logical_id: str) -> str:
        name = self._name(logical_id)
        match self.resources[logical_id]["Type"]:
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{name}"
            case "AWS::IAM::Role":
                return f"arn:aws:iam::{ACCOUNT}:role/{name}"
            case "AWS::KMS::Key":
                return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"
            case "AWS::Logs::LogGroup":
                return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"
            case "AWS::SNS::Topic":
                return name
            case "AWS::Lambda::Function":
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            case "AWS::StepFunctions::StateMachine":
                return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
            case "AWS::EMRServerless::Application":
                return f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/{name.lower()}"
            case other:
                raise AssertionError(f"no ARN for {other}")

    def _resource_policy(self, resource: str) -> ResourcePolicy | None:
        for name, each in self.of("AWS::KMS::Key").items():
            if self._arn(name) == resource:
                return ResourcePolicy(parse(each["KeyPolicy"], name, "resource"), gate=True)
        for name, each in self.of("AWS::SNS::TopicPolicy").items():
            if resource in each["Topics"]:
                return ResourcePolicy(parse(each["PolicyDocument"], name, "resource"))
        bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        for name, each in self.of("AWS::S3::BucketPolicy").items():
            if each["Bucket"] == bucket:
                return ResourcePolicy(parse(each["PolicyDocument"], name, "resource"))
        return None
